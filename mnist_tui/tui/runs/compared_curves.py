"""The curves of several runs in one chart."""

from collections.abc import Callable, Mapping
from typing import Final

from mnist_tui.run.events import EpochRow
from mnist_tui.store.comparison import ComparedRun, Comparison
from mnist_tui.tui.charts import ChartData, Series
from mnist_tui.tui.dashboard.timeline import Axis, epoch_xs

_VALUES: Final[Mapping[str, Callable[[EpochRow], float]]] = {
    "Validation loss": lambda row: row.val_loss,
    "Validation accuracy": lambda row: row.val_accuracy,
    "Training loss": lambda row: row.train_loss,
}
TITLES: Final = tuple(_VALUES)
"""Which charts there are."""


def compared_chart(title: str, comparison: Comparison, axis: Axis) -> ChartData:
    """One figure of every run, epoch by epoch. A run's color and tag are those of its place.

    Args:
        title: One of TITLES.
        comparison: The runs.
        axis: What is counted from left to right.
    """
    value = _VALUES[title]
    return ChartData(
        title,
        tuple(
            _series(number, run, value, axis)
            for number, run in enumerate(comparison.runs, 1)
            if run.rows
        ),
        y_format="percent" if "accuracy" in title else "loss",
        x_label=axis,
        x_plural=axis.plural,
        x_format=axis.x_format,
        points=("epoch", "epochs"),
        empty_text="no run has finished an epoch",
    )


def _series(
    number: int, run: ComparedRun, value: Callable[[EpochRow], float], axis: Axis
) -> Series:
    return Series(
        run.name,
        epoch_xs(axis, run.rows, run.batches),
        tuple(value(row) for row in run.rows),
        color=f"run-{number}",
        tag=str(number),
    )
