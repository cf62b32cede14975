"""Specks of dust beside handwriting: what is too small to be a part of the digit."""

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

GRID: Final = 64
"""Cells along an image's longer side; ink in cells that touch belongs together."""
LEAST: Final = 0.02
"""What has less ink than this fraction of the largest piece is a speck."""

Cell = tuple[int, int]


def find_specks(is_ink: NDArray[np.bool_]) -> NDArray[np.bool_] | None:
    """Where the specks are, (H, W) as `is_ink`; None when there are none."""
    size = -(-max(is_ink.shape) // GRID)
    counts = _count(is_ink, size)
    pieces = list(_pieces(counts))
    areas = [sum(int(counts[cell]) for cell in piece) for piece in pieces]
    least = LEAST * max(areas, default=0)
    specks = [piece for piece, area in zip(pieces, areas, strict=True) if area < least]
    if not specks:
        return None
    cells = np.zeros(counts.shape, bool)
    for piece in specks:
        cells[tuple(zip(*piece, strict=True))] = True
    height, width = is_ink.shape
    return cells.repeat(size, axis=0).repeat(size, axis=1)[:height, :width]


def _count(is_ink: NDArray[np.bool_], size: int) -> NDArray[np.int64]:
    """The pixels of ink in each cell of `size` x `size`."""
    starts = (np.arange(0, length, size) for length in is_ink.shape)
    counts = is_ink.astype(np.int64)
    for axis, start in enumerate(starts):
        counts = np.add.reduceat(counts, start, axis=axis)
    return counts


def _pieces(counts: NDArray[np.int64]) -> Iterator[list[Cell]]:
    """The cells with ink, grouped by whether one gets from each to each, corners included."""
    left: set[Cell] = {(int(y), int(x)) for y, x in np.argwhere(counts)}
    while left:
        piece = [left.pop()]
        for y, x in piece:  # grows while it is walked
            around = {(y + dy, x + dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)} & left
            left -= around
            piece += around
        yield piece
