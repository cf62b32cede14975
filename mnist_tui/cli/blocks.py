"""Gray images drawn in a terminal, two pixels in each character."""

import os
import sys
from dataclasses import dataclass
from typing import Final, TextIO

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]

RESET: Final = "\x1b[0m"
LEVELS: Final = 24
"""Grays that are told apart; more would only be more to send."""
SHADES: Final = " .:-=+*#%@"
"""From dark to light, for outputs without colors."""


@dataclass(frozen=True)
class Palette:
    """What a stream can show."""

    has_colors: bool
    has_blocks: bool
    """Whether it can encode half blocks."""

    @classmethod
    def of(cls, stream: TextIO | None = None) -> "Palette":
        """That of a stream; of stdout when there is none."""
        stream = stream or sys.stdout
        forced = os.environ.get("FORCE_COLOR", "")
        is_plain = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
        try:
            "▀".encode(stream.encoding or "ascii")
            has_blocks = True
        except (UnicodeEncodeError, LookupError):
            has_blocks = False
        return cls((stream.isatty() and not is_plain) or bool(forced), has_blocks)


def draw(image: Pixels, palette: Palette) -> list[str]:
    """Lines of a gray image, each of two rows of its pixels and as wide as it is.

    Args:
        image: (H, W) uint8, 0 is black.
        palette: Without colors and half blocks, shades of dots stand for a mean of two pixels.
    """
    if len(image) % 2:
        image = np.concatenate((image, image[-1:]))
    if palette.has_colors and palette.has_blocks:
        levels = np.rint(image * ((LEVELS - 1) / 255)) * (255 / (LEVELS - 1))
        image = np.rint(levels).astype(np.uint8)
        rows = zip(image[::2].tolist(), image[1::2].tolist(), strict=True)
        return [_colored(upper, lower) for upper, lower in rows]
    rows = zip(image[::2].tolist(), image[1::2].tolist(), strict=True)
    return ["".join(_shade(*pair) for pair in zip(*both, strict=True)) for both in rows]


def _colored(upper: list[int], lower: list[int]) -> str:
    """A line in 24 bits, its colors set anew only where they change."""
    line, last = "", None
    for pair in zip(upper, lower, strict=True):
        if pair != last:
            (above, below), last = pair, pair
            line += f"\x1b[38;2;{above};{above};{above};48;2;{below};{below};{below}m"
        line += "▀"
    return line + RESET


def _shade(upper: int, lower: int) -> str:
    return SHADES[(upper + lower) * len(SHADES) // 512]


def fit_into(image: Pixels, width: int, height: int) -> Pixels:
    """An image scaled, its aspect kept, to at most `width` and `height` pixels."""
    from PIL import Image

    scale = min(width / image.shape[1], height / image.shape[0])
    size = (max(1, round(scale * image.shape[1])), max(1, round(scale * image.shape[0])))
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BOX))
