"""What a table of true digits against guesses says about each digit."""

from collections.abc import Sequence
from dataclasses import dataclass

Confusion = Sequence[Sequence[int]]
"""Rows, the true classes, of counts, the guesses: `table[true][guess]`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassFigures:
    """How well one digit is told from the others.

    Where nothing can be divided by, a figure is 0, as scikit-learn has it: the precision of
    a digit that was never guessed, the recall of one that never came.
    """

    digit: int
    precision: float
    """Of the guesses of this digit, the fraction that was right, in [0, 1]."""
    recall: float
    """Of the images of this digit, the fraction that was recognized, in [0, 1]."""
    f1: float
    """The harmonic mean of precision and recall, in [0, 1]."""
    support: int
    """Images of this digit."""


def class_figures(confusion: Confusion) -> tuple[ClassFigures, ...]:
    """The figures of each class, in the order of the table."""
    figures = []
    for digit, row in enumerate(confusion):
        right, support, guessed = row[digit], sum(row), sum(other[digit] for other in confusion)
        figures.append(
            ClassFigures(
                digit=digit,
                precision=right / guessed if guessed else 0.0,
                recall=right / support if support else 0.0,
                # The harmonic mean in counts: 2 TP / (2 TP + FP + FN).
                f1=2 * right / (guessed + support) if guessed + support else 0.0,
                support=support,
            )
        )
    return tuple(figures)
