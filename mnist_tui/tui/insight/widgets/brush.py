"""A soft pen on 28 by 28 pixels, whose strokes are as wide and as soft as those of MNIST."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

SIDE: Final = 28
"""Pixels on each side of a drawing."""

CORE: Final = 0.9
"""Up to this many pixels from the stroke's middle the ink is full."""
SOFTNESS: Final = 0.45
"""The standard deviation of the Gaussian by which it fades beyond, in pixels.

Both measured: an upright 1 of MNIST has 2.7 pixels of ink across at the median, four in ten
of all its inked pixels are full, and one in ten is fainter than an eighth. A drawing that fills
the canvas shrinks to 20 pixels on its way to the model, so the pen is a little wider here.
"""
FAINTEST: Final = 0.06
"""Fainter ink than this becomes background."""
ERASER: Final = 2.2
"""How many times as wide the eraser is: once along a stroke removes all of it."""
UNDO_LIMIT: Final = 200
"""Strokes that can be undone; each keeps 784 bytes."""

Point = tuple[float, float]
"""x to the right and y down in pixels; (0, 0) is the corner of the canvas."""

# The middles of the pixels, as a row and as a column.
_MIDDLE_X: Final = np.arange(SIDE)[None, :] + 0.5
_MIDDLE_Y: Final = np.arange(SIDE)[:, None] + 0.5


class Drawing:
    """An image that is drawn stroke by stroke, with undo. One thread."""

    def __init__(self) -> None:
        self._ink = np.zeros((SIDE, SIDE), np.uint8)
        self._before: list[NDArray[np.uint8]] = []

    @property
    def ink(self) -> NDArray[np.uint8]:
        """(28, 28) uint8, 0 is background and 255 is ink; never changed in place."""
        return self._ink

    @property
    def is_empty(self) -> bool:
        """Whether there is no ink."""
        return not self._ink.any()

    @property
    def can_undo(self) -> bool:
        """Whether there is a stroke to undo."""
        return bool(self._before)

    def begin(self) -> None:
        """Begin a stroke; it is undone as a whole."""
        self._before.append(self._ink)
        del self._before[:-UNDO_LIMIT]

    def line(self, start: Point, end: Point, *, erases: bool = False) -> None:
        """Move the pen or the eraser in a straight line; going over a place twice adds no ink."""
        if erases:
            kept = np.rint(255 * (1 - coverage(start, end, ERASER)))
            self._ink = np.minimum(self._ink, kept.astype(np.uint8))
        else:
            added = np.rint(255 * coverage(start, end))
            self._ink = np.maximum(self._ink, added.astype(np.uint8))

    def end(self) -> None:
        """End the stroke; one that changed nothing cannot be undone."""
        if self._before and np.array_equal(self._before[-1], self._ink):
            self._before.pop()

    def undo(self) -> None:
        """Undo the last stroke, if there is one."""
        if self._before:
            self._ink = self._before.pop()

    def clear(self) -> None:
        """Remove all ink; this can be undone, too."""
        if not self.is_empty:
            self.begin()
            self._ink = np.zeros((SIDE, SIDE), np.uint8)


def coverage(start: Point, end: Point, width: float = 1.0) -> NDArray[np.float64]:
    """(28, 28) in [0, 1]: how much of the pen each pixel gets from one straight line.

    Args:
        start: Where the pen is set down.
        end: Where it is lifted; the same point makes a dot.
        width: How many times as wide as the pen.
    """
    (x, y), (to_x, to_y) = start, end
    along_x, along_y = to_x - x, to_y - y
    length = along_x**2 + along_y**2
    away_x, away_y = _MIDDLE_X - x, _MIDDLE_Y - y
    # The nearest point of the line to each pixel, as a fraction of its length.
    nearest = (away_x * along_x + away_y * along_y) / length if length else np.zeros(1)
    nearest = np.clip(nearest, 0.0, 1.0)
    distance = np.hypot(away_x - nearest * along_x, away_y - nearest * along_y)
    beyond = np.maximum(distance - width * CORE, 0.0)
    ink = np.exp(-((beyond / SOFTNESS) ** 2) / 2)
    return np.where(ink < FAINTEST, 0.0, ink)
