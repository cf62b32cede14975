"""The pieces of ink that belong to one digit, put together and cut out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from mnist_tui.images.components import Box, Component

Floats = NDArray[np.float32]

FAINT: Final = 0.12
"""Less contrast than this is a reason for a warning."""
TINY: Final = 14
"""A digit of fewer pixels than this is a reason for a warning."""
WIDE: Final = 1.7
"""What is this many times as wide as tall may be several digits that touch."""


@dataclass(frozen=True, eq=False)
class Digit:
    """The ink of what may be one digit."""

    ink: Floats
    """(h, w) float32 in [0, 255]: its box, cut out; nothing else is on it."""
    box: Box
    """Where it was."""
    warnings: tuple[str, ...]
    """Why it may not be a digit, or not a whole one."""


Group = tuple[Box, list[Component]]
"""The pieces of one digit, and a box around them."""


def group_pieces(pieces: Sequence[Component]) -> list[Group]:
    """The pieces, those together that are of one digit."""
    groups: list[Group] = [(piece.box, [piece]) for piece in pieces]
    is_changed = True
    while is_changed:
        is_changed = False
        for i in range(len(groups)):
            for j in range(i + 1, len(groups)):
                if _is_one(groups[i][0], groups[j][0]):
                    groups[i] = (groups[i][0].join(groups[j][0]), groups[i][1] + groups[j][1])
                    del groups[j]
                    is_changed = True
                    break
            if is_changed:
                break
    return groups


def _is_one(one: Box, other: Box) -> bool:
    """Whether two boxes hold parts of the same digit."""
    large, small = (one, other) if one.height >= other.height else (other, one)
    rows, columns = large.gap(small)
    if small.height < 0.6 * large.height:
        return max(rows, columns) < 0.15 * large.longer
    overlap = -columns / min(large.width, small.width)
    return overlap > 0.5 and rows < 0.1 * large.longer


def in_order(groups: Sequence[Group]) -> list[Group]:
    """Line by line, from left to right."""
    left = sorted(groups, key=lambda group: group[0].top + group[0].height / 2)
    ordered: list[Group] = []
    while left:
        height = float(np.median([box.height for box, _ in left]))
        first = left[0][0].top + left[0][0].height / 2
        line = [g for g in left if abs(g[0].top + g[0].height / 2 - first) <= 0.6 * height]
        left = [group for group in left if group not in line]
        ordered += sorted(line, key=lambda group: group[0].left)
    return ordered


def cut_out(contrast: Floats, labels: NDArray[np.int32], group: Group) -> Digit:
    """A group's ink alone, with its soft edges."""
    box, pieces = group
    margin = max(1, round(0.004 * max(contrast.shape)))
    box = box.grow(margin, contrast.shape)
    mine = np.isin(labels[box.slices], [piece.label for piece in pieces])
    near = cv2.dilate(mine.astype(np.uint8), np.ones((2 * margin + 1,) * 2, np.uint8))
    strength = max(piece.strength for piece in pieces)
    ink = np.where(near > 0, contrast[box.slices], 0) * np.float32(255 / strength)
    return Digit(ink.clip(0, 255), box, tuple(_warnings(pieces, box, strength)))


def _warnings(pieces: Sequence[Component], box: Box, strength: float) -> Iterator[str]:
    if any(piece.touches for piece in pieces):
        yield "cut off by the frame"
    if box.width > WIDE * box.height:
        yield "wide: perhaps several digits that touch"
    if strength < FAINT:
        yield "faint"
    if box.longer < TINY:
        yield f"only {box.longer} pixels tall"
