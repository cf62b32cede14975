"""A picture as `predict --show` draws it, from the photograph to the answer."""

from itertools import zip_longest
from typing import TYPE_CHECKING, Final

import numpy as np
from rich.cells import cell_len

from mnist_tui import formatting
from mnist_tui.cli.blocks import Palette, Pixels, draw, fit_into
from mnist_tui.cli.table import pad
from mnist_tui.tui.text.fitting import shorten

if TYPE_CHECKING:
    from mnist_tui.inference.predict import Prediction

SIDE: Final = 28
"""Pixels of an image in MNIST's form, and the height of all that is drawn."""
PHOTOGRAPH: Final = 21
"""Columns for the photograph."""
CUT: Final = 16
"""Columns for what was cut out of it."""
ANSWER: Final = 6
"""Columns for the name of a class, a blank and its bar; a long name takes the bar's."""


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
