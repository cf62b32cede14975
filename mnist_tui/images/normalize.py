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

SIDE: Final = 28
"""Pixels on each side of one of MNIST's images."""
BOX: Final = 20
"""Pixels on the longer side of the ink in it."""
CENTER: Final = SIDE / 2
"""Where the ink's center of mass is, to half a pixel, in pixels from the first one."""
EDGE: Final = 0.25
"""Ink begins at this fraction of the strongest ink; what is fainter does not widen the box."""
SPECK: Final = 0.02
"""A piece with less ink than this fraction of the largest is dust."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Fitted:
    """Ink in MNIST's form, and what that took."""

    image: NDArray[np.uint8]
    """(28, 28) uint8, 0 is ground and 255 is ink; all 0 when there was no ink."""
    done: tuple[str, ...]
    """Each step in words, in order."""


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
    values, has_specks = _without_specks(values)
    ink = _resize(cut_out(values))
    fitted = _to_bytes(ink * np.float32(255 / ink.max()))  # its strongest as strong as MNIST's
    done = (
        *(("specks left out",) if has_specks else ()),
        f"fitted into {BOX}x{BOX}",
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


def _without_specks(ink: Floats) -> tuple[Floats, bool]:
    """The same ink without dust, and whether there was some."""
    import cv2

    is_ink = (ink >= EDGE * ink.max()).astype(np.uint8)
    # What is apart by less than a 64th of the image belongs together.
    near = np.ones((2 * (max(ink.shape) // 128) + 1,) * 2, np.uint8)
    count, labels = cv2.connectedComponents(cv2.dilate(is_ink, near), connectivity=8)
    areas = np.bincount(labels[is_ink > 0], minlength=count)
    specks = (areas > 0) & (areas < SPECK * areas.max())
    if not specks.any():
        return ink, False
    return np.where(specks[labels], np.float32(0), ink), True


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
