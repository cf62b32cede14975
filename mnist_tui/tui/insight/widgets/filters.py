"""The filters of a first layer: their weights and responses as images, and what they respond to."""

from collections.abc import Callable
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mnist_tui.run.inference import FirstLayer
from mnist_tui.tui.insight.widgets.bitmap import Image

Floats = NDArray[np.float64]
Pattern = Callable[[Floats, Floats], Floats]
"""Weights at x and y, both from -1 to 1, to the right and down."""

CLOSELY: Final = 0.7
ROUGHLY: Final = 0.5
"""From these likenesses on a filter may be called by a pattern's name."""

PATTERNS: Final[tuple[tuple[str, Pattern], ...]] = (
    ("ink of any shape", lambda x, y: np.ones_like(x)),
    ("empty background, and less wherever there is ink", lambda x, y: -np.ones_like(x)),
    ("a left edge: paper on the left, ink on the right", lambda x, y: x),
    ("a right edge: ink on the left, paper on the right", lambda x, y: -x),
    ("an upper edge: paper above, ink below", lambda x, y: y),
    ("a lower edge: ink above, paper below", lambda x, y: -y),
    ("a slanted edge with its ink at the lower right", lambda x, y: x + y),
    ("a slanted edge with its ink at the upper left", lambda x, y: -x - y),
    ("a slanted edge with its ink at the upper right", lambda x, y: x - y),
    ("a slanted edge with its ink at the lower left", lambda x, y: y - x),
    ("upright strokes", lambda x, y: 1 - x**2 / np.mean(x**2)),
    ("level strokes", lambda x, y: 1 - y**2 / np.mean(y**2)),
    ("strokes that fall to the right", lambda x, y: x * y),
    ("strokes that rise to the right", lambda x, y: -x * y),
)
"""The name of each, and its weights."""

_BRIGHTER: Final = np.rint(255 * (np.arange(256) / 255) ** 0.6).astype(np.uint8)
"""How responses are shown: most are far weaker than the strongest, and would not be seen."""


def filter_values(layer: FirstLayer, index: int) -> NDArray[np.uint8]:
    """(h, w): the weights of one filter, 128 for zero."""
    values = np.frombuffer(layer.filters, np.uint8).reshape(layer.filter_shape)
    return values[index, :, :]


def map_values(layer: FirstLayer, index: int) -> NDArray[np.uint8]:
    """(H, W): the response of one filter."""
    values = np.frombuffer(layer.maps, np.uint8).reshape(layer.map_shape)
    return values[index, :, :]


def filter_image(layer: FirstLayer, index: int, size: tuple[int, int]) -> Image:
    """A filter as large as fits into `size` columns and lines: in whole multiples, or smaller."""
    values = filter_values(layer, index)
    height, width = values.shape
    scale = min(size[0] / width, 2 * size[1] / height)
    if scale >= 1:
        return Image.of(values).enlarged(int(scale))
    return _resized(values.tobytes(), width, height, scale)


def map_image(layer: FirstLayer, index: int, side: int, *, is_full: bool = False) -> Image:
    """A response with at most `side` pixels a side: its own, whole multiples of them, or fewer.

    Weak ones are shown brighter than they are, the strongest stays the brightest; `is_full`: as
    if it were the strongest itself.
    """
    values = map_values(layer, index)
    values = _scaled_to_255(values) if is_full else _BRIGHTER[values]
    height, width = values.shape
    if side < max(height, width):
        return _resized(values.tobytes(), width, height, side / max(height, width))
    return Image.of(values).enlarged(side // max(height, width))


def _scaled_to_255(values: NDArray[np.uint8]) -> NDArray[np.uint8]:
    scale = 255 / max(int(values.max()), 1)
    scaled: NDArray[np.uint8] = np.rint(values * scale).astype(np.uint8)
    return scaled


@lru_cache(maxsize=256)
def _resized(pixels: bytes, width: int, height: int, scale: float) -> Image:
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return Image(pixels, width, height).resized(*size)


def nearest_pattern(weights: NDArray[np.uint8]) -> tuple[str, float]:
    """The name of the pattern that a filter is most like, and the cosine between the two.

    Args:
        weights: (h, w) uint8, 128 for zero. One that is a pixel wide or high has no edges.
    """
    values = weights.astype(np.float64) - 128
    height, width = values.shape
    patterns = PATTERNS if min(height, width) > 1 else PATTERNS[:2]
    x, y = np.meshgrid(np.linspace(-1, 1, width), np.linspace(-1, 1, height))
    return max(
        ((name, _cosine(values, make(x, y))) for name, make in patterns), key=lambda pair: pair[1]
    )


def _cosine(one: Floats, other: Floats) -> float:
    lengths = np.linalg.norm(one) * np.linalg.norm(other)
    return float(np.sum(one * other) / lengths) if lengths else 0.0
