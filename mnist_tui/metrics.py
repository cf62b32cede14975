"""Precision, recall and F1 of each class, from a confusion matrix."""

from collections.abc import Sequence
from dataclasses import dataclass

Confusion = Sequence[Sequence[int]]
"""Rows, the true classes, of counts, the predicted ones: `table[true][predicted]`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassFigures:
    """How well one class is recognized.

    Where nothing can be divided by, a figure is 0, as scikit-learn has it: the precision of
    a class that was never predicted, the recall of one that never came.
    """

    label: int
    """The class, counted from 0."""
    precision: float
    """Of the predictions of this class, the fraction that was right, in [0, 1]."""
    recall: float
    """Of the images of this class, the fraction that was recognized, in [0, 1]."""
    f1: float
    """The harmonic mean of precision and recall, in [0, 1]."""
    support: int
    """Images of this class."""


def class_figures(confusion: Confusion) -> tuple[ClassFigures, ...]:
    """The figures of each class, in the order of the table."""
    figures = []
    for label, row in enumerate(confusion):
        right, support, predicted = row[label], sum(row), sum(other[label] for other in confusion)
        figures.append(
            ClassFigures(
                label=label,
                precision=right / predicted if predicted else 0.0,
                recall=right / support if support else 0.0,
                # The harmonic mean in counts: 2 TP / (2 TP + FP + FN).
                f1=2 * right / (predicted + support) if predicted + support else 0.0,
                support=support,
            )
        )
    return tuple(figures)
