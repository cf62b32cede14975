"""What is compared of several runs: their curves in one chart, and a table as text."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from mnist_tui import formatting
from mnist_tui.config import SETTINGS
from mnist_tui.run.events import EpochRow
from mnist_tui.store.comparison import ComparedRun, Comparison
from mnist_tui.tui.charts import ChartData, Series, smooth
from mnist_tui.tui.dashboard.batch_curves import middle
from mnist_tui.tui.dashboard.curves import note_on, trace_of
from mnist_tui.tui.dashboard.timeline import Axis, epoch_xs

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
_LONGEST_LABEL: Final = 20
"""Letters of the settings that stand for a name."""

Curve = tuple[tuple[float, ...], tuple[float, ...]]
"""The xs and the ys."""


def compared_chart(
    title: str, comparison: Comparison, axis: Axis, weight: float = 0.0
) -> ChartData:
    """One figure of every run, by epochs or batches. A run's color and tag are its number's.

    Args:
        title: One of TITLES.
        comparison: The runs.
        axis: What is counted from left to right.
        weight: How strongly the curves are smoothed, from 0 to below 1.
    """
    if title == BATCHES:
        curves = [(run, *_batch_curve(run, axis)) for run in comparison.runs if run.losses]
    else:
        curves = [(run, *_curve(run, _VALUES[title], axis)) for run in comparison.runs if run.rows]
    series = [
        Series(
            _label(run, comparison),
            xs,
            smooth(ys, weight),
            color=f"run-{run.number}",
            tag=f"{run.number}",
        )
        for run, xs, ys in curves
    ]
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
        note=note_on(weight),
    )


def _label(run: ComparedRun, comparison: Comparison) -> str:
    """The settings that differ, where they are few, else the name; the table has all of them."""
    words = " ".join(
        f"{name} {write_setting(name, run.settings[name])}"
        for name in comparison.differing
        if run.uses(name)
    )
    return words if 0 < len(words) <= _LONGEST_LABEL else run.name


def _curve(run: ComparedRun, value: Callable[[EpochRow], float], axis: Axis) -> Curve:
    return epoch_xs(axis, run.rows, run.batches), tuple(value(row) for row in run.rows)


def _batch_curve(run: ComparedRun, axis: Axis) -> Curve:
    """The mean training loss of groups of batches."""
    trace = trace_of(run.rows, run.losses, run.batches)
    assert trace.history is not None, "only runs with losses have such a curve"
    buckets = trace.history.envelope(0, len(trace.history), _MOST_POINTS)
    xs = tuple(trace.timeline.x(axis, middle(bucket)) for bucket in buckets)
    return xs, tuple(bucket.mean for bucket in buckets)


RESULTS: Final[tuple[tuple[str, Callable[[ComparedRun], str]], ...]] = (
    ("best", lambda run: formatting.percent(run.best.val_accuracy if run.best else None)),
    ("in", lambda run: f"{run.best.epoch}" if run.best else formatting.UNKNOWN),
    ("last", lambda run: formatting.percent(run.rows[-1].val_accuracy if run.rows else None)),
    ("to 97 %", lambda run: _epochs(run.epochs_to(0.97))),
    ("to 99 %", lambda run: _epochs(run.epochs_to(0.99))),
    ("time", lambda run: formatting.duration(run.seconds)),
)
"""What became of each run: the columns and how they are written."""


def _epochs(epoch: int | None) -> str:
    return formatting.UNKNOWN if epoch is None else f"{epoch}"


def write_setting(field: str, value: Any) -> str:
    """The value of a field of TrainConfig, in few characters."""
    return f"{value:.4g}" if isinstance(value, float) else SETTINGS[field].rule.spell(value)


def _setting_of(run: ComparedRun, field: str) -> str:
    """A cell of the table: a dash where the run does not use the setting."""
    return write_setting(field, run.settings.get(field)) if run.uses(field) else formatting.UNKNOWN


def cells(comparison: Comparison) -> list[list[str]]:
    """The table as text, the heading first: name, differing settings, results."""
    heading = ["run", *(field.replace("_", " ") for field in comparison.differing)]
    rows = [[*heading, *(name for name, _ in RESULTS)]]
    for run in comparison.runs:
        settings = [_setting_of(run, field) for field in comparison.differing]
        rows.append([run.name, *settings, *(write(run) for _, write in RESULTS)])
    return rows
