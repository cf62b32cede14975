"""Fractions drawn in one line: as a bar, as a bar between a label and a value, as a small curve."""

import math
from collections.abc import Iterable
from typing import Final

from mnist_tui.tui.widgets.lines import Line, Piece, width_of

LEVELS: Final = "▁▂▃▄▅▆▇█"
"""From 0 to 1, one character high."""


def bar(fraction: float, width: int, tone: str = "bar") -> list[Piece]:
    """A bar of exactly `width` columns, filled with a heavy line; nan is empty."""
    if width < 1:
        return []
    part = 0.0 if math.isnan(fraction) else min(max(fraction, 0.0), 1.0)
    halves = math.floor(part * width * 2)
    full, half = divmod(halves, 2)
    rest = width - full - half
    return [("━" * full + "╸" * half, tone), ("─" * rest, "rest")]


def bar_line(label: Piece, fraction: float, value: Piece, width: int, tone: str = "bar") -> Line:
    """A label, a bar and a value in `width` columns; the bar takes what the two leave."""
    return [label, *bar(fraction, width - width_of([label, value]), tone), value]


def sparkline(values: Iterable[float | None]) -> str:
    """One character for each value in [0, 1], high or low; a space for None and nan."""
    top = len(LEVELS) - 1
    return "".join(
        " "
        if value is None or math.isnan(value)
        else LEVELS[round(min(max(value, 0.0), 1.0) * top)]
        for value in values
    )
