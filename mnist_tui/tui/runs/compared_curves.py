"""The curves of several runs in one chart."""

from collections.abc import Callable, Mapping
from typing import Final

from mnist_tui.run.events import EpochRow
from mnist_tui.run.history import LossHistory
from mnist_tui.store.comparison import ComparedRun, Comparison
from mnist_tui.tui.charts import ChartData, Series
from mnist_tui.tui.dashboard.timeline import Axis, Timeline, epoch_xs

_VALUES: Final[Mapping[str, Callable[[EpochRow], float]]] = {
    "Validation loss": lambda row: row.val_loss,
    "Validation accuracy": lambda row: row.val_accuracy,
    "Training loss": lambda row: row.train_loss,
}
BATCHES: Final = "Batch loss"
TITLES: Final = (*_VALUES, BATCHES)
"""Which charts there are."""
_MOST_POINTS: Final = 400
"""Points of a curve over batches: more than columns of any chart."""


def compared_chart(title: str, comparison: Comparison, axis: Axis) -> ChartData:
    """One figure of every run, by epochs or batches. A run's color and tag are those of its place.

    Args:
        title: One of TITLES.
        comparison: The runs.
        axis: What is counted from left to right.
    """
    numbered = list(enumerate(comparison.runs, 1))
    if title == BATCHES:
        series = [_batch_series(number, run, axis) for number, run in numbered if run.losses]
    else:
        value = _VALUES[title]
        series = [_series(number, run, value, axis) for number, run in numbered if run.rows]
    return ChartData(
        title,
        tuple(series),
        y_format="percent" if "accuracy" in title else "loss",
        x_label=axis,
        x_plural=axis.plural,
        x_format=axis.x_format,
        points=("group of batches", "groups of batches") if title == BATCHES else None,
        empty_text="no run has losses of its batches"
        if title == BATCHES
        else "no run has finished an epoch",
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


def _batch_series(number: int, run: ComparedRun, axis: Axis) -> Series:
    """The mean training loss of groups of batches."""
    assert run.losses is not None
    history = LossHistory()
    history.restore(run.losses)
    buckets = history.envelope(0, len(history), _MOST_POINTS)
    timeline = Timeline(run.batches)
    timeline.observe_rows(run.rows)
    return Series(
        run.name,
        tuple(timeline.x(axis, bucket.first + (bucket.count + 1) / 2) for bucket in buckets),
        tuple(bucket.mean for bucket in buckets),
        color=f"run-{number}",
        tag=str(number),
    )
