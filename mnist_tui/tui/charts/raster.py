"""Curves turned into characters by plotext.

Only plotext's drawing of curves is used, on a canvas without frame and color: titles,
ticks and colors of its own do not follow a theme and do not fit small sizes. Each curve
has a figure of its own under a terminal of its own, so that nothing is shared with
plotext's global figure, and its clamp to the size of the real terminal is off.

plotext's kernel is not made for several threads: draw from the UI thread only.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

Places = Sequence[tuple[float, float] | None]
"""Points in cells: x from the left edge, y from the bottom edge; None is a gap."""

BRAILLE = "braille"
"""The marker of 2 x 4 dots in each cell."""


def rasterize(
    places: Places, width: int, height: int, marker: str, *, is_joined: bool
) -> list[str]:
    """Return `height` rows of `width` characters, blank where there is no curve.

    Args:
        places: The points; consecutive ones are connected if `is_joined`.
        width: Columns of the canvas.
        height: Rows of the canvas.
        marker: BRAILLE, or the character for each point.
        is_joined: Whether it is a line.
    """
    places = _distinct(places, *((2, 4) if marker == BRAILLE else (1, 1)))
    points = [place for place in places if place is not None]
    if not points or width < 1 or height < 1:
        return [" " * width] * height
    figure = _figure(width, height)
    signal = figure.signal([x for x, _ in points], [y for _, y in points], marker=marker)
    if is_joined:
        signal.lines(True)
        for start in _starts(places):
            signal.line(start, False)
    figure.draw(signal)
    rows: list[str] = figure.build().string(colorless=True).split("\n")
    return rows[:height]


def _distinct(places: Places, across: int, down: int) -> Places:
    """Leave out each point on the same dot as the one before it.

    plotext takes microseconds for each point, and this is all that a dense curve has more
    of than a short one.
    """
    kept: list[tuple[float, float] | None] = []
    last: tuple[int, int] | None = None
    for place in places:
        dot = place and (math.floor(place[0] * across), math.floor(place[1] * down))
        if dot is None or dot != last:
            kept.append(place)
        last = dot
    return kept


def _starts(places: Places) -> list[int]:
    """Return the indices, gaps not counted, of the points that follow a gap."""
    starts, index, is_gap = [], 0, False
    for place in places:
        if place is None:
            is_gap = True
            continue
        if is_gap:
            starts.append(index)
        index, is_gap = index + 1, False
    return starts


def _figure(width: int, height: int) -> Any:
    """Return a bare plotext figure whose coordinates are its cells."""
    # Importing plotext takes 0.2 s, which the first draw pays and not the start of the app.
    import plotext

    terminal = type(plotext.terminal)()
    terminal.limit(False, False)
    figure = type(plotext.figure)(terminal)
    figure.plot_size(width, height)
    figure.axes(False)
    figure.canvas("default")
    for axis, cells in (("x", width), ("y", height)):
        # plotext puts the limits at the middle of the outermost cells. One cell has no
        # room between them, and limits around its middle do the same.
        low, high = (0.5, cells - 0.5) if cells > 1 else (0.0, 1.0)
        figure.ruler(axis).frequency(0).lim(low, high)
    return figure
