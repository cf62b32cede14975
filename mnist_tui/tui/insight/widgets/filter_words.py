"""What a filter answers to, in words: the simple pattern that its weights are most like."""

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Pattern = Callable[[Floats, Floats], Floats]
"""Weights at x and y, both from -1 to 1, to the right and down."""

CLOSELY: Final = 0.7
ROUGHLY: Final = 0.5
"""From these likenesses on a filter may be called by a pattern's name."""

PATTERNS: Final[tuple[tuple[str, Pattern], ...]] = (
    ("ink of any shape", lambda x, y: np.ones_like(x)),
    ("bare paper, and less wherever there is ink", lambda x, y: -np.ones_like(x)),
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
"""What each is called, and its weights."""


def most_like(weights: NDArray[np.uint8]) -> tuple[str, float]:
    """The pattern that a filter is most like, and the cosine between the two.

    Args:
        weights: (h, w) uint8, 128 for zero, at least 2 by 2.
    """
    values = weights.astype(np.float64) - 128
    height, width = values.shape
    x, y = np.meshgrid(np.linspace(-1, 1, width), np.linspace(-1, 1, height))
    return max(
        ((name, _cosine(values, make(x, y))) for name, make in PATTERNS), key=lambda pair: pair[1]
    )


def _cosine(one: Floats, other: Floats) -> float:
    lengths = np.linalg.norm(one) * np.linalg.norm(other)
    return float(np.sum(one * other) / lengths) if lengths else 0.0
