"""What was done to a picture, step by step, so that it can be shown in words and images."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

THUMBNAIL: Final = 112
"""Longer side, in pixels, of the image of a step."""


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One step on the way from a photograph to what a network gets."""

    words: str
    """What was done; a few words without a capital letter."""
    image: NDArray[np.uint8] | None = None
    """(h, w) uint8, what came out of it, at most THUMBNAIL on the longer side; None where
    nothing is to be seen of it."""


def thumbnail(image: NDArray[Any]) -> NDArray[np.uint8]:
    """A small copy of an image (H, W) in [0, 255]."""
    from PIL import Image

    picture = Image.fromarray(np.rint(image).clip(0, 255).astype(np.uint8))
    picture.thumbnail((THUMBNAIL, THUMBNAIL), Image.Resampling.BOX)
    return np.asarray(picture)
