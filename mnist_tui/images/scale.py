"""Smaller copies of an image, on which what is large is found in little time."""

from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

T = TypeVar("T", np.uint8, np.float32)


def shrink(image: NDArray[T], longer: int) -> NDArray[T]:
    """An image (H, W) whose longer side is at most `longer`, each pixel a mean of what it covers.

    A side never becomes shorter than a pixel; what is small enough stays as it is.
    """
    scale = longer / max(image.shape)
    if scale >= 1:
        return image
    height, width = (max(1, round(scale * side)) for side in image.shape)
    small = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(small, image.dtype)
