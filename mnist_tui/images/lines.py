"""The lines of ruled and squared paper, taken out from under what is written on it.

A printed line is thin, straight, and goes from one side of the page to the other, which no
stroke of a digit does that has a page around it.
"""

import math
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from mnist_tui.images.scale import shrink

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]
Points = NDArray[np.intp]
T = TypeVar("T", bound=np.generic)

THICKEST: Final = 0.012
"""The thickness of the widest line that is looked for, as a fraction of the longer side."""
COARSE: Final = 384
"""Longer side, in pixels, of the image in which lines are looked for."""
COVERAGE: Final = 0.55
"""The fraction of its way across the page on which a line must be seen; writing hides some."""
ACROSS: Final = 0.5
"""How long that way must be, as a fraction of the image's shorter side."""
MISSES: Final = 60
"""After so many candidates that are no lines, the search ends: the best come first."""
STRONGER: Final = 1.3
"""What is this much stronger than a line, where the line is, is writing."""
FAMILY: Final = 3
"""So many lines show that a page is printed with them, wherever they end."""
SHORT: Final = 0.08
"""Of such a page, parts of lines that are this fraction of the longer side are taken out."""
BEND: Final = 0.12
"""How far their direction may be from a whole line's, in radians."""
MOST: Final = 200
"""Lines that are taken out of one image at most."""


@dataclass(frozen=True, slots=True)
class Line:
    """A straight line, in pixels: the points (x, y) with x cos + y sin = offset."""

    offset: float
    angle: float
    """Of its normal, in radians in [0, pi); 0 is an upright line."""

    @property
    def is_level(self) -> bool:
        """Whether it is nearer to level than to upright."""
        return math.pi / 4 < self.angle < 3 * math.pi / 4

    def points(self, shape: tuple[int, ...]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """A point (x, y) for each pixel of its way through an image of (H, W)."""
        height, width = shape
        cos, sin = np.cos(self.angle), np.sin(self.angle)
        if self.is_level:
            x = np.arange(width, dtype=np.float64)
            y = (self.offset - x * cos) / sin
            inside = (y > -0.5) & (y < height - 0.5)
        else:
            y = np.arange(height, dtype=np.float64)
            x = (self.offset - y * sin) / cos
            inside = (x > -0.5) & (x < width - 0.5)
        return x[inside], y[inside]


def remove_lines(contrast: Floats, noise: float) -> tuple[Floats, int]:
    """Take the lines out, and leave the strokes that cross them.

    Args:
        contrast: (H, W), 0 is page.
        noise: Its standard deviation where there is only page.

    Returns:
        The contrast without them, and how many they were.
    """
    thickest = max(3, round(THICKEST * max(contrast.shape)))
    thin = [_thin(contrast, thickest, is_level=is_level) for is_level in (True, False)]
    least = max(4 * noise, 0.02)
    lines = _find(np.maximum(*thin), least)
    for is_level in (True, False):
        own = [line for line in lines if line.is_level == is_level]
        if own:
            # Anew, for where lines cross, neither is thin.
            contrast = _without(contrast, own, least, thickest, is_level=is_level)
    return contrast, len(lines)


def _without(
    contrast: Floats, lines: list[Line], least: float, thickest: int, *, is_level: bool
) -> Floats:
    """The contrast without lines of about one direction, and, if they are many, their rest."""
    thin = _thin(contrast, thickest, is_level=is_level)
    bands = _bands(thin, lines, thickest)
    contrast = contrast - np.minimum(thin, bands)
    if len(lines) >= FAMILY:
        limit = float(np.median(bands[bands > 0]))
        rest = _thin(contrast, thickest, is_level=is_level)
        at = _find_rest(rest, [line.angle for line in lines], least, thickest) & (rest < limit)
        contrast = np.where(at, contrast - rest, contrast)
    return np.maximum(contrast, 0)


def _bands(thin: Floats, lines: list[Line], thickest: int) -> Floats:
    """How strong the lines are where they are, (H, W); writing that is stronger goes on."""
    bands = np.zeros(thin.shape, np.float32)
    for line in lines:
        x, y = (np.rint(each).astype(int) for each in line.points(thin.shape))
        near = [_at(thin, x, y, line.is_level, step) for step in range(-3, 4)]
        _paint(bands, line, thickest, STRONGER * float(np.median(np.max(near, axis=0))))
    return bands


def _thin(contrast: Floats, thickest: int, *, is_level: bool) -> Floats:
    """What is thinner than `thickest` from top to bottom, or from side to side."""
    size = (1, thickest + 1) if is_level else (thickest + 1, 1)
    thick = cv2.morphologyEx(contrast, cv2.MORPH_OPEN, np.ones(size[::-1], np.uint8))
    return np.asarray(contrast - thick, np.float32)


def _find(thin: Floats, least: float) -> list[Line]:
    """The lines that cross the image, the surest first."""
    small = shrink(thin, COARSE)
    scale = max(small.shape) / max(thin.shape)
    seen = (small > least * max(scale, 0.5)).astype(np.uint8)
    if seen.mean() > 0.4:
        return []
    shorter = min(seen.shape)
    votes = max(20, round(COVERAGE * ACROSS * shorter))
    found = cv2.HoughLines(seen, 1, np.pi / 360, votes)
    candidates: Floats = np.empty((0, 2), np.float32)
    if found is not None:
        candidates = np.asarray(found.reshape(-1, 2), np.float32)
    lines: list[Line] = []
    reaching = misses = 0
    while len(candidates) and len(lines) < MOST:
        line = Line(*(float(value) for value in candidates[0]))
        x, y = (np.rint(each).astype(int) for each in line.points(seen.shape))
        hit = _hits(seen, x, y, line.is_level)
        if len(x) >= ACROSS * shorter and hit.mean() >= COVERAGE:
            _paint(seen, line, 3, 0)
            lines.append(Line(line.offset / scale, line.angle))
            end = max(2, round(0.03 * len(x)))
            reaching += bool(hit[:end].any() and hit[-end:].any())
            misses = 0
        else:
            misses += 1
            if misses > MISSES:
                break
        candidates = candidates[~_is_near(candidates, line)]
    # One line that ends within the page is a stroke; the lines of a sheet on a desk end, too.
    return lines if reaching or len(lines) >= FAMILY else []


def _find_rest(thin: Floats, angles: list[float], least: float, thickest: int) -> Bools:
    """Where parts of bent lines are left, and lines that cross a corner, (H, W)."""
    small = shrink(thin, COARSE)
    scale = max(small.shape) / max(thin.shape)
    seen = (small > least * max(scale, 0.5)).astype(np.uint8)
    length = max(8, round(SHORT * max(seen.shape)))
    found = cv2.HoughLinesP(seen, 1, np.pi / 180, length // 2, None, length, 4)
    where = np.zeros(thin.shape, np.uint8)
    for x0, y0, x1, y1 in found.reshape(-1, 4)[:MOST].tolist() if found is not None else ():
        normal = math.atan2(x0 - x1, y1 - y0) % math.pi
        if min(abs(normal - angle) for angle in angles) < BEND:
            ends = [(round(x / scale), round(y / scale)) for x, y in ((x0, y0), (x1, y1))]
            cv2.line(where, ends[0], ends[1], 1, thickest)
    return np.asarray(where > 0)


def _is_near(candidates: Floats, line: Line) -> Bools:
    """Which of (N, 2) offsets and angles are much the same line."""
    offsets, angles = candidates.T
    return np.asarray((abs(offsets - line.offset) < 3) & (abs(angles - line.angle) < 0.02))


def _hits(seen: NDArray[np.uint8], x: Points, y: Points, is_level: bool) -> Bools:
    """Which of the points (x, y), or those next to them across the line, are set."""
    near = [_at(seen, x, y, is_level, step) > 0 for step in (-1, 0, 1)]
    return np.asarray(np.any(near, axis=0))


def _at(image: NDArray[T], x: Points, y: Points, is_level: bool, step: int) -> NDArray[T]:
    """The values at points (x, y), `step` pixels across their line."""
    if is_level:
        y = (y + step).clip(0, image.shape[0] - 1)
    else:
        x = (x + step).clip(0, image.shape[1] - 1)
    return np.asarray(image[y, x])


def _paint(image: NDArray[Any], line: Line, width: int, value: float) -> None:
    x, y = line.points(image.shape)
    ends = [(round(float(x[i])), round(float(y[i]))) for i in (0, -1)]
    cv2.line(image, ends[0], ends[1], value, width)
