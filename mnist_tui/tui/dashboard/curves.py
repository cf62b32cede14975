"""The curves of a run: epochs and batch losses as chart data."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from mnist_tui import formatting
from mnist_tui.run.buckets import Bucket
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

SHORTEST_S: Final = 10.0
"""A time axis is at least so long, and one of batches an epoch: it need not grow so often."""

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


@dataclass(frozen=True)
class CurveOptions:
    """How the curves are to be drawn."""

    axis: Axis = Axis.EPOCH
    weight: float = 0.0
    """How strongly they are smoothed, from 0 to below 1."""
    previous: Trace | None = None
    """The run to compare with."""


def loss_chart(
    rows: Sequence[EpochRow],
    marks: tuple[Mark, ...],
    epochs: int,
    options: CurveOptions = CurveOptions(),
    batches: int = 0,
) -> ChartData:
    """Mean losses per epoch: training as points, validation as a line.

    Args:
        rows: The finished epochs.
        marks: As `run_marks` gives them, on the same axis.
        epochs: Epochs in the whole run.
        options: How to draw them.
        batches: Batches in one epoch; 0 where that is not known.
    """
    return _epoch_chart("Loss", rows, marks, epochs, options, batches)


def accuracy_chart(
    rows: Sequence[EpochRow],
    marks: tuple[Mark, ...],
    epochs: int,
    options: CurveOptions = CurveOptions(),
    batches: int = 0,
) -> ChartData:
    """Accuracies per epoch, as fractions; arguments and glyphs as in `loss_chart`."""
    return _epoch_chart("Accuracy", rows, marks, epochs, options, batches)


def batches_chart(
    trace: Trace,
    total: int,
    marks: tuple[Mark, ...],
    columns: int,
    options: CurveOptions = CurveOptions(Axis.BATCH),
    window: tuple[float, float] | None = None,
) -> ChartData:
    """The training loss of every batch: its mean within its smallest and largest.

    Args:
        trace: The run; its history is read under its own lock.
        total: Batches in the whole run, or 0 when not known.
        marks: As `run_marks` gives them, on the same axis.
        columns: About how many buckets to make: what the chart can show.
        options: How to draw them.
        window: What is in view on the axis, or None for all.
    """
    history, axis, timeline = trace.history or LossHistory(), options.axis, trace.timeline
    count = len(history)
    end = round_end(timeline.x(axis, count), axis)
    if axis is Axis.TIME:
        end = max(end, SHORTEST_S)
    else:
        end = max(end, timeline.x(axis, timeline.batches))
        # The end of the run is a better end than a round number beyond it.
        whole = timeline.x(axis, total)
        end = min(end, whole) if timeline.x(axis, count) <= whole else end
    view = window or (0.0, end)
    buckets = _buckets(trace, view, axis, columns)
    # A zoomed view keeps the ends of the whole, so that it can be zoomed out and panned.
    outside = history.envelope(0, count, 2) if window is not None else ()
    early = [bucket for bucket in outside if buckets and _middle(bucket) < buckets[0].first]
    late = [bucket for bucket in outside if buckets and _middle(bucket) > _middle(buckets[-1])]
    before = options.previous and _previous_batches(options.previous, view, axis, columns)
    # The newest batch's own loss: that of the last point would depend on the chart's width.
    newest = history.envelope(count - 1, count, 1)
    series = _batch_series(
        [*early, *buckets, *late], newest[-1].mean if newest else None, timeline, options
    )
    return ChartData(
        "Loss per batch",
        (before, *series) if before and series else series,
        marks,
        y_format="loss",
        x_label=axis,
        x_plural=axis.plural,
        x_format=axis.x_format,
        points=("batch", "batches"),
        bad=sum(bucket.bad for bucket in buckets),
        newest_x=timeline.x(axis, count),
        x_range=(0.0, end),
        empty_text="the loss of every batch",
        note=_note(options.weight),
    )


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


def _epoch_chart(
    title: str,
    rows: Sequence[EpochRow],
    marks: tuple[Mark, ...],
    epochs: int,
    options: CurveOptions,
    batches: int,
) -> ChartData:
    axis, weight = options.axis, options.weight
    xs = epoch_xs(axis, rows, batches)
    train, val = _values(title, rows)
    raw = (
        Series("training", xs, train, "points", TRAINING, faint=weight > 0),
        Series("validation", xs, val, "line", VALIDATION, faint=weight > 0),
    )
    series: list[Series] = []
    for one in raw:
        series += [one, _smoothed(one, weight)] if weight else [one]
    end = {
        Axis.EPOCH: float(_last_epoch(rows, epochs)),
        Axis.BATCH: float(_last_epoch(rows, epochs) * max(batches, 1)),
        Axis.TIME: round_end(xs[-1] if xs else 1.0, axis),
    }[axis]
    if options.previous is not None and rows:
        before = options.previous
        before_xs = epoch_xs(axis, before.rows, before.timeline.batches)
        _, ys = _values(title, before.rows)
        # Where it went on longer, that is left out: the axis is this run's.
        known = sum(x <= end for x in before_xs)
        series.insert(0, _previous(before, before_xs[:known], smooth(ys[:known], weight)))
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
        note=_note(weight),
    )


def _last_epoch(rows: Sequence[EpochRow], epochs: int) -> int:
    """The epoch at the end of the axis: a little beyond the newest one, at most the last."""
    newest = rows[-1].epoch if rows else 0
    beyond: int = next(end for end in _ROUND_EPOCHS if end > newest)
    return max(min(epochs, beyond), newest, 2)


def _smoothed(raw: Series, weight: float) -> Series:
    name, ys = raw.name, smooth(raw.ys, weight)
    return Series(name, raw.xs, ys, "line", raw.color, is_smoothed=True)


def _values(title: str, rows: Sequence[EpochRow]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Of training and of validation."""
    if title == "Accuracy":
        return (
            tuple(row.train_accuracy for row in rows),
            tuple(row.val_accuracy for row in rows),
        )
    return tuple(row.train_loss for row in rows), tuple(row.val_loss for row in rows)


def _batch_series(
    buckets: Sequence[Bucket], newest: float | None, timeline: Timeline, options: CurveOptions
) -> tuple[Series, ...]:
    if not buckets:
        return ()
    weight = options.weight
    xs = tuple(timeline.x(options.axis, _middle(bucket)) for bucket in buckets)
    means = tuple(bucket.mean for bucket in buckets)
    lows = tuple(bucket.low for bucket in buckets)
    highs = tuple(bucket.high for bucket in buckets)
    raw = Series(
        "training",
        xs,
        means,
        "envelope",
        TRAINING,
        lows,
        highs,
        faint=weight > 0,
        spans=_spans(buckets, options.axis),
        newest=newest,
    )
    return (raw, _smoothed(raw, weight)) if weight else (raw,)


def _previous_batches(
    trace: Trace, view: tuple[float, float], axis: Axis, columns: int
) -> Series | None:
    buckets = _buckets(trace, view, axis, columns)
    xs = tuple(trace.timeline.x(axis, _middle(bucket)) for bucket in buckets)
    known = sum(x <= view[1] for x in xs)
    means = tuple(bucket.mean for bucket in buckets[:known])
    return _previous(trace, xs[:known], means, _spans(buckets[:known], axis)) if known else None


def _previous(
    trace: Trace,
    xs: tuple[float, ...],
    ys: tuple[float, ...],
    spans: tuple[tuple[int, int], ...] = (),
) -> Series:
    return Series(trace.name, xs, ys, "dotted", PREVIOUS, faint=True, spans=spans)


def _buckets(
    trace: Trace, view: tuple[float, float], axis: Axis, columns: int
) -> tuple[Bucket, ...]:
    """About `columns` buckets of what is in view, whose bounds don't move as it grows."""
    if trace.history is None:
        return ()
    lo, hi = (trace.timeline.batch_at(axis, x) for x in view)
    newest_s = trace.timeline.seconds(len(trace.history))
    if axis is Axis.TIME and 0 < newest_s < view[1]:
        # Beyond the newest batch, too, as many batches to a column as before it.
        hi = len(trace.history) * view[1] / newest_s
    width = 2 ** max(math.ceil(math.log2(max(hi - lo, 1.0) / max(columns, 1))), 0)
    stop = min(math.ceil(hi), len(trace.history))
    first = max(math.floor(lo), 0) // width * width
    count = max(stop - first, 0) // width
    edge = first + count * width
    whole = trace.history.envelope(first, edge, count)
    rest = trace.history.envelope(edge, stop, 1)
    last = whole[-1].first if whole else -1
    return (*whole, *(bucket for bucket in rest if bucket.first > last))


def _middle(bucket: Bucket) -> float:
    """The number of a bucket's middle batch, counted from 1."""
    return bucket.first + (bucket.count + 1) / 2


def _spans(buckets: Sequence[Bucket], axis: Axis) -> tuple[tuple[int, int], ...]:
    """The first and last batch of each bucket, counted from 1, where x counts batches."""
    if axis is not Axis.BATCH:
        return ()
    return tuple((bucket.first + 1, bucket.first + bucket.count) for bucket in buckets)


def _rate_mark(change: LearningRateChanged, x: float) -> Mark:
    return Mark(float(x), f"lr {formatting.learning_rate(change.lr)}", "rate")


def _note(weight: float) -> str:
    return f"smoothing {weight:g}" if weight else ""
