"""What stands out from a page, piece by piece."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Labels = NDArray[np.int32]


MOST: Final = 500
"""Pieces of one image that are looked at, the largest; a page of print has thousands."""


@dataclass(frozen=True, slots=True, order=True)
class Box:
    """A rectangle of pixels."""

    top: int
    left: int
    height: int
    width: int

    @property
    def bottom(self) -> int:
        """The first row below it."""
        return self.top + self.height

    @property
    def right(self) -> int:
        """The first column beyond it."""
        return self.left + self.width

    @property
    def longer(self) -> int:
        """Its longer side."""
        return max(self.height, self.width)

    @property
    def slices(self) -> tuple[slice, slice]:
        """The same as indices of an image (H, W)."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def join(self, other: "Box") -> "Box":
        """The smallest rectangle with both in it."""
        top, left = min(self.top, other.top), min(self.left, other.left)
        bottom, right = max(self.bottom, other.bottom), max(self.right, other.right)
        return Box(top, left, bottom - top, right - left)

    def gap(self, other: "Box") -> tuple[int, int]:
        """The rows and the columns between the two; negative where they overlap."""
        return (
            max(self.top, other.top) - min(self.bottom, other.bottom),
            max(self.left, other.left) - min(self.right, other.right),
        )

    def holds(self, other: "Box") -> bool:
        """Whether the other lies inside."""
        return self.join(other) == self

    def grow(self, by: int, shape: tuple[int, ...]) -> "Box":
        """The same with `by` pixels more on each side, as far as an image (H, W) goes."""
        top, left = max(self.top - by, 0), max(self.left - by, 0)
        bottom, right = min(self.bottom + by, shape[0]), min(self.right + by, shape[1])
        return Box(top, left, bottom - top, right - left)


@dataclass(frozen=True, slots=True)
class Component:
    """Ink of which each pixel can be reached from each other."""

    label: int
    """Its pixels have this in the labels."""
    box: Box
    area: int
    """Pixels of ink."""
    mass: float
    """Sum of their contrast."""
    strength: float
    """Contrast of its stronger pixels."""
    thickness: float
    """Of its thickest place, in pixels."""
    touches: int
    """Pixels of its box's sides that are on the frame's, as far as they are ink."""


def find_components(contrast: Floats, low: float, join: int = 0) -> tuple[Labels, list[Component]]:
    """The pieces whose contrast is above `low`, the largest first.

    Args:
        contrast: (H, W), 0 is page.
        low: Where ink begins.
        join: Pieces that are at most so many pixels apart are one.

    Returns:
        (H, W) int32, 0 where there is no ink, and what is known of each piece.
    """
    is_ink = (contrast > low).astype(np.uint8)
    near = np.ones((join + 1,) * 2, np.uint8)
    joined = cv2.morphologyEx(is_ink, cv2.MORPH_CLOSE, near) if join > 0 else is_ink
    _, whole, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    labels: Labels = np.asarray(whole * is_ink, np.int32)
    framed = cv2.copyMakeBorder(is_ink, 1, 1, 1, 1, cv2.BORDER_CONSTANT)
    depth = cv2.distanceTransform(framed, cv2.DIST_L2, 3)[1:-1, 1:-1]
    least = max(4, round(1e-5 * contrast.size))
    found = []
    largest = np.argsort(-stats[1:, cv2.CC_STAT_AREA], kind="stable")[:MOST] + 1
    for label in largest.tolist():
        left, top, width, height, area = (int(value) for value in stats[label])
        if area < least:
            continue
        box = Box(top, left, height, width)
        at = labels[box.slices] == label
        count = int(at.sum())
        if not count:
            continue
        ink = contrast[box.slices][at]
        found.append(
            Component(
                label=label,
                box=box,
                area=count,
                mass=float(ink.sum()),
                strength=float(np.percentile(ink, 85)),
                thickness=2 * float(depth[box.slices][at].max()),
                touches=_touches(at, box, contrast.shape),
            )
        )
    return labels, sorted(found, key=lambda component: -component.area)


def _touches(at: NDArray[np.bool_], box: Box, shape: tuple[int, ...]) -> int:
    """How many pixels of a component are on the frame."""
    sides = (
        at[0] if box.top == 0 else at[:0],
        at[-1] if box.bottom == shape[0] else at[:0],
        at[:, 0] if box.left == 0 else at[:0],
        at[:, -1] if box.right == shape[1] else at[:0],
    )
    return sum(int(side.sum()) for side in sides)
