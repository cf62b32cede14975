"""The cells where the curves are: layers put over each other, the weaker ones below."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from mnist_tui.tui.charts.columns import Reduced
from mnist_tui.tui.charts.glyphs import Glyphs
from mnist_tui.tui.charts.palette import GRID, TEXT, Ink
from mnist_tui.tui.charts.raster import Places, rasterize
from mnist_tui.tui.charts.scale import Scale, Tick
from mnist_tui.tui.charts.series import Mark, MarkKind, Series

BAND_STRENGTH = 0.4
FAINT_STRENGTH = 0.45
MARK_STRENGTH = 0.6
TAG_STEP = 5
"""Columns between the tags of two curves."""
MARK_COLORS: dict[MarkKind, str] = {"best": "success", "rate": "secondary"}

BRAILLE_CODES = range(0x2800, 0x2900)


class Cell(NamedTuple):
    """One character of the terminal."""

    character: str = " "
    ink: Ink = TEXT
    is_free: bool = False
    """Whether something else may take the place: a blank, or a line that only guides."""


BLANK = Cell(is_free=True)


class Canvas:
    """The cells of the curves."""

    def __init__(self, width: int, height: int, glyphs: Glyphs) -> None:
        self.rows: list[list[Cell]] = [[BLANK] * width for _ in range(height)]
        self._width = width
        self._height = height
        self._glyphs = glyphs

    def add_grid(self, ticks: Iterable[Tick]) -> None:
        """Draw a guiding line at each y tick."""
        for cell, _ in ticks:
            self.rows[self._height - 1 - cell] = [
                Cell(self._glyphs.grid, GRID, is_free=True) for _ in range(self._width)
            ]

    def add_marks(self, marks: Iterable[Mark], x: Scale) -> None:
        """Draw the vertical lines of the marks that are in view."""
        for mark in marks:
            column = x.cell(mark.x)
            ink = Ink(MARK_COLORS[mark.kind], MARK_STRENGTH)
            if 0 <= column < self._width:
                for row in self.rows:
                    row[column] = Cell(self._glyphs.mark, ink, is_free=True)

    def add_mark_labels(self, marks: Iterable[Mark], x: Scale) -> None:
        """Write the labels of the marks at the top or the bottom, where nothing is hidden.

        Rather where they touch no curve, too. A label that would stand before that of an earlier
        mark of its kind is left out.

        Args:
            marks: The first one at the left.
            x: Where they are.
        """
        # A label keeps its distance from the next one, or the two would read as one word.
        taken: dict[int, set[int]] = {0: set(), self._height - 1: set()}
        newest: dict[MarkKind, tuple[int, int]] = {}
        """Where the last label of each kind is: its first column, and its row."""
        for mark in marks:
            column, size = x.cell(mark.x), len(mark.label)
            if not 0 <= column < self._width:
                continue
            places = [
                (y, start)
                for y in taken
                for start in (column + 1, column - size)
                if self._is_free(self.rows[y], start, size)
                and (start, y) > newest.get(mark.kind, (-1, 0))
                and not taken[y] & set(range(start, start + size))
            ]
            places.sort(key=lambda place: self._touches(place[0], place[1], size))
            for y, start in places[:1]:
                ink = Ink(MARK_COLORS[mark.kind], 0.9)
                self.rows[y][start : start + size] = [Cell(c, ink) for c in mark.label]
                newest[mark.kind] = start, y
                taken[y] |= set(range(start - 1, start + size + 1))

    def add_series(self, series: Sequence[Series], reduced: Sequence[Reduced], y: Scale) -> None:
        """Draw all series: bands, then lines, then points, so that none hides another."""
        parts = list(zip(series, reduced, strict=True))
        for one, part in parts:
            if part.bars:
                self._add_band(part.bars, Ink(one.color, BAND_STRENGTH), y)
        for one, part in parts:
            if one.kind == "dotted":
                kept = [p if p and 0 <= y.place(p[1]) < self._height else None for p in part.path]
                self._add_dots(_placed(Reduced(kept, []), y), _ink(one))
            elif one.kind != "points":
                rows = rasterize(_placed(part, y), *self._size, self._glyphs.line, is_joined=True)
                self._put(rows, _ink(one))
        for one, part in parts:
            if one.kind == "points":
                rows = rasterize(_placed(part, y), *self._size, self._glyphs.point, is_joined=False)
                self._put_points(rows, _ink(one))
        for one, part in parts:
            if one.kind in ("line", "envelope"):
                self._add_lone(_placed(part, y), _ink(one))
        for number, (one, part) in enumerate(parts):
            if one.tag:
                self._add_tags(one.tag, _placed(part, y), _ink(one), number, len(parts))
        for one, part in parts:
            if one.kind != "dotted":
                self._mark_outliers(part, _ink(one), y)

    def _mark_outliers(self, part: Reduced, ink: Ink, y: Scale) -> None:
        """Put a mark at the edge for each value that lies beyond it."""
        ends = [point for point in part.path if point is not None]
        ends += [(x, end) for x, *both in part.bars for end in both]
        for x, value in ends:
            place = y.place(value)
            if 0 <= place < self._height:
                continue
            row, glyph = (-1, self._glyphs.below) if place < 0 else (0, self._glyphs.above)
            self.rows[row][min(max(math.floor(x), 0), self._width - 1)] = Cell(glyph, ink)

    def _add_band(self, bars: Iterable[tuple[float, float, float]], ink: Ink, y: Scale) -> None:
        places: list[tuple[float, float] | None] = []
        for x, low, high in bars:
            # In the left half of the cell: a band of stripes, not a block.
            left = math.floor(x) + 0.25
            places += [(left, _inside(low, y)), (left, _inside(high, y)), None]
        self._put(rasterize(places, *self._size, self._glyphs.band, is_joined=True), ink)

    def _add_dots(self, places: Places, ink: Ink) -> None:
        """Draw one dot in every column that a line would go through."""
        dots: list[tuple[float, float]] = []
        for before, place in pairwise([None, *places]):
            if place is None:
                continue
            if before is not None:
                steps = range(math.floor(before[0]) + 1, math.floor(place[0]))
                slope = (place[1] - before[1]) / (place[0] - before[0]) if steps else 0.0
                dots += [(x + 0.25, before[1] + slope * (x + 0.5 - before[0])) for x in steps]
            dots.append((math.floor(place[0]) + 0.25, place[1]))
        self._put(rasterize(dots, *self._size, self._glyphs.dot, is_joined=False), ink)

    def _add_lone(self, places: Places, ink: Ink) -> None:
        """Draw a glyph for each value that has no neighbor to be joined to."""
        padded = [None, *places, None]
        for before, place, after in zip(padded, places, padded[2:], strict=False):
            if place is None or before is not None or after is not None:
                continue
            row = self.rows[min(max(self._height - 1 - math.floor(place[1]), 0), self._height - 1)]
            column = min(max(math.floor(place[0]), 0), self._width - 1)
            # A point of another series may be there; beside it, both are seen.
            if row[column].character == self._glyphs.point and column + 1 < self._width:
                column += 1
            row[column] = Cell(self._glyphs.lone, ink)

    def _add_tags(self, tag: str, places: Places, ink: Ink, number: int, count: int) -> None:
        """Write `tag` on the curve now and then, and at its end, not where other curves have it."""
        at = [place for place in places if place is not None]
        if not at:
            return
        step = TAG_STEP * count
        for column in (*range(number * TAG_STEP + 1, self._width - 1, step), math.floor(at[-1][0])):
            right = next((i for i, place in enumerate(at) if place[0] >= column), None)
            if right is None or column < at[0][0]:
                continue
            (x0, y0), (x1, y1) = at[max(right - 1, 0)], at[right]
            height = y1 if x1 == x0 else y0 + (column - x0) / (x1 - x0) * (y1 - y0)
            row = min(max(self._height - 1 - math.floor(height), 0), self._height - 1)
            self.rows[row][min(column, self._width - 1)] = Cell(tag, ink._replace(is_bold=True))

    @property
    def _size(self) -> tuple[int, int]:
        return self._width, self._height

    def _put(self, rows: list[str], ink: Ink) -> None:
        """Put a layer over what is there; dots of equally strong lines share a cell."""
        for cells, row in zip(self.rows, rows, strict=True):
            for column, character in enumerate(row):
                if character == " ":
                    continue
                under = cells[column]
                if under.ink.strength >= ink.strength and _is_braille(under, character):
                    character = chr(ord(under.character) | ord(character))
                cells[column] = Cell(character, ink)

    def _put_points(self, rows: list[str], ink: Ink) -> None:
        """Put points over what is there; a row of them lets a line through at every other."""
        for cells, row in zip(self.rows, rows, strict=True):
            hid_line = False
            for column, character in enumerate(row):
                if character == " ":
                    hid_line = False
                    continue
                is_line = not cells[column].is_free and cells[column].ink.strength >= ink.strength
                if not (is_line and hid_line):
                    cells[column] = Cell(character, ink)
                hid_line = is_line and not hid_line

    def _touches(self, y: int, start: int, count: int) -> bool:
        """Whether there is a curve right before or behind these cells of a row."""
        around = self.rows[y][max(start - 1, 0) : start + count + 1]
        return not all(cell.is_free for cell in around)

    def _is_free(self, row: list[Cell], start: int, count: int) -> bool:
        inside = start >= 0 and start + count <= self._width
        return inside and all(cell.is_free for cell in row[start : start + count])


def _is_braille(cell: Cell, character: str) -> bool:
    return ord(cell.character) in BRAILLE_CODES and ord(character) in BRAILLE_CODES


def _ink(series: Series) -> Ink:
    return Ink(series.color, FAINT_STRENGTH if series.faint else 1.0)


def _placed(part: Reduced, y: Scale) -> Places:
    return [None if p is None else (p[0], _inside(p[1], y)) for p in part.path]


def _inside(value: float, y: Scale) -> float:
    """Return where a value is, at the edge where it lies beyond it."""
    return min(max(y.place(value), 0.0), y.cells - 1e-6)
