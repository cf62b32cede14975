"""A page with digits on it: from gray values to the ink of each digit."""

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mnist_tui import formatting
from mnist_tui.images.background import FAINTEST, Plate, prepare
from mnist_tui.images.digits import Findings, find_digits
from mnist_tui.images.groups import Digit
from mnist_tui.images.lines import remove_lines
from mnist_tui.images.steps import Step, thumbnail

Floats = NDArray[np.float32]

SLIM: Final = 0.6
"""Strokes thinner than this fraction of the window are found whole."""
LONG: Final = 1.5
"""What an edge leaves of itself by mistake is at most this many times as long as the window."""
LONGER: Final = 1.15
"""A larger window is taken where it shows digits this many times as large,"""
MORE: Final = 1.05
"""or, of digits that are not whole, this many times as much ink."""


@dataclass(frozen=True, eq=False)
class Page:
    """What was found in an image."""

    contrast: Floats
    """(H, W) float32, at least 0: the whole image's ink, printed lines included."""
    digits: tuple[Digit, ...]
    """Line by line, from left to right; empty when nothing is written there."""
    left_out: tuple[str, ...]
    """What else was found, in words."""
    steps: tuple[Step, ...]


def read_page(gray: Floats) -> Page:
    """Find the digits in an image. Any thread.

    Args:
        gray: (H, W) float32 in [0, 255], 0 is black; dark ink on light paper or the reverse.
    """
    plate = prepare(gray)
    look = _look(plate)
    words = [*plate.done]
    if look.lines:
        words.append(f"{formatting.counted(look.lines, 'printed line')} taken out")
    words += [f"{what} left out" for what in look.found.left_out]
    steps = [Step(word) for word in words]
    if steps:
        image = look.cleaned / max(float(look.cleaned.max(initial=0)), FAINTEST)
        steps[-1] = Step(steps[-1].words, thumbnail(255 * image))
    return Page(look.contrast, look.found.digits, look.found.left_out, tuple(steps))


class _Look(NamedTuple):
    """What one window shows."""

    window: int
    contrast: Floats
    cleaned: Floats
    """The same without printed lines."""
    lines: int
    found: Findings

    @property
    def has_whole_strokes(self) -> bool:
        """Whether no part of a digit's strokes is too thick for the window."""
        return self.found.is_whole and 0 < self.found.thickness < SLIM * self.window

    @property
    def is_sure(self) -> bool:
        """Whether no other window could show more."""
        least = LONG * self.window
        return self.has_whole_strokes and self.found.rejected < least < self.found.longest

    def shows_more_than(self, other: "_Look") -> bool:
        """Whether a larger window's look is better than another's."""
        if self.found.longest > LONGER * other.found.longest:
            return True
        return not other.has_whole_strokes and self.found.mass > MORE * other.found.mass


def _look(plate: Plate) -> _Look:
    """Find digits with the window that suits them.

    A small one follows a shadow's edges best, and a large one finds thick strokes whole.
    """
    looks: list[_Look] = []
    for contrast in plate.contrasts():
        cleaned, lines = remove_lines(contrast.values, contrast.noise)
        found = find_digits(cleaned, contrast)
        looks.append(_Look(contrast.window, contrast.values, cleaned, lines, found))
        if looks[-1].is_sure:
            return looks[-1]
    best = looks[0]
    for look in looks[1:]:
        best = look if look.shows_more_than(best) else best
    return best
