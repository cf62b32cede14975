"""Series reduced to what the columns of a canvas can show, before anything is drawn.

A draw then costs what its columns cost, whatever the number of points. Each column keeps
its lowest and highest value: leaving out points one by one would hide the outliers that
one looks for. Slices and the built-in min, max and sum touch the points, no Python loop.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from mnist_tui.tui.charts.scale import Scale
from mnist_tui.tui.charts.series import Series
from mnist_tui.tui.charts.view import View

Path = list[tuple[float, float] | None]
"""Points (x in cells, y as it is); None is a gap."""

DOTS = 2
"""Braille dots beside each other in a cell."""


@dataclass(frozen=True)
class Reduced:
    """What is left of one series in one window."""

    path: Path
    """The line, the points, or an envelope's mean."""
    bars: list[tuple[float, float, float]]
    """An envelope's band: x in cells, lowest, highest."""


SPIKE = 4.0
"""Values are left out of the limits where they would make the y axis so many times as long."""
FEW = 30
"""One value may be left out, and one more for each so many values."""
FEWEST = 6
"""With fewer values than these none is left out."""


@dataclass(frozen=True)
class Limits:
    """What the y axis has to hold, and what there is."""

    lo: float
    hi: float
    lowest: float
    highest: float
    has_outliers: bool = False
    """Whether values are within it that would be left out of another view."""

    @classmethod
    def of(cls, series: Sequence[Series], reduced: Sequence[Reduced], view: View) -> Limits | None:
        """Return the limits of what is in view, without single values far from all others.

        The run to compare with sets no limits, unless it is alone. Nor does a smoothed curve: it
        is long in coming down from a single high value.
        """
        own = [
            part
            for one, part in zip(series, reduced, strict=True)
            if one.kind != "dotted" and not one.is_smoothed
        ]
        lows, highs = _ends(own)
        if not lows:
            lows, highs = _ends(reduced)
        if not lows:
            return None
        lowest, highest = lows[0], highs[-1]
        if len(highs) < FEWEST:
            return cls(lowest, highest, lowest, highest)
        count = 1 + len(highs) // FEW
        scale = math.log10 if view.is_log else float
        low, high = scale(lows[count]), scale(highs[-1 - count])
        room, most = (high - low) / 2, SPIKE * (high - low)
        lo = low - room if high - scale(lowest) > most else scale(lowest)
        hi = high + room if scale(highest) - low > most else scale(highest)
        if view.is_log:
            lo, hi = 10**lo, 10**hi
        lo, hi = max(lo, lowest), min(hi, highest)
        if view.has_outliers:
            return cls(lowest, highest, lowest, highest, (lo, hi) != (lowest, highest))
        return cls(lo, hi, lowest, highest)


def _ends(parts: Iterable[Reduced]) -> tuple[list[float], list[float]]:
    """Return the low and the high ends of all columns, each ascending.

    Those of an envelope are its band's, which holds the mean: a spike is one value in each column.
    """
    lows: list[float] = []
    highs: list[float] = []
    for part in parts:
        ys = [point[1] for point in part.path if point is not None]
        lows += [bar[1] for bar in part.bars] or ys
        highs += [bar[2] for bar in part.bars] or ys
    return sorted(lows), sorted(highs)


def reduce(series: Series, scale: Scale, is_log: bool) -> Reduced:
    """Return what the columns of `scale` can show of `series`.

    With `is_log`, values that are not above zero are gaps.
    """
    if series.kind == "envelope":
        return _envelope(series, scale, is_log)
    if series.kind == "points":
        path = [point for point in _extremes(series, scale, 1, is_log) if point is not None]
        return Reduced([point for point in path if 0 <= point[0] <= scale.cells], [])
    return Reduced(_clipped(_extremes(series, scale, DOTS, is_log), scale.cells, is_log), [])


def _extremes(series: Series, scale: Scale, per_cell: int, is_log: bool) -> Path:
    """Return the lowest and highest value of each slot in the order they came."""
    path: Path = []
    for x, start, stop in _slots(series.xs, scale, per_cell):
        ys = _finite(series.ys[start:stop], is_log)
        if not ys:
            path.append(None)
            continue
        low, high = min(ys), max(ys)
        if low == high:
            path.append((x, low))
        else:
            first, second = (low, high) if ys.index(low) < ys.index(high) else (high, low)
            path += [(x, first), (x, second)]
    return path


def _envelope(series: Series, scale: Scale, is_log: bool) -> Reduced:
    path: Path = []
    bars = []
    for x, start, stop in _slots(series.xs, scale, 1):
        means = _finite(series.ys[start:stop], is_log)
        if not means or not 0 <= x <= scale.cells:
            path.append(None)
            continue
        path.append((x, sum(means) / len(means)))
        lows = _finite(series.lows[start:stop], is_log) or means
        highs = _finite(series.highs[start:stop], is_log) or means
        bars.append((x, min(lows), max(highs)))
    return Reduced(path, bars)


def _slots(xs: Sequence[float], scale: Scale, per_cell: int) -> Iterator[tuple[float, int, int]]:
    """Yield (x in cells, start, stop) of the points in each slot that has any.

    Few points keep their own places. One neighbor on each side of the window comes
    along, so that lines can run out of it.
    """
    start, stop = bisect_left(xs, scale.lo), bisect_right(xs, scale.hi)
    before, after = max(start - 1, 0), min(stop + 1, len(xs))
    slots = scale.cells * per_cell
    if stop - start <= slots:
        for index in range(before, after):
            yield scale.place(xs[index]), index, index + 1
        return
    if before < start:
        yield scale.place(xs[before]), before, start
    for slot in range(slots):
        edge = scale.value((slot + 1) / per_cell)
        end = stop if slot == slots - 1 else bisect_left(xs, edge, start, stop)
        if start < end:
            yield (slot + 0.5) / per_cell, start, end
        start = end
    if stop < after:
        yield scale.place(xs[stop]), stop, after


def _finite(ys: Sequence[float], is_log: bool) -> Sequence[float]:
    """Return the values that can be drawn; the sum tells quickly that all can."""
    if math.isfinite(sum(ys)) and not (is_log and ys and min(ys) <= 0):
        return ys
    return [y for y in ys if math.isfinite(y) and not (is_log and y <= 0)]


def _clipped(path: Path, cells: int, is_log: bool) -> Path:
    """Return `path` cut at the canvas edges, so that values out of view set no limits."""
    clipped: Path = []
    for index, point in enumerate(path):
        if point is None or 0 <= point[0] <= cells:
            clipped.append(point)
            continue
        edge = 0.0 if point[0] < 0 else float(cells)
        inner = path[index + 1 : index + 2] if point[0] < 0 else path[index - 1 : index]
        other = inner[0] if inner else None
        if other is None or (other[0] - edge) * (point[0] - edge) > 0 or other[0] == point[0]:
            clipped.append(None)
            continue
        share = (edge - point[0]) / (other[0] - point[0])
        a, b = (math.log10(point[1]), math.log10(other[1])) if is_log else (point[1], other[1])
        y = a + share * (b - a)
        clipped.append((edge, 10**y if is_log else y))
    return clipped
