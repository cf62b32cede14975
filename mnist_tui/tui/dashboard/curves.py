"""What the charts of a run have in common: the run, how it is drawn, its marks and colors."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from mnist_tui import formatting
from mnist_tui.run.events import EpochRow, LearningRateChanged
from mnist_tui.run.history import LossHistory
from mnist_tui.tui.charts import Mark, Series, smooth
from mnist_tui.tui.dashboard.timeline import Axis, Timeline, epoch_xs

TRAINING: Final = "curve-training"
"""The theme variable of the curves of training."""
VALIDATION: Final = "curve-validation"
"""The theme variable of the curves of validation."""
PREVIOUS: Final = "foreground"
"""The theme variable of the run to compare with, drawn faint."""

SMOOTHING: Final = (0.0, 0.6, 0.9)
"""The weights to choose from; 0 is the raw values."""


@dataclass(frozen=True)
class Trace:
    """What there is to draw of one run. Its lists and its history grow while it is live."""

    rows: Sequence[EpochRow] = ()
    history: LossHistory | None = None
    """The loss of every batch; None where it is not known any more."""
    timeline: Timeline = field(default_factory=Timeline)
    name: str = ""
    """The run's name, for the legend where it is the one to compare with."""


@dataclass(frozen=True)
class CurveOptions:
    """How the curves are to be drawn."""

    axis: Axis = Axis.EPOCH
    weight: float = 0.0
    """How strongly they are smoothed, from 0 to below 1."""
    previous: Trace | None = None
    """The run to compare with."""


OVER_EPOCHS: Final = CurveOptions()
OVER_BATCHES: Final = CurveOptions(Axis.BATCH)


def run_marks(
    rows: Sequence[EpochRow],
    best: EpochRow | None,
    changes: Sequence[LearningRateChanged],
    timeline: Timeline,
    axis: Axis = Axis.EPOCH,
) -> tuple[Mark, ...]:
    """The best epoch and the changes of the learning rate, on an axis."""
    marks = []
    if timeline.batches or axis is not Axis.BATCH:
        places = zip(rows, epoch_xs(axis, rows, timeline.batches), strict=True)
        marks = [Mark(x, "best", "best") for row, x in places if row is best]
    if timeline.batches:
        # Of several changes between two batches only the last one was trained with.
        trained = {change.global_batch: change for change in changes}
        marks += [_rate_mark(change, timeline.x(axis, at)) for at, change in trained.items()]
    return tuple(sorted(marks, key=lambda mark: mark.x))


def smoothed(raw: Series, weight: float) -> Series:
    """The moving average of a curve."""
    name, ys = raw.name, smooth(raw.ys, weight)
    return Series(name, raw.xs, ys, "line", raw.color, is_smoothed=True)


def previous_series(
    trace: Trace,
    xs: tuple[float, ...],
    ys: tuple[float, ...],
    spans: tuple[tuple[int, int], ...] = (),
) -> Series:
    """A curve of the run to compare with."""
    return Series(trace.name, xs, ys, "dotted", PREVIOUS, faint=True, spans=spans)


def _rate_mark(change: LearningRateChanged, x: float) -> Mark:
    return Mark(float(x), f"lr {formatting.learning_rate(change.lr)}", "rate")


def note_on(weight: float) -> str:
    """What the caption says of the smoothing."""
    return f"smoothing {weight:g}" if weight else ""
