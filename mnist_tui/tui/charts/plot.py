"""A chart drawn at one size: characters and inks first, strips for a palette after that.

Drawing needs plotext and takes milliseconds; making strips of it does not and takes less.
So a moved cursor or another theme asks for new strips only.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from rich.cells import cell_len
from rich.segment import Segment
from textual.geometry import Region
from textual.strip import Strip

from mnist_tui.tui.charts.canvas import BLANK, Canvas, Cell
from mnist_tui.tui.charts.columns import Limits, Reduced, reduce
from mnist_tui.tui.charts.glyphs import UNICODE, Glyphs
from mnist_tui.tui.charts.labels import fitted
from mnist_tui.tui.charts.legend import (
    GAP,
    Words,
    caption,
    cut,
    joined,
    legend,
    length,
    titles,
    unnamed,
)
from mnist_tui.tui.charts.palette import CURSOR, FRAME, MUTED, Palette
from mnist_tui.tui.charts.scale import Axis, Scale, x_axis, y_axis
from mnist_tui.tui.charts.series import ChartData
from mnist_tui.tui.charts.view import View

NOTHING_IN_VIEW = "nothing in view"


@dataclass(frozen=True)
class Plot:
    """A drawn chart."""

    data: ChartData
    glyphs: Glyphs
    heads: tuple[str, ...]
    """The title and its shorter forms; empty if it is shown elsewhere."""
    size: tuple[int, int]
    area: Region
    """Where in the chart the curves are."""
    x: Scale
    rows: tuple[tuple[Cell, ...], ...]
    """All but the top line."""

    @classmethod
    def draw(
        cls,
        data: ChartData,
        width: int,
        height: int,
        view: View | None = None,
        glyphs: Glyphs = UNICODE,
        *,
        has_title: bool = True,
    ) -> Plot:
        """Draw `data` in `width` x `height` cells; the smaller, the less is around the curves.

        Args:
            data: What to show.
            width: Cells of the whole chart.
            height: Rows of the whole chart.
            view: The window and kind of y axis; all on a linear axis by default.
            glyphs: The characters to use.
            has_title: Whether the title goes into the top line.
        """
        view = view or View()
        data = view.shown(data)
        width, height = max(width, 0), max(height, 0)
        gutter = _Layout.gutter_of(width)
        x = x_axis(view.range_of(data), max(width - gutter, 1), data.x_format)
        reduced = [reduce(series, x.scale, view.is_log) for series in data.series]
        limits = Limits.of(data.series, reduced, view)
        heads = tuple(titles(data, view)) if has_title else ()
        words = caption(data, view.is_log, limits, glyphs)
        taken = _Layout.caption_start(gutter) + (length(words) + len(GAP) if words else 0)
        words = joined([words, unnamed(data, glyphs, width, list(heads), width - taken)])
        layout = _Layout.of(words, gutter, width, height)
        rows = [[BLANK] * width for _ in range(height)]
        if layout.area:
            _draw_area(rows, layout, data, limits, reduced, view, x, glyphs)
        frozen = tuple(tuple(row) for row in rows)
        return cls(data, glyphs, heads, (width, height), layout.area, x.scale, frozen)

    def x_at(self, column: int) -> float:
        """Return the x at a column of the chart, or at the nearest one with curves."""
        inside = min(max(column - self.area.x, 0), self.area.width - 1)
        return self.x.value(inside + 0.5)

    def strips(self, palette: Palette, cursor: float | None = None) -> list[Strip]:
        """Return the lines for the terminal, each as wide as the chart, without background.

        Args:
            palette: The colors of the theme.
            cursor: An x to mark, whose values take the place of the last ones on top.
        """
        width, height = self.size
        rows = [list(row) for row in self.rows]
        if height == 1 or height >= _Layout.LEGEND_FROM:
            words = legend(self.data, self.glyphs, width, list(self.heads), cursor)
            _write(rows[0], 0, words)
        if cursor is not None and self.area:
            column = self.x.cell(cursor)
            if 0 <= column < self.area.width:
                for row in rows[self.area.y : self.area.bottom]:
                    if row[self.area.x + column].is_free:
                        row[self.area.x + column] = Cell(self.glyphs.cursor, CURSOR)
        return [_strip(row, palette) for row in rows]


@dataclass(frozen=True)
class _Layout:
    """What there is room for. The first things to go are the last ones to miss."""

    LEGEND_FROM = 3
    TICKS_FROM = 4
    CAPTION_FROM = 7
    FRAME_FROM = 9
    NARROW = 40
    """Below this width the y labels get one cell less."""
    BARE = 16
    """Below this width there are no y labels."""

    area: Region
    gutter: int
    caption: Words
    has_ticks: bool
    has_frame: bool

    @classmethod
    def gutter_of(cls, width: int) -> int:
        """Return how many cells at the left the y labels get."""
        return 0 if width < cls.BARE else 6 if width < cls.NARROW else 7

    @staticmethod
    def caption_start(gutter: int) -> int:
        """Return the column that the caption begins in."""
        return min(gutter, 1)

    @classmethod
    def of(cls, words: Words, gutter: int, width: int, height: int) -> _Layout:
        """Return what fits into `width` x `height` cells, with `words` as the caption."""
        if height < cls.CAPTION_FROM or length(words) == 0:
            words = []
        has_ticks, has_frame = height >= cls.TICKS_FROM, height >= cls.FRAME_FROM
        top = int(height >= cls.LEGEND_FROM)
        rows = height - top - has_ticks - has_frame - bool(words)
        is_drawn = height > 1 and width > 1
        area = Region(gutter, top, width - gutter, rows) if is_drawn else Region()
        return cls(area, gutter, words, has_ticks, has_frame)


def _draw_area(
    rows: list[list[Cell]],
    layout: _Layout,
    data: ChartData,
    limits: Limits | None,
    reduced: list[Reduced],
    view: View,
    x: Axis,
    glyphs: Glyphs,
) -> None:
    """Draw the curves, and the ticks and the caption around them, into `rows`."""
    area = layout.area
    if limits is None:
        hint = data.empty_text if data.is_empty else NOTHING_IN_VIEW
        width = len(rows[0])
        middle = area.y + area.height // 2
        _write(rows[middle], max(width - cell_len(hint), 0) // 2, [(hint, MUTED)])
    else:
        y = y_axis(limits.lo, limits.hi, area.height, data.y_format, view.is_log)
        canvas = Canvas(area.width, area.height, glyphs)
        canvas.add_grid(y.ticks)
        canvas.add_marks(data.marks, x.scale)
        canvas.add_series(data.series, reduced, y.scale)
        canvas.add_mark_labels(data.marks, x.scale)
        for row, cells in zip(rows[area.y : area.bottom], canvas.rows, strict=True):
            row[area.x :] = cells
        if layout.gutter:
            _write_y_ticks(rows, layout, y)
        if layout.has_ticks:
            _write_x_ticks(rows, layout, x, data.x_label, glyphs)
    if layout.caption:
        _write(rows[-1], _Layout.caption_start(layout.gutter), layout.caption)


def _write_y_ticks(rows: list[list[Cell]], layout: _Layout, y: Axis) -> None:
    room = layout.gutter - 1
    for cell, text in y.ticks:
        label = fitted(text, room).rjust(room)
        _write(rows[layout.area.bottom - 1 - cell], 0, [(label, MUTED)])


def _write_x_ticks(
    rows: list[list[Cell]], layout: _Layout, x: Axis, name: str, glyphs: Glyphs
) -> None:
    area = layout.area
    labels = rows[area.bottom + layout.has_frame]
    if layout.has_frame:
        columns = {column for column, _ in x.ticks}
        frame = "".join(glyphs.tick if c in columns else glyphs.axis for c in range(area.width))
        _write(rows[area.bottom], area.x, [(frame, FRAME)])
    if len(name) < layout.gutter:
        _write(labels, 0, [(name.rjust(layout.gutter - 1), MUTED)])
    for column, text in x.ticks:
        if len(text) > area.width:
            continue
        start = min(max(column - len(text) // 2, 0), max(area.width - len(text), 0))
        _write(labels, area.x + start, [(text, MUTED)])


def _write(row: list[Cell], start: int, words: Words) -> None:
    """Write `words` into `row`; what does not fit gives way to an ellipsis."""
    column = start
    if length(words) > len(row) - start:
        words = cut(words, len(row) - start)
    for text, ink in words:
        for character in text:
            if column < len(row):
                row[column] = Cell(character, ink)
            column += 1


def _strip(row: list[Cell], palette: Palette) -> Strip:
    segments = [
        Segment("".join(cell.character for cell in cells), palette.style(ink))
        for ink, cells in groupby(row, key=lambda cell: cell.ink)
    ]
    return Strip(segments, len(row))
