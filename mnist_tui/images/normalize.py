"""Handwriting in MNIST's form: cut out, fitted into 20x20, centered in 28x28 by its mass.

The form is the one that http://yann.lecun.com/exdb/mnist describes. Measured on all
70,000 digits: the longer side of the ink is 20 pixels, in 16 of them 19, and its center of
mass, counted in whole pixels from 0, lies between 13.48 and 14.5 in both directions.
"""

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mnist_tui.images.despeckle import find_specks

SIDE: Final = 28
"""Pixels on each side of one of MNIST's images."""
BOX: Final = 20
"""Pixels on the longer side of the ink in it."""
CENTER: Final = SIDE / 2
"""Where the ink's center of mass is, to half a pixel, in pixels from the first one."""
EDGE: Final = 0.25
"""Ink begins at this fraction of the strongest ink; what is fainter does not widen the box."""

FAINTEST: Final = 8
"""What stands out less from its ground than this, of 255, is no ink."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Ink:
    """What stands out from the ground of an image."""

    values: Floats
    """(H, W) float32 in [0, 255], 0 is ground; all 0 when nothing stands out."""
    done: tuple[str, ...]
    """Each step in words, in order."""


@dataclass(frozen=True, eq=False)
class Fitted:
    """Ink in MNIST's form, and what that took."""

    image: NDArray[np.uint8]
    """(28, 28) uint8, 0 is ground and 255 is ink; all 0 when there was no ink."""
    done: tuple[str, ...]
    """Each step in words, in order."""


def find_ink(gray: NDArray[Any]) -> Ink:
    """Tell ink from ground, dark on light or light on dark.

    The border is taken for ground. Most of a made image's border is one value, and that is
    the ground; on a photograph's, a smooth surface through the border is, and what the border
    itself departs from it counts as noise.

    Args:
        gray: (H, W) of any size in [0, 255], 0 is black.
    """
    values = np.asarray(gray, np.float32)
    ground, noise = _find_ground(values)
    over = values - ground
    is_dark = bool((np.minimum(over, 0) ** 2).sum() > (np.maximum(over, 0) ** 2).sum())
    ink = np.maximum((-over if is_dark else over) - noise, 0)
    done = ("ground evened out",) if noise else ()
    if ink.max(initial=0) < FAINTEST:
        return Ink(np.zeros_like(ink), done)
    return Ink(ink, (*done, "inverted: dark on light") if is_dark else done)


def _find_ground(values: Floats) -> tuple[Floats, float]:
    """The ground of (H, W) gray values, as one value or (H, W) of them, and its noise."""
    is_border = np.ones(values.shape, bool)
    is_border[1:-1, 1:-1] = False
    border = values[is_border]
    middle = np.median(border)
    spread = float(np.median(np.abs(border - middle)))
    if spread == 0:
        return np.asarray(middle, np.float32), 0.0
    is_ground = np.abs(border - middle) <= max(4 * spread, FAINTEST)
    rows, columns = (np.linspace(-1, 1, length) for length in values.shape)
    y, x = np.nonzero(is_border)
    terms = np.stack(_surface(rows[y[is_ground]], columns[x[is_ground]]), axis=1)
    weights, *_ = np.linalg.lstsq(terms, border[is_ground], rcond=None)
    noise = np.percentile(np.abs(border[is_ground] - terms @ weights), 99)
    whole = _surface(rows[:, None], columns[None, :])
    ground = sum(weight * term for weight, term in zip(weights, whole, strict=True))
    return np.asarray(ground, np.float32), float(noise)


def _surface(y: NDArray[np.float64], x: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """The terms of a surface of the second degree, in which light falls off well enough."""
    return [np.ones_like(y), y, x, y * y, y * x, x * x]


def to_mnist_form(ink: NDArray[Any]) -> NDArray[np.uint8]:
    """Bring handwriting to MNIST's form; any thread.

    Ink that is in MNIST's form already is left as it is, to the last bit.

    Args:
        ink: (H, W) of any size, integers or floats; 0 is ground, 255 is full ink.

    Returns:
        (28, 28) uint8; all 0 when there is no ink.
    """
    return fit(ink).image


def fit(ink: NDArray[Any]) -> Fitted:
    """As `to_mnist_form`, with what was done in words."""
    values = np.nan_to_num(np.asarray(ink, np.float32), posinf=255).clip(0, 255)
    if values.shape == (SIDE, SIDE):
        whole = _to_bytes(values)
        if is_mnist_form(whole):
            return Fitted(whole, ("already in MNIST's form",))
    if values.max(initial=0) < 0.5:  # none in 8 bits
        return Fitted(np.zeros((SIDE, SIDE), np.uint8), ("there is no ink",))
    specks = find_specks(values >= EDGE * values.max())
    if specks is not None:
        values = np.where(specks, np.float32(0), values)
    cut = cut_out(values)
    fitted = _to_bytes(_stretch(_resize(cut)))
    done = (
        *(("specks left out",) if specks is not None else ()),
        f"{_words(values.shape)} cut to {_words(cut.shape)}, fitted into {_words((BOX, BOX))}",
        "centered by mass",
    )
    return Fitted(_place(fitted), done)


def is_mnist_form(image: NDArray[np.uint8]) -> bool:
    """Whether ink is as large and stands where MNIST's does.

    Args:
        image: (28, 28) uint8, 0 is ground and 255 is ink.
    """
    if not image.any():
        return False
    rows, columns = (np.flatnonzero(image.any(axis=axis)) for axis in (1, 0))
    longer = max(np.ptp(rows), np.ptp(columns)) + 1
    is_centered = all(abs(center - CENTER) <= 0.53 for center in center_of_mass(image))
    return bool(longer in (BOX - 1, BOX) and is_centered)


def center_of_mass(ink: NDArray[Any]) -> tuple[float, float]:
    """The mean row and column of (H, W) ink, each pixel counting by its strength."""
    rows, columns = (ink.sum(axis=axis, dtype=np.float64) for axis in (1, 0))
    mass = rows.sum()
    row, column = (side @ np.arange(len(side)) / mass for side in (rows, columns))
    return float(row), float(column)


def cut_out(ink: Floats) -> Floats:
    """The smallest rectangle with all the ink of (H, W) that has some."""
    is_ink = ink >= EDGE * ink.max()
    rows, columns = (np.flatnonzero(is_ink.any(axis=axis)) for axis in (1, 0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _resize(cut: Floats) -> Floats:
    """The same ink, its longer side 20 pixels, its aspect kept."""
    from PIL import Image

    height, width = cut.shape
    scale = BOX / max(height, width)
    if scale == 1:
        return cut
    size = (max(1, round(scale * width)), max(1, round(scale * height)))
    image = Image.fromarray(np.ascontiguousarray(cut))
    return np.asarray(image.resize(size, Image.Resampling.HAMMING), np.float32)


def _stretch(ink: Floats) -> Floats:
    """The same ink with its strongest as strong as MNIST's."""
    return ink * np.float32(255 / ink.max())


def _place(ink: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Ink of at most 20x20 on a ground of 28x28, its center of mass in the middle."""
    image = np.zeros((SIDE, SIDE), np.uint8)
    top, left = (
        min(max(math.ceil(CENTER - 0.5 - center), 0), SIDE - length)
        for center, length in zip(center_of_mass(ink), ink.shape, strict=True)
    )
    image[top : top + ink.shape[0], left : left + ink.shape[1]] = ink
    return image


def _to_bytes(ink: Floats) -> NDArray[np.uint8]:
    return np.rint(ink).clip(0, 255).astype(np.uint8)


def _words(shape: tuple[int, ...]) -> str:
    height, width = shape
    return f"{width:,}x{height:,}"
