"""The confusion matrix as a heat map, with the figures of each class beside it."""

from dataclasses import dataclass
from typing import Final

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.color import Color
from textual.message import Message
from textual.strip import Strip

from mnist_tui.tui.charts.palette import Ink, Palette
from mnist_tui.tui.insight.widgets.bitmap import Form, shading_of
from mnist_tui.tui.insight.widgets.class_bars import short_names
from mnist_tui.tui.insight.widgets.matrix_layout import FIGURE, Counts, Layout
from mnist_tui.tui.text.fitting import pad
from mnist_tui.tui.widgets.lines import Line, Shown, StripLines
from mnist_tui.tui.widgets.pressable import Pressable

CORRECT: Final = "curve-training"
"""The theme variable that the diagonal is colored with."""

WRONG: Final = "curve-validation"
"""That of the other cells."""


class Matrix(Pressable[tuple[int, int]], StripLines):
    """A row for each true class, a column for each predicted one, and a chosen cell.

    Where not all of them fit, those around the chosen cell are in sight. The pane that it is in
    has the keys.
    """

    DEFAULT_CSS = """
    Matrix { height: 1fr; }
    """

    counts: Shown[Counts | None] = Shown(None)
    """What is shown."""
    cell: Shown[tuple[int, int]] = Shown((0, 0))
    """The chosen cell: true and predicted class."""

    _first: tuple[int, int] | None = None
    """The first cell in sight; None: the one that brings the chosen one to the middle."""

    @dataclass
    class Pointed(Message):
        """The mouse came to another cell, or clicked one."""

        cell: tuple[int, int]
        is_click: bool

    def watch_counts(self) -> None:
        """Keep the cells in sight."""
        self._settle()
        self.redraw()

    def watch_cell(self) -> None:
        """Move the cells in sight no more than needed."""
        self._settle()
        self.redraw()

    def on_resize(self) -> None:
        """Bring the chosen cell to the middle."""
        self._first = None
        self._settle()

    def _settle(self) -> None:
        layout = self.arrangement
        if layout is not None:
            self._first = layout.rows.first, layout.columns.first

    @property
    def arrangement(self) -> Layout | None:
        """How it is laid out at the moment."""
        if self.counts is None:
            return None
        layout = Layout.of(*self.content_size, self.counts)
        return layout.showing(self.cell, self._first)

    def least_height(self, width: int) -> int:
        """The lines that all of it takes at this width, each cell in one line; 0 without counts."""
        if self.counts is None:
            return 0
        return Layout.least_height(width, self.counts)

    def draw(self, width: int, height: int) -> list[Strip]:
        counts, layout = self.counts, self.arrangement
        if counts is None or layout is None:
            return []
        ink = _CellInk.of(self)
        strips = [self.strip(line, width) for line in self._heads(counts, layout)]
        for label in layout.rows.labels:
            for y in range(layout.rows.size):
                strips.append(self._row(counts, label, y, layout, ink))
        if layout.figure:
            mean: Line = [("mean of the classes".rjust(layout.width), "muted")]
            strips.append(self.strip([*mean, *_figures(counts.figures[-1], layout.figure)], width))
        return strips

    def _heads(self, counts: Counts, layout: Layout) -> list[Line]:
        title = f"{layout.rows.describe('label')} ↓   {layout.columns.describe('predicted')} →"
        groups: Line = [(pad(title, layout.width), "muted")]
        names: Line = [(" " * layout.names, "")]
        room = layout.columns.size
        short = short_names(counts.names, room - 1)
        for predicted in layout.columns.labels:
            tone = "accent" if predicted == self.cell[1] else "muted"
            name = short[predicted]
            names.append((" " * (room - cell_len(name)) + name, tone))
        if figure := layout.figure:
            has_before = counts.before is not None
            unit = f"in %, ▴▾ since epoch {counts.since}" if has_before else "in %"
            groups.append((f"{unit:>{3 * figure}}", "muted"))
            for name in ("prec." if figure == FIGURE else "precision", "recall", "F1"):
                names.append((f"{name:>{figure}}", "muted"))
        return [groups, names][-layout.heads :] if layout.heads else []

    def _row(self, counts: Counts, label: int, y: int, layout: Layout, ink: "_CellInk") -> Strip:
        is_middle = y == (layout.rows.size - 1) // 2
        tone = "accent" if label == self.cell[0] else "muted"
        name = counts.names[label] if is_middle else ""
        strips = [self.strip([(pad(name, layout.names), tone)], layout.names)]
        room = layout.columns.size - 1
        for predicted in layout.columns.labels:
            count = counts.table[label][predicted]
            text = _count(count, room) if is_middle else ""
            is_chosen = self.cell == (label, predicted)
            mark = "▸" if is_chosen and is_middle else " "
            heat = counts.heat(label, predicted)
            style = ink.style(heat, label == predicted, bool(count), is_chosen)
            strips.append(Strip([Segment(f"{mark}{text:>{room}}", style)]))
        if layout.figure and is_middle:
            line = _figures(counts.figures[label], layout.figure)
            strips.append(self.strip(line, 3 * layout.figure))
        return Strip.join(strips)

    def thing_at(self, event: events.MouseEvent) -> tuple[int, int] | None:
        at, layout = event.get_content_offset_capture(self), self.arrangement
        if layout is None or at.y < layout.heads or at.x < layout.names:
            return None
        label = layout.rows.at(at.y - layout.heads)
        predicted = layout.columns.at(at.x - layout.names)
        return None if label is None or predicted is None else (label, predicted)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        cell = self.thing_at(event)
        if cell is not None and cell != self.cell:
            self.post_message(self.Pointed(cell, is_click=False))

    def press(self, thing: tuple[int, int]) -> None:
        self.post_message(self.Pointed(thing, is_click=True))


def _count(count: int, width: int) -> str:
    if not count:
        return "·"
    text = str(count)
    if len(text) > width and count >= 1000:
        text = f"{count // 1000}k"
    return text if len(text) <= width else "#"


def _figures(row: list[tuple[float, float | None]], width: int) -> Line:
    line: Line = []
    change_width = 4 if width == FIGURE else 5
    for value, change in row:
        text = f"{100 * value:.1f}" if value < 0.9995 else "100"
        line.append((text.rjust(width - change_width), ""))
        line.append(_change(change, change_width))
    return line


def _change(change: float | None, width: int) -> tuple[str, str]:
    """Up or down, and by how many points of a hundred."""
    if change is None:
        return " " * width, ""
    points = abs(100 * change)
    if points < 0.05:
        return "=".rjust(width), "rest"
    size = f"{points:.1f}" if points < 9.95 else f"{points:.0f}"
    return ("▴" if change > 0 else "▾") + size.rjust(width - 1), "good" if change > 0 else "bad"


@dataclass(frozen=True)
class _CellInk:
    """How cells are colored: by their background where colors can be blended, else by weight."""

    palette: Palette
    base: Style
    paper: Color
    can_blend: bool

    @classmethod
    def of(cls, widget: Matrix) -> "_CellInk":
        shading = shading_of(widget)
        palette = Palette(widget.app.theme_variables, shading.paper)
        base = widget.visual_style.rich_style
        return cls(palette, base, shading.paper, shading.form is Form.GRAYS)

    def style(self, heat: float, is_right: bool, is_any: bool, is_chosen: bool) -> Style:
        if is_chosen:
            return self.base + Style(reverse=True, bold=True)
        return self._ground(heat, is_right) if is_any else self.base + Style(dim=True)

    def _ground(self, heat: float, is_right: bool) -> Style:
        is_strong = not is_right and heat > 0.7
        hue = self.palette.style(Ink(CORRECT if is_right else WRONG, 0.1 + 0.9 * heat)).color
        if not self.can_blend or hue is None or hue.triplet is None:
            return self.base + Style(bold=is_right, reverse=is_strong, underline=not is_right)
        paper = Color(*hue.triplet)
        text = paper.get_contrast_text(1.0)
        return Style(color=text.rich_color, bgcolor=paper.rich_color, bold=is_strong)
