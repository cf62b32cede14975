"""The sheet of paper in a photograph that shows what it lies on as well."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from mnist_tui.images.scale import shrink

COARSE: Final = 240
"""Longer side, in pixels, of the small image in which the sheet is looked for."""
DARK: Final = 0.42
"""What lies beside a sheet is at most this bright beside it; a shadow leaves more of the light."""
LEAST: Final = 0.15
"""The least fraction of the image that a sheet takes."""
CONVEX: Final = 0.93
"""The least fraction of its convex hull that a sheet fills."""
FULL: Final = 0.75
"""The least fraction of a sheet that is light; of a chalk 0 on a board it is less."""
MARGIN: Final = 0.012
"""The strip along the sheet's edges that is left out, as a fraction of the longer side."""


def find_sheet(gray: NDArray[np.uint8]) -> NDArray[np.bool_] | None:
    """Where the sheet is, without its edges.

    Args:
        gray: (H, W) uint8, 0 is black.

    Returns:
        (H, W) bool; None when the sheet fills the image, or none is to be seen.
    """
    small = shrink(gray, COARSE)
    if min(small.shape) < 16:
        return None
    small = np.asarray(cv2.medianBlur(small, 5), np.uint8)
    _, is_light = cv2.threshold(small, 0, 1, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    outline = _outline(np.asarray(is_light, np.uint8))
    if outline is None:
        return None
    sheet = cv2.drawContours(np.zeros_like(small), [outline], 0, 1, cv2.FILLED)
    if is_light[sheet == 1].mean() < FULL:
        return None
    inside, outside = small[sheet == 1], small[sheet == 0]
    if not len(outside) or np.median(outside) > DARK * np.median(inside):
        return None
    margin = max(1, round(MARGIN * max(small.shape)))
    # Not at the frame's own edges, which are not the sheet's.
    padded = cv2.copyMakeBorder(sheet, *(4 * (margin,)), cv2.BORDER_REPLICATE)
    eroded = cv2.erode(padded, np.ones((2 * margin + 1,) * 2, np.uint8))
    eroded = eroded[margin:-margin, margin:-margin]
    large = cv2.resize(eroded, gray.shape[::-1], interpolation=cv2.INTER_NEAREST)
    return np.asarray(large == 1)


def _outline(is_light: NDArray[np.uint8]) -> NDArray[np.int32] | None:
    """The convex outline of the largest light region, if it could be a sheet's."""
    contours, _ = cv2.findContours(is_light, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    if not contours:
        return None
    largest = max(contours, key=cv2.contourArea)
    hull = cv2.convexHull(largest)
    area = cv2.contourArea(hull)
    is_sheet = cv2.contourArea(largest) >= CONVEX * area and area >= LEAST * is_light.size
    return np.asarray(hull) if is_sheet else None
