"""The training loss of every batch as chart data."""

import math
from collections.abc import Sequence
from typing import Final

from mnist_tui.run.buckets import Bucket
from mnist_tui.run.history import LossHistory
from mnist_tui.tui.charts import ChartData, Mark, Series
from mnist_tui.tui.dashboard.curves import (
    OVER_BATCHES,
    TRAINING,
    CurveOptions,
    Trace,
    note_on,
    previous_series,
    smoothed,
)
from mnist_tui.tui.dashboard.timeline import Axis, Timeline, round_end

SHORTEST_S: Final = 10.0
"""A time axis is at least so long, and one of batches an epoch: it need not grow so often."""


def batches_chart(
    trace: Trace,
    total: int,
    marks: tuple[Mark, ...],
    columns: int,
    options: CurveOptions = OVER_BATCHES,
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
    early = [bucket for bucket in outside if buckets and middle(bucket) < buckets[0].first]
    late = [bucket for bucket in outside if buckets and middle(bucket) > middle(buckets[-1])]
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
        note=note_on(options.weight),
    )


def _batch_series(
    buckets: Sequence[Bucket], newest: float | None, timeline: Timeline, options: CurveOptions
) -> tuple[Series, ...]:
    if not buckets:
        return ()
    weight = options.weight
    xs = tuple(timeline.x(options.axis, middle(bucket)) for bucket in buckets)
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
    return (raw, smoothed(raw, weight)) if weight else (raw,)


def _previous_batches(
    trace: Trace, view: tuple[float, float], axis: Axis, columns: int
) -> Series | None:
    buckets = _buckets(trace, view, axis, columns)
    xs = tuple(trace.timeline.x(axis, middle(bucket)) for bucket in buckets)
    known = sum(x <= view[1] for x in xs)
    means = tuple(bucket.mean for bucket in buckets[:known])
    return (
        previous_series(trace, xs[:known], means, _spans(buckets[:known], axis)) if known else None
    )


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


def middle(bucket: Bucket) -> float:
    """The number of a bucket's middle batch, counted from 1."""
    return bucket.first + (bucket.count + 1) / 2


def _spans(buckets: Sequence[Bucket], axis: Axis) -> tuple[tuple[int, int], ...]:
    """The first and last batch of each bucket, counted from 1, where x counts batches."""
    if axis is not Axis.BATCH:
        return ()
    return tuple((bucket.first + 1, bucket.first + bucket.count) for bucket in buckets)
