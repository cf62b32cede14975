"""Any picture as 28x28 gray values, whole and as it is: not read as handwriting."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mnist_tui.images.normalize import SIDE, Fitted

_CORNER: Final = 8
"""The ground is looked for in the corners, each this part of a side long."""

Floats = NDArray[np.float32]


def fit_whole(gray: NDArray[Any]) -> Fitted:
    """Fit a whole picture into 28x28, on a dark ground, with what was done in words.

    A picture of 28x28 on a dark ground is left as it is, to the last bit.

    Args:
        gray: (H, W) of any size, in [0, 255], 0 is black.
    """
    values = np.nan_to_num(np.asarray(gray, np.float32), posinf=255).clip(0, 255)
    done: list[str] = []
    ground = _ground(values)
    if ground > 127:
        values, ground = 255 - values, 255 - ground
        done.append("light ground made dark")
    if values.shape != (SIDE, SIDE):
        values = _resize(_squared(values, ground))
        done.append(f"fitted whole into {SIDE}x{SIDE}")
    return Fitted(np.rint(values).clip(0, 255).astype(np.uint8), tuple(done) or ("as it is",))


def _ground(values: Floats) -> float:
    """The gray value of what a picture shows its thing on."""
    height, width = (max(1, side // _CORNER) for side in values.shape)
    corners = [
        values[rows, columns].ravel()
        for rows in (slice(height), slice(-height, None))
        for columns in (slice(width), slice(-width, None))
    ]
    return float(np.median(np.concatenate(corners)))


def _squared(values: Floats, ground: float) -> Floats:
    """The picture in the middle of a square of its ground."""
    height, width = values.shape
    side = max(height, width)
    square = np.full((side, side), ground, np.float32)
    top, left = (side - height) // 2, (side - width) // 2
    square[top : top + height, left : left + width] = values
    return square


def _resize(square: Floats) -> Floats:
    from PIL import Image

    # It takes the mean over what becomes one pixel, and interpolates where there is less.
    resized = Image.fromarray(square).resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    return np.asarray(resized, np.float32)
