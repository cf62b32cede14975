"""The curves of a run over its epochs, and what all its charts have in common."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from mnist_tui import formatting
from mnist_tui.run.buckets import HistorySnapshot
from mnist_tui.run.events import EpochRow, LearningRateChanged
from mnist_tui.run.history import LossHistory
from mnist_tui.tui.charts import ChartData, Mark, Series, smooth
from mnist_tui.tui.dashboard.timeline import Axis, Timeline, epoch_xs, round_end

TRAINING: Final = "curve-training"
"""The theme variable of the curves of training."""
VALIDATION: Final = "curve-validation"
"""The theme variable of the curves of validation."""
PREVIOUS: Final = "foreground"
"""The theme variable of the run to compare with, drawn faint."""

_ROUND_EPOCHS: Final = tuple(
    digits * 10**power // 10
    for power in range(6)
    for digits in (50, 60, 80, 100, 120, 150, 200, 250, 300, 400)
)
"""Where an axis of epochs ends, so that it grows seldom: 5, 6, 8, 10, 12, 15 and so on."""

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


def trace_of(
    rows: Sequence[EpochRow], losses: HistorySnapshot | None, batches: int, name: str = ""
) -> Trace:
    """What there is to draw of a run on disk.

    Args:
        rows: Its epochs.
        losses: Its losses; None where they are not known.
        batches: Batches in one epoch.
        name: Its name.
    """
    timeline, history = Timeline(batches), LossHistory()
    timeline.observe_rows(rows)
    if losses is not None:
        history.restore(losses)
    return Trace(rows, history if losses is not None else None, timeline, name)


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


def epoch_chart(
    title: str,
    rows: Sequence[EpochRow],
    marks: tuple[Mark, ...],
    epochs: int,
    options: CurveOptions = OVER_EPOCHS,
    batches: int = 0,
) -> ChartData:
    """Mean losses, or accuracies as fractions: training as points, validation as a line.

    Args:
        title: `Loss` or `Accuracy`.
        rows: The finished epochs.
        marks: As `run_marks` gives them, on the same axis.
        epochs: Epochs in the whole run.
        options: How to draw them.
        batches: Batches in one epoch; 0 where that is not known.
    """
    axis, weight = options.axis, options.weight
    xs = epoch_xs(axis, rows, batches)
    train, val = _values(title, "train", rows), _values(title, "val", rows)
    raw = (
        Series("training", xs, train, "points", TRAINING, faint=weight > 0),
        Series("validation", xs, val, "line", VALIDATION, faint=weight > 0),
    )
    series: list[Series] = []
    for one in raw:
        series += [one, smoothed(one, weight)] if weight else [one]
    end = {
        Axis.EPOCH: float(_last_epoch(rows, epochs)),
        Axis.BATCH: float(_last_epoch(rows, epochs) * max(batches, 1)),
        Axis.TIME: round_end(xs[-1] if xs else 1.0, axis),
    }[axis]
    if options.previous is not None and rows:
        before = options.previous
        before_xs = epoch_xs(axis, before.rows, before.timeline.batches)
        ys = _values(title, "val", before.rows)
        # Where it went on longer, that is left out: the axis is this run's.
        known = sum(x <= end for x in before_xs)
        series.insert(0, previous_series(before, before_xs[:known], smooth(ys[:known], weight)))
    return ChartData(
        title,
        tuple(series),
        marks,
        y_format="percent" if title == "Accuracy" else "loss",
        x_label=axis,
        x_plural=axis.plural,
        x_format=axis.x_format,
        points=("epoch", "epochs"),
        x_range=(1.0 if axis is Axis.EPOCH else 0.0, end),
        empty_text="one point per epoch",
        note=note_on(weight),
    )


def _last_epoch(rows: Sequence[EpochRow], epochs: int) -> int:
    """The epoch at the end of the axis: a little beyond the newest one, at most the last."""
    newest = rows[-1].epoch if rows else 0
    beyond: int = next(end for end in _ROUND_EPOCHS if end > newest)
    return max(min(epochs, beyond), newest, 2)


def _values(title: str, split: str, rows: Sequence[EpochRow]) -> tuple[float, ...]:
    return tuple(getattr(row, f"{split}_{title.lower()}") for row in rows)
