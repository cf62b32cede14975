"""A picture as `predict --show` draws it, from the photograph to the answer, in half blocks."""

import os
import sys
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len

from mnist_tui import formatting
from mnist_tui.cli.table import pad
from mnist_tui.tui.text.fitting import shorten

if TYPE_CHECKING:
    from mnist_tui.inference.predict import Prediction

Pixels = NDArray[np.uint8]

SIDE: Final = 28
"""Pixels of an image in MNIST's form, and the height of all that is drawn."""
PHOTOGRAPH: Final = 21
"""Columns for the photograph."""
CUT: Final = 16
"""Columns for what was cut out of it."""
ANSWER: Final = 6
"""Columns for the name of a class, a blank and its bar; a long name takes the bar's."""
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
    def of_stdout(cls) -> "Palette":
        """What stdout can show."""
        stream = sys.stdout
        forced = os.environ.get("FORCE_COLOR", "")
        is_plain = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
        try:
            "▀".encode(stream.encoding or "ascii")
            has_blocks = True
        except (UnicodeEncodeError, LookupError):
            has_blocks = False
        return cls((stream.isatty() and not is_plain) or bool(forced), has_blocks)


def portray(answer: "Prediction", palette: Palette) -> list[str]:
    """Lines of at most 79 columns: photograph, cut, 28x28, and the probabilities."""
    images = [step.image for step in answer.picture.steps if step.image is not None]
    photograph = fit_into(images[0], PHOTOGRAPH, SIDE)
    form = np.frombuffer(answer.picture.pixels, np.uint8).reshape(SIDE, SIDE)
    columns = [
        _column("photograph", photograph, PHOTOGRAPH, palette),
        *(
            _column("cropped", fit_into(cut, CUT, SIDE), CUT, palette)
            for cut in images[1:][-1:]  # none of a picture that is taken whole
        ),
        _column("28x28", form, SIDE, palette),
        ["", *_bars(answer, palette)],
    ]
    return [" ".join(cells).rstrip() for cells in _padded(columns)]


def _column(title: str, image: Pixels, width: int, palette: Palette) -> list[str]:
    """An image's title and lines, each padded to `width` columns."""
    blank = " " * (width - image.shape[1])
    return [f"{title:{width}}", *(line + blank for line in draw(image, palette))]


def _padded(columns: list[list[str]]) -> list[tuple[str, ...]]:
    """Rows of cells; a column that ends goes on in blanks as wide as its title."""
    return [
        tuple(
            cell if cell is not None else " " * len(column[0])
            for cell, column in zip(row, columns, strict=True)
        )
        for row in zip_longest(*columns)
    ]


def _bars(answer: "Prediction", palette: Palette) -> list[str]:
    full = "█" if palette.has_blocks else "#"
    labels = list(range(len(answer.classes)))
    if len(labels) > SIDE // 2:
        labels = sorted(labels, key=lambda label: -answer.probabilities[label])[: SIDE // 2]
    room = min(max(cell_len(name) for name in answer.classes), ANSWER)
    longest = max(ANSWER - room - 1, 0)
    lines = []
    for label in labels:
        value = answer.probabilities[label]
        name = pad(shorten(answer.classes[label], room), "<", min(room + 1, ANSWER))
        lines.append(f"{name}{full * round(longest * value):{longest}}")
        lines[-1] += formatting.whole_percent(value)
    return lines


def draw(image: Pixels, palette: Palette) -> list[str]:
    """Lines of a gray image, each of two rows of its pixels and as wide as it is.

    Args:
        image: (H, W) uint8, 0 is black.
        palette: Without colors and half blocks, shades of dots stand for a mean of two pixels.
    """
    if len(image) % 2:
        image = np.concatenate((image, image[-1:]))
    draw_line = _shaded
    if palette.has_colors and palette.has_blocks:
        levels = np.rint(image * ((LEVELS - 1) / 255)) * (255 / (LEVELS - 1))
        image, draw_line = np.rint(levels).astype(np.uint8), _colored
    return list(map(draw_line, image[::2].tolist(), image[1::2].tolist()))


def _colored(upper: list[int], lower: list[int]) -> str:
    """A line in 24 bits, its colors set anew only where they change."""
    line, last = "", None
    for pair in zip(upper, lower, strict=True):
        if pair != last:
            (above, below), last = pair, pair
            line += f"\x1b[38;2;{above};{above};{above};48;2;{below};{below};{below}m"
        line += "▀"
    return line + RESET


def _shaded(upper: list[int], lower: list[int]) -> str:
    pairs = zip(upper, lower, strict=True)
    return "".join(SHADES[(above + below) * len(SHADES) // 512] for above, below in pairs)


def fit_into(image: Pixels, width: int, height: int) -> Pixels:
    """An image scaled, its aspect kept, to at most `width` and `height` pixels."""
    from PIL import Image

    scale = min(width / image.shape[1], height / image.shape[0])
    size = (max(1, round(scale * image.shape[1])), max(1, round(scale * image.shape[0])))
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BOX))
