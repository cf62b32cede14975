"""A page with digits on it: from gray values to the ink of each digit."""

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mnist_tui.images.background import FAINTEST, Plate, prepare
from mnist_tui.images.digits import Digit, Findings, find_digits
from mnist_tui.images.lines import remove_lines
from mnist_tui.images.steps import Step, thumbnail

Floats = NDArray[np.float32]

SLIM: Final = 0.6
"""Strokes thinner than this fraction of the window are found whole."""
LONG: Final = 1.5
"""What an edge leaves of itself by mistake is at most this many times as long as the window."""
LONGER: Final = 1.15
"""A larger window is taken where it shows digits this many times as large."""


@dataclass(frozen=True, eq=False)
class Page:
    """What was found in an image."""

    contrast: Floats
    """(H, W) float32, at least 0: the whole image's ink, printed lines included."""
    digits: tuple[Digit, ...]
    """Line by line, from left to right; empty when nothing is written there."""
    steps: tuple[Step, ...]


def read_page(gray: Floats) -> Page:
    """Find the digits in an image. Any thread.

    Args:
        gray: (H, W) float32 in [0, 255], 0 is black; dark ink on light paper or the reverse.
    """
    plate = prepare(gray)
    contrast, cleaned, lines, found = _look(plate)
    words = [*plate.done]
    if lines:
        words.append(f"{lines} printed line{'s' if lines > 1 else ''} taken out")
    words += [f"{what} left out" for what in found.left_out]
    steps = [Step(word) for word in words]
    if steps:
        image = cleaned / max(float(cleaned.max(initial=0)), FAINTEST)
        steps[-1] = Step(steps[-1].words, thumbnail(255 * image))
    return Page(contrast, found.digits, tuple(steps))


class _Look(NamedTuple):
    """What one window shows."""

    contrast: Floats
    cleaned: Floats
    """The same without printed lines."""
    lines: int
    found: Findings


def _look(plate: Plate) -> _Look:
    """Find digits with the window that suits them.

    A small one follows a shadow's edges best, and a large one finds thick strokes whole.
    """
    looks: list[_Look] = []
    for contrast in plate.contrasts():
        cleaned, lines = remove_lines(contrast.values, contrast.noise)
        found = find_digits(cleaned, contrast)
        looks.append(_Look(contrast.values, cleaned, lines, found))
        least = LONG * contrast.window
        if 0 < found.thickness < SLIM * contrast.window and found.rejected < least < found.longest:
            return looks[-1]
    best = looks[0]
    for look in looks[1:]:
        if look.found.longest > LONGER * best.found.longest:
            best = look
    return best
