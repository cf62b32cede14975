"""From values to places on the canvas, and back; and where the ticks are.

Places are measured in cells: x from the left edge, y from the bottom edge. The ends of a
range are at the middle of the outermost cells, so that a tick's label is exactly at
its value.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise, takewhile

from mnist_tui.tui.charts.labels import log_label, x_label, y_label
from mnist_tui.tui.charts.series import XFormat, YFormat

Tick = tuple[int, str]
"""A column or row of the canvas, and what to write there."""


@dataclass(frozen=True)
class Scale:
    """One direction of the canvas."""

    lo: float
    """In units of the axis: on a logarithmic one, a power of ten."""
    hi: float
    cells: int
    is_log: bool = False

    def place(self, value: float) -> float:
        """Return where `value` is, in cells; a logarithmic axis needs a positive one."""
        unit = math.log10(value) if self.is_log else value
        if self.hi <= self.lo:
            return self.cells / 2
        return 0.5 + (unit - self.lo) / (self.hi - self.lo) * (self.cells - 1)

    def cell(self, value: float) -> int:
        """Return the cell that holds `value`, which may be off the canvas."""
        return math.floor(self.place(value) + 1e-6)

    def value(self, place: float) -> float:
        """Return what is at `place`, in cells."""
        share = (place - 0.5) / (self.cells - 1) if self.cells > 1 else 0.5
        unit = self.lo + share * (self.hi - self.lo)
        return float(10**unit) if self.is_log else unit


@dataclass(frozen=True)
class Axis:
    """A scale and its ticks."""

    scale: Scale
    ticks: tuple[Tick, ...]


TIME_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 18000, 43200)
"""In seconds; after these come whole days."""


def x_axis(window: tuple[float, float], columns: int, x_format: XFormat = "count") -> Axis:
    """Return the axis of epochs, batches or seconds: round numbers, as many as fit.

    A short range has its first and last number as well, where there is room.
    """
    lo, hi = window
    scale = Scale(lo, hi, columns)
    ticks: list[Tick] = []
    for step in _x_steps((hi - lo) / columns, x_format):
        # Every second epoch of 1 to 19 is 1, 3 and so on, which names both ends.
        is_odd = x_format == "count" and step < 5 and (hi - lo) % step == 0 == lo % 1
        offset = lo % step if is_odd else 0.0
        first = math.ceil((lo - offset) / step - 1e-9)
        last = math.floor((hi - offset) / step + 1e-9)
        if last - first > columns:
            continue
        values = [number * step + offset for number in range(first, last + 1)]
        ticks = [(scale.cell(value), x_label(value, step, x_format)) for value in values]
        if all(_apart(a, b) for a, b in pairwise(ticks)):
            break
    for end in (lo, hi):
        tick = (scale.cell(end), x_label(end, 1, x_format))
        is_clear = all(_apart(tick, other) for other in ticks)
        is_far = all(abs(end - value) >= step / 2 for value in values)
        if end == int(end) and abs(end) < 1000 and is_clear and is_far:
            ticks.append(tick)
    return Axis(scale, tuple(sorted(ticks)))


def y_axis(lo: float, hi: float, rows: int, y_format: YFormat, is_log: bool = False) -> Axis:
    """Return the axis of losses or accuracies for values from `lo` to `hi`.

    Linear ticks are round numbers in rows of equal distance. The axis reaches beyond the
    values, though to below zero or above 100% only if they do or nothing else fits.
    """
    if is_log:
        return _log_axis(lo, hi, rows, y_format)
    floor, ceiling = (0.0 if lo >= 0 else -math.inf), math.inf
    if y_format == "percent" and hi <= 1:
        ceiling = 1.0
    if hi - lo <= 1e-9 * max(abs(lo), abs(hi)):
        margin = 0.02 if y_format == "percent" else abs(hi) * 0.1 or 0.5
        lo, hi = max(lo - margin, floor), min(hi + margin, ceiling)
    if rows == 1:
        return Axis(Scale(lo, hi, 1), ((0, y_label(hi, hi - lo, y_format)),))
    fewest, most = _tick_gaps(rows)
    grids = (_grid(lo, hi, rows, gap, floor, ceiling) for gap in range(fewest, most + 1))
    unit, first, gap = min(grids, key=lambda grid: grid[0])
    step, last = unit * gap, first + rows - 1
    scale = Scale(first * unit, last * unit, rows)
    numbers = [n for n in range(first, last + 1) if n % gap == 0 and n * unit <= ceiling + unit / 2]
    return Axis(scale, tuple((n - first, y_label(n * unit, step, y_format)) for n in numbers))


def _tick_gaps(rows: int) -> tuple[int, int]:
    """Return the smallest and the largest number of rows from one tick to the next."""
    if rows < 9:
        return max(min(2, rows - 2), 1), rows - 1
    fewest = max(3, rows // 10)
    return fewest, 2 * fewest


def _grid(
    lo: float, hi: float, rows: int, gap: int, floor: float, ceiling: float
) -> tuple[float, int, int]:
    """Return the closest grid of rows that holds all values, with a round number every `gap` rows.

    As the height of a row, the number of rows from zero to the lowest one, and `gap`.
    """
    for step in _steps((hi - lo) / (rows - 1) * gap / 2):
        unit = step / gap
        first = math.floor(lo / unit + 1e-6)
        over = first + rows - 1 - ceiling / unit if ceiling < math.inf else 0.0
        if over > 1e-6:
            first -= math.ceil(over - 1e-6)
        if floor == 0.0:
            first = max(first, 0)
        ticks = (first + rows - 1) // gap - (first - 1) // gap
        is_held = first * unit <= lo + 1e-6 * unit and hi <= (first + rows - 1 + 1e-6) * unit
        if is_held and ticks >= 2:
            return unit, first, gap
    raise AssertionError("the steps never end")


def _log_axis(lo: float, hi: float, rows: int, y_format: YFormat) -> Axis:
    low, high = _round_log(lo, up=False), _round_log(hi, up=True)
    if low == high:
        low, high = _round_log(lo * 0.8, up=False), _round_log(hi * 1.25, up=True)
    scale = Scale(math.log10(low), math.log10(high), rows, is_log=True)
    gap = 2 if rows >= 6 else 1
    for values in _log_values(low, high):
        cells = [scale.cell(value) for value in values]
        is_clear = all(b - a >= gap for a, b in pairwise(cells))
        if len(values) <= _most_ticks(rows) and is_clear:
            break
    if len(values) < 2:
        values = [low, high] if rows > 1 else [low]
    return Axis(scale, tuple((scale.cell(value), log_label(value, y_format)) for value in values))


def _log_values(low: float, high: float) -> Iterator[list[float]]:
    """Yield ever fewer round numbers from `low` to `high`."""
    decades = range(math.floor(math.log10(low) + 1e-9), math.ceil(math.log10(high) - 1e-9) + 1)
    for digits in ((1, 2, 3, 4, 5, 6, 7, 8, 9), (1, 2, 3, 5), (1, 2, 5), (1, 3)):
        values = [digit * 10.0**decade for decade in decades for digit in digits]
        yield [v for v in values if low * 0.999 <= v <= high * 1.001]
    for stride in range(1, len(decades) + 1):
        values = [10.0**decade for decade in decades if decade % stride == 0]
        yield [v for v in values if low * 0.999 <= v <= high * 1.001]


def _round_log(value: float, up: bool) -> float:
    """Return the next number of one digit, times a power of ten, above or below `value`."""
    decade = 10.0 ** math.floor(math.log10(value) + 1e-9)
    digit = value / decade
    return decade * (math.ceil(digit - 1e-6) if up else math.floor(digit + 1e-6))


def _steps(smallest: float) -> Iterator[float]:
    """Yield 1, 2, 5, 10, 20 and so on, times a power of ten, from about `smallest`."""
    exponent = math.floor(math.log10(smallest)) if smallest > 0 else 0
    while True:
        yield from (digit * 10.0**exponent for digit in (1, 2, 5))
        exponent += 1


def _x_steps(smallest: float, x_format: XFormat) -> Iterator[float]:
    """Yield ever larger distances between x ticks; epochs and batches have whole ones."""
    if x_format == "count":
        yield from (step for step in _steps(max(smallest, 1e-3)) if step >= 1)
        return
    yield from takewhile(lambda step: step < 1, _steps(max(smallest, 1e-3)))
    yield from (step for step in TIME_STEPS if step >= smallest)
    yield from (86_400 * step for step in _steps(1))


def _most_ticks(rows: int) -> int:
    return rows if rows < 3 else 2 if rows < 6 else rows // 3 + 1


def _apart(a: Tick, b: Tick) -> bool:
    """Whether two x labels, each centered on its column, leave a space of two between them."""
    return abs(a[0] - b[0]) >= (len(a[1]) + len(b[1])) / 2 + 2
