"""The light that falls on a page, taken out of its photograph: what is left is contrast.

The background at a pixel is what the page would look like there without ink. It is found by
grayscale morphology: a closing fills what is dark and narrower than its window, which strokes
are, and leaves the edges of a shadow, of the sheet or of a thumb where they were.
"""

from collections.abc import Iterator
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
WINDOWS: Final = (0.08, 0.16, 0.32)
"""Sides of the closing's window, as fractions of the image's shorter side; wider strokes than
the largest count as background."""
EDGE: Final = 0.012
"""Within this fraction of the longer side, an edge goes from light to dark."""
FLAT: Final = 0.4
"""An image whose border is of one value, as is this fraction of its pixels, was drawn and not
photographed: that value is its background."""
SPARSE: Final = 3
"""Of so many pixels in each direction one is enough to estimate noise."""
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
    edges: Floats
    """(H, W) float32: the most contrast between two pixels near each, whatever is page."""
    jumps: Floats
    """(H, W) float32: the same of the background alone; 0 but for the edges of shadows."""
    background: NDArray[np.uint8]
    """(H, W): the page as it would look without ink."""
    is_dark_ink: bool
    noise: float
    """Standard deviation of `values` where there is only page."""
    window: int
    """Pixels; strokes that are not much thinner may count as background in part. 0 where
    none was used."""

    def background_contrast(self, place: tuple[slice, slice]) -> Floats:
        """How much the background in a place stands out from the background near each pixel,
        as ink would: strokes too wide for the window do, (h, w)."""
        near = _near(self.background)
        operation = cv2.MORPH_DILATE if self.is_dark_ink else cv2.MORPH_ERODE
        own = self.background[place]
        paper = np.asarray(cv2.morphologyEx(own, operation, near), np.float32)
        return np.asarray(np.abs(paper - own) / (paper + _least(self.is_dark_ink)), np.float32)


@dataclass(frozen=True, eq=False)
class Plate:
    """An image made ready, from which contrast is found with one window or another."""

    values: Floats
    """(H, W) float32 in [0, 255], smoothed; beside the sheet its median."""
    sheet: NDArray[np.bool_] | None
    """(H, W): where the sheet is; None when it fills the image."""
    is_dark_ink: bool
    flat: float | None
    """The one value of a drawn image's background; None for a photograph."""

    @property
    def done(self) -> tuple[str, ...]:
        """Each step in words, in order."""
        return (
            *(("cut to the sheet",) if self.sheet is not None else ()),
            *(("background leveled",) if self.flat is None else ()),
            *(("inverted: dark on light",) if self.is_dark_ink else ()),
        )

    def contrasts(self) -> Iterator[Contrast]:
        """What stands out, found with a small window first, which follows shadows best."""
        if self.flat is not None:
            over = self.values - np.float32(self.flat)
            values = np.maximum(-over if self.is_dark_ink else over, 0) / 255
            edges = np.ones_like(values)  # whatever is soft there is no shadow
            page = np.full(values.shape, self.flat, np.uint8)
            jumps = np.zeros_like(values)
            yield Contrast(values, edges, jumps, page, self.is_dark_ink, 0.0, 0)
            return
        for part in WINDOWS:
            yield self._contrast(_window(self.values.shape, part))

    def _contrast(self, window: NDArray[np.uint8]) -> Contrast:
        operation = cv2.MORPH_CLOSE if self.is_dark_ink else cv2.MORPH_OPEN
        plate = _to_bytes(self.values)
        page = np.asarray(cv2.morphologyEx(plate, operation, window), np.uint8)
        scale = (1 / (page + _least(self.is_dark_ink))).astype(np.float32)
        over = (page - self.values) if self.is_dark_ink else (self.values - page)
        values, noise = _without_offset(over * scale, self.sheet)
        if self.sheet is not None:
            values[~self.sheet] = 0
        edges, jumps = _range(plate) * scale, _range(page) * scale
        return Contrast(values, edges, jumps, page, self.is_dark_ink, noise, len(window))


def prepare(gray: NDArray[Any]) -> Plate:
    """Tell which way ink stands out, dark on light or light on dark, and where the sheet is.

    Args:
        gray: (H, W) of any size in [0, 255], 0 is black.
    """
    values = np.asarray(gray, np.float32)
    flat = _flat_value(values)
    if flat is not None:
        over = values - np.float32(flat)
        dark, light = ((np.minimum(over, 0) ** 2).sum(), (np.maximum(over, 0) ** 2).sum())
        return Plate(values, None, bool(dark > light), flat)
    values = _smooth(values)
    sheet = find_sheet(_to_bytes(values))
    if sheet is not None:
        values = np.where(sheet, values, np.median(values[sheet]))
    return Plate(values, sheet, _has_dark_ink(_to_bytes(values)), None)


def _flat_value(values: Floats) -> float | None:
    """The one value of a drawn image's background; None for a photograph."""
    border = np.concatenate((values[0], values[-1], values[:, 0], values[:, -1]))
    middle = np.median(border)
    is_flat = np.mean(border == middle) > 0.5 and np.mean(values == middle) >= FLAT
    return float(middle) if is_flat else None


def _smooth(values: Floats) -> Floats:
    """The same image, blurred as far as its noise and its size ask for."""
    if min(values.shape) < 100:
        return values
    # Second differences of second differences see noise, and hardly anything of edges.
    mask = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    seen = cv2.filter2D(values, -1, mask)[::SPARSE, ::SPARSE]
    noise = np.median(np.abs(seen)) / 0.6745 / 6
    sigma = float(np.clip(noise / 5, 0.8, 2.5))
    return np.asarray(cv2.GaussianBlur(values, (0, 0), sigma), np.float32)


def _has_dark_ink(values: NDArray[np.uint8]) -> bool:
    """Whether ink is darker than the page, (H, W) uint8.

    What is narrow counts by how far it is from the median of its surroundings: the loop of an
    8 is narrow and light as well, and is page.
    """
    small = shrink(values, COARSE)
    side = min(2 * round(WINDOWS[-1] * min(small.shape)) + 1, 255)
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


def _range(image: NDArray[np.uint8]) -> Floats:
    """The difference of the lightest and the darkest pixel near each."""
    gradient = cv2.morphologyEx(image, cv2.MORPH_GRADIENT, _near(image))
    return np.asarray(gradient, np.float32)


def _near(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A window as wide as an edge is."""
    side = 2 * round(EDGE * max(image.shape) / 2) + 1
    return np.ones((max(side, 3),) * 2, np.uint8)


def _to_bytes(values: Floats) -> NDArray[np.uint8]:
    return np.rint(values).clip(0, 255).astype(np.uint8)


def _least(is_dark_ink: bool) -> np.float32:
    return np.float32(DARKEST if is_dark_ink else DIMMEST)


def _window(shape: tuple[int, ...], part: float) -> NDArray[np.uint8]:
    side = 2 * round(part * min(shape) / 2) + 1
    return np.ones((max(side, 3),) * 2, np.uint8)


def _without_offset(contrast: Floats, sheet: NDArray[np.bool_] | None) -> tuple[Floats, float]:
    """The same with the page at 0, and the page's noise; most pixels must be page."""
    few = contrast[::SPARSE, ::SPARSE]
    page = few if sheet is None else few[sheet[::SPARSE, ::SPARSE]]
    middle = np.median(page)
    noise = 1.4826 * float(np.median(np.abs(page - middle)))
    return np.maximum(contrast - middle, 0), noise
