"""What a chart shows: immutable, plain, and free of anything that draws."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

Kind = Literal["points", "line", "envelope", "dotted"]
"""`dotted` is a line in the background, to compare with."""
MarkKind = Literal["best", "rate"]
XFormat = Literal["count", "time"]
YFormat = Literal["loss", "percent"]


@dataclass(frozen=True)
class Series:
    """One named curve. A value that is nan or infinite is a gap in it.

    An envelope is a line of bucket means (`ys`) over the band from `lows` to `highs`.

    Raises:
        ValueError: The tuples differ in length, or an envelope has no lows and highs.
    """

    name: str
    xs: tuple[float, ...]
    """Ascending."""
    ys: tuple[float, ...]
    kind: Kind = "line"
    color: str = "primary"
    """The name of a Textual theme variable."""
    lows: tuple[float, ...] = ()
    highs: tuple[float, ...] = ()
    faint: bool = False
    """Drawn weaker than its color, as raw values are behind smoothed ones."""
    spans: tuple[tuple[int, int], ...] = ()
    """The first and the last x that each point represents, where x counts; empty: its own."""
    is_smoothed: bool = False
    """Whether it is the series before it, smoothed; the legend puts the two together."""
    tag: str = ""
    """A character along the curve, which tells it apart from others without color."""
    newest: float | None = None
    """The value that the legend gives, where that is not the last point's."""

    def __post_init__(self) -> None:
        count = len(self.xs)
        if len(self.ys) != count:
            raise ValueError(f"series {self.name!r}: {count} xs but {len(self.ys)} ys")
        if self.kind == "envelope" and not len(self.lows) == len(self.highs) == count:
            raise ValueError(f"series {self.name!r}: an envelope needs {count} lows and highs")
        if self.spans and len(self.spans) != count:
            raise ValueError(f"series {self.name!r}: {count} xs but {len(self.spans)} spans")

    @cached_property
    def gaps(self) -> tuple[tuple[float, float], ...]:
        """The points (x, y) whose y is nan or infinite."""
        if math.isfinite(sum(self.ys)):
            return ()
        return tuple((x, y) for x, y in zip(self.xs, self.ys, strict=True) if not math.isfinite(y))

    def nearest(self, x: float) -> int | None:
        """Return the index of the point nearest to `x`, or None where there is none."""
        if not self.xs:
            return None
        right = min(bisect_left(self.xs, x), len(self.xs) - 1)
        left = max(right - 1, 0)
        return left if x - self.xs[left] <= self.xs[right] - x else right

    @property
    def last(self) -> float | None:
        """The newest value that is a number, or None where there is none."""
        return next((y for y in reversed(self.ys) if math.isfinite(y)), None)


@dataclass(frozen=True)
class Mark:
    """A vertical mark: the best epoch, or where the learning rate was changed."""

    x: float
    label: str
    kind: MarkKind = "best"


@dataclass(frozen=True)
class ChartData:
    """All that one chart shows."""

    title: str
    series: tuple[Series, ...] = ()
    marks: tuple[Mark, ...] = ()
    y_format: YFormat = "loss"
    """`percent` takes fractions in [0, 1]; its logarithmic axis shows the error, 1 minus them."""
    x_label: str = "epoch"
    x_plural: str = "epochs"
    x_format: XFormat = "count"
    """`time` takes seconds."""
    points: tuple[str, str] | None = None
    """What one and several points are called; by default as the x axis."""
    bad: int | None = None
    """How many values are nan or infinite, where a point represents many; None: count gaps."""
    x_range: tuple[float, float] | None = None
    """The natural full range, such as all epochs asked for; None is the range of the data."""
    empty_text: str = "nothing yet"
    newest_x: float | None = None
    """The x of the newest value, where the series need not reach it."""
    note: str = ""
    """More words for the caption line."""

    @property
    def is_empty(self) -> bool:
        """Whether there is no value to draw."""
        return all(series.last is None for series in self.series)

    @cached_property
    def full_range(self) -> tuple[float, float]:
        """The x range of the whole chart: the natural one, widened to hold all data."""
        ends = [x for series in self.series if series.xs for x in (series.xs[0], series.xs[-1])]
        ends.extend(self.x_range or ())
        return (min(ends), max(ends)) if ends else (0.0, 1.0)

    @property
    def last_x(self) -> float | None:
        """The x of the newest value of all series."""
        if self.newest_x is not None:
            return self.newest_x
        return max((series.xs[-1] for series in self.series if series.xs), default=None)

    @cached_property
    def errors(self) -> ChartData:
        """The same with 1 minus each value: the errors that go with accuracies."""
        series = tuple(
            replace(one, ys=tuple(1.0 - y for y in one.ys), newest=one.newest and 1.0 - one.newest)
            for one in self.series
        )
        return replace(self, title="Error", series=series)

    @property
    def spacing(self) -> float:
        """The mean distance between neighbors in the densest series."""
        longest = max((s.xs for s in self.series), key=len, default=())
        if len(longest) < 2:
            return 1.0
        return (longest[-1] - longest[0]) / (len(longest) - 1) or 1.0

    def index_at(self, series: Series, x: float) -> int | None:
        """Return the index of the point that is read out at `x`, or None where none is near."""
        index = series.nearest(x)
        is_near = index is not None and abs(series.xs[index] - x) <= self.spacing / 2
        return index if is_near else None

    def span_at(self, x: float) -> tuple[float, float]:
        """Return the first and the last x that the values read out at `x` represent."""
        counting = [series for series in self.series if series.spans]
        # The run to compare with comes first, and has a say only where there is nothing else.
        for series in reversed(counting):
            index = self.index_at(series, x)
            if index is not None:
                return series.spans[index]
        return (round(x), round(x)) if counting else (x, x)

    def nearest_x(self, x: float) -> float | None:
        """Return the x of the point nearest to `x`, of any series."""
        found = [s.xs[i] for s in self.series if (i := s.nearest(x)) is not None]
        return min(found, key=lambda other: abs(other - x), default=None)

    def next_x(self, x: float) -> float | None:
        """Return the x of the first point after `x`, of any series."""
        ends = [(s.xs, bisect_right(s.xs, x)) for s in self.series]
        return min((xs[i] for xs, i in ends if i < len(xs)), default=None)

    def previous_x(self, x: float) -> float | None:
        """Return the x of the last point before `x`, of any series."""
        ends = [(s.xs, bisect_left(s.xs, x)) for s in self.series]
        return max((xs[i - 1] for xs, i in ends if i > 0), default=None)


def smooth(ys: Sequence[float], weight: float) -> tuple[float, ...]:
    """Return the debiased exponential moving average of `ys`, as TensorBoard draws it.

    The average starts at zero and is divided by `1 - weight**n` after n values, which
    takes out the pull towards that zero (Adam corrects its moments the same way: Kingma
    and Ba, 2015, section 3). Source: `resmoothDataset` in TensorBoard's
    tensorboard/components/vz_line_chart2/line-chart.ts. As there, a value that is nan or
    infinite comes back as it is and does not enter the average.

    Args:
        weight: From 0 (no smoothing) to below 1.

    Raises:
        ValueError: `weight` is outside [0, 1).
    """
    if not 0.0 <= weight < 1.0:
        raise ValueError(f"smoothing weight must be at least 0 and below 1, not {weight}")
    average, bias = 0.0, 1.0
    smoothed = []
    for y in ys:
        if math.isfinite(y):
            average = average * weight + (1.0 - weight) * y
            bias *= weight
            smoothed.append(average / (1.0 - bias))
        else:
            smoothed.append(y)
    return tuple(smoothed)
