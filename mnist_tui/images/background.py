"""The light that falls on a page, taken out of its photograph: what is left is contrast.

The background at a pixel is what the page would look like there without ink. It is found by
grayscale morphology: a closing fills what is dark and narrower than its window, which strokes
are, and leaves the edges of a shadow, of the sheet or of a thumb where they were.
"""

from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from mnist_tui.images.scale import shrink
from mnist_tui.images.sheet import find_sheet

Floats = NDArray[np.float32]

FAINTEST: Final = 8 / 255
"""Contrast below this is no ink, however little noise there is."""
WINDOW: Final = 0.3
"""Side of the closing's window, as a fraction of the image's shorter side; wider strokes than
this are taken for background."""
WINDOWS: Final = (0.06, 0.12, WINDOW)
"""The same for telling light ink from dark: the first that tells them apart is taken."""
FLAT: Final = 0.4
"""An image whose border is of one value, as is this fraction of its pixels, was drawn and not
photographed: that value is its background."""
COARSE: Final = 192
"""Longer side, in pixels, of the small image on which light and dark are told apart."""
DARKEST: Final = 16.0
"""Added to the background that contrast is relative to, so that black is not all noise."""
DIMMEST: Final = 64.0
"""The same for ink that is lighter than its background."""


@dataclass(frozen=True, eq=False)
class Contrast:
    """How much each pixel of an image stands out from the page."""

    values: Floats
    """(H, W) float32, at least 0; 0 is background. About 0.7 for a pen on paper."""
    background: Floats
    """(H, W) float32 in [0, 255]: the page without ink."""
    noise: float
    """Standard deviation of `values` where there is only page."""
    done: tuple[str, ...]
    """Each step in words, in order."""


def find_contrast(gray: NDArray[Any]) -> Contrast:
    """Tell ink from background, dark on light or light on dark, in any light.

    Args:
        gray: (H, W) of any size in [0, 255], 0 is black.
    """
    values = np.asarray(gray, np.float32)
    flat = _flat_value(values)
    if flat is not None:
        return _from_flat(values, flat)
    values = _smooth(values)
    eight_bits = np.rint(values).clip(0, 255).astype(np.uint8)
    sheet = find_sheet(eight_bits)
    if sheet is not None:
        page = np.median(eight_bits[sheet])
        eight_bits[~sheet], values[~sheet] = page, page
    is_dark_ink = _has_dark_ink(eight_bits)
    operation = cv2.MORPH_CLOSE if is_dark_ink else cv2.MORPH_OPEN
    window = _window(eight_bits.shape, WINDOW)
    background = cv2.morphologyEx(eight_bits, operation, window).astype(np.float32)
    if is_dark_ink:
        contrast = (background - values) / (background + DARKEST)
    else:
        contrast = (values - background) / (background + DIMMEST)
    contrast, noise = _without_offset(contrast, sheet)
    if sheet is not None:
        contrast[~sheet] = 0
    done = (
        *(("cut to the sheet",) if sheet is not None else ()),
        "background leveled",
        *(("inverted: dark on light",) if is_dark_ink else ()),
    )
    return Contrast(contrast, background, noise, done)


def _flat_value(values: Floats) -> float | None:
    """The one value of a drawn image's background; None for a photograph."""
    border = np.concatenate((values[0], values[-1], values[:, 0], values[:, -1]))
    middle = np.median(border)
    is_flat = np.mean(border == middle) > 0.5 and np.mean(values == middle) >= FLAT
    return float(middle) if is_flat else None


def _from_flat(values: Floats, flat: float) -> Contrast:
    over = values - np.float32(flat)
    is_dark_ink = bool((np.minimum(over, 0) ** 2).sum() > (np.maximum(over, 0) ** 2).sum())
    contrast = np.maximum(-over if is_dark_ink else over, 0) / 255
    done = ("inverted: dark on light",) if is_dark_ink and contrast.max() >= FAINTEST else ()
    return Contrast(contrast, np.full_like(values, flat), 0.0, done)


def _smooth(values: Floats) -> Floats:
    """The same image, blurred as far as its noise and its size ask for."""
    if min(values.shape) < 100:
        return values
    # Second differences of second differences see noise, and hardly anything of edges.
    mask = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    noise = np.median(np.abs(cv2.filter2D(values, -1, mask))) / 0.6745 / 6
    sigma = float(np.clip(noise / 5, 0.8, 2.5))
    return np.asarray(cv2.GaussianBlur(values, (0, 0), sigma), np.float32)


def _has_dark_ink(values: NDArray[np.uint8]) -> bool:
    """Whether ink is darker than the page, (H, W) uint8.

    What is narrow counts by how far it is from the median of its surroundings: the loop of an
    8 is narrow and light as well, and is page.
    """
    small = shrink(values, COARSE)
    side = min(2 * round(WINDOW * min(small.shape)) + 1, 255)
    padded = cv2.copyMakeBorder(small, *(4 * (side // 2,)), cv2.BORDER_REPLICATE)
    middle = cv2.medianBlur(padded, side)[side // 2 : -(side // 2), side // 2 : -(side // 2)]
    over = small.astype(np.float32) - middle
    for part in WINDOWS:
        window = _window(small.shape, part)
        dark = cv2.morphologyEx(small, cv2.MORPH_BLACKHAT, window) * np.maximum(-over, 0)
        light = cv2.morphologyEx(small, cv2.MORPH_TOPHAT, window) * np.maximum(over, 0)
        if dark.max() > 2 * light.max() or light.max() > 2 * dark.max():
            break
    return bool(dark.sum() >= light.sum())


def _window(shape: tuple[int, ...], part: float) -> NDArray[np.uint8]:
    side = 2 * round(part * min(shape) / 2) + 1
    return np.ones((max(side, 3),) * 2, np.uint8)


def _without_offset(contrast: Floats, page: NDArray[np.bool_] | None) -> tuple[Floats, float]:
    """The same with the page at 0, and the page's noise; most pixels must be page."""
    of_page = contrast[::2, ::2] if page is None else contrast[page]
    middle = np.median(of_page)
    noise = 1.4826 * float(np.median(np.abs(of_page - middle)))
    return np.maximum(contrast - middle, 0), noise
