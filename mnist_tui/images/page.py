"""A page with digits on it: from gray values to the ink of each digit."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mnist_tui.images.background import FAINTEST, find_contrast
from mnist_tui.images.digits import Digit, find_digits
from mnist_tui.images.lines import remove_lines
from mnist_tui.images.steps import Step, thumbnail

Floats = NDArray[np.float32]


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
    contrast = find_contrast(gray)
    cleaned, lines = remove_lines(contrast.values, contrast.noise)
    found = find_digits(cleaned, contrast.noise)
    words = [*contrast.done]
    if lines:
        words.append(f"{lines} printed line{'s' if lines > 1 else ''} taken out")
    words += [f"{what} left out" for what in found.left_out]
    steps = [Step(word) for word in words]
    if steps:
        image = cleaned / max(float(cleaned.max(initial=0)), FAINTEST)
        steps[-1] = Step(steps[-1].words, thumbnail(255 * image))
    return Page(contrast.values, found.digits, tuple(steps))
