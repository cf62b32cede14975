"""The confusion matrix as a heat map, with the figures of each class beside it."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.color import Color
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip

from mnist_tui.metrics import class_figures
from mnist_tui.run.validation import Confusion
from mnist_tui.tui.charts.palette import Ink, Palette
from mnist_tui.tui.insight.widgets.bitmap import Form, shading_of
from mnist_tui.tui.insight.widgets.strip_widget import StripWidget
from mnist_tui.tui.widgets.lines import Line

RIGHT: Final = "curve-training"
"""The theme variable that guesses on the diagonal are colored with."""

WRONG: Final = "curve-validation"
"""That of the others."""

_LABEL: Final = 1
_HEADS: Final = 2
_FIGURE: Final = 9
"""The columns of one figure and its change, the space before it included."""

_WIDE_FIGURE: Final = 13
"""The same where there is room."""


@dataclass(frozen=True)
class Counts:
    """A confusion matrix and the one before it."""

    table: Confusion
    before: Confusion | None = None
    since: int = 0
    """The epoch of the one before."""

    @cached_property
    def most_mistakes(self) -> int:
        """The greatest count off the diagonal; at least 1."""
        off = (n for t, row in enumerate(self.table) for g, n in enumerate(row) if t != g)
        return max(1, *off)

    def heat(self, label: int, guess: int) -> float:
        """How strongly a cell is colored, in [0, 1]; the mistakes by a scale of their own."""
        count = self.table[label][guess]
        if label == guess:
            return 0.25 + 0.3 * count / max(sum(self.table[label]), 1)
        # Less than in proportion, so that one mistake among fifty is seen.
        return float((count / self.most_mistakes) ** 0.7)

    @cached_property
    def figures(self) -> list[list[tuple[float, float | None]]]:
        """For each class, and for the mean of all: precision, recall and F1, with the change."""
        now = _triples(self.table)
        if self.before is None:
            return [[(value, None) for value in row] for row in now]
        pairs = zip(now, _triples(self.before), strict=True)
        return [[(a, a - b) for a, b in zip(new, old, strict=True)] for new, old in pairs]


def _triples(table: Confusion) -> list[list[float]]:
    rows = [[one.precision, one.recall, one.f1] for one in class_figures(table)]
    return [*rows, [sum(column) / len(rows) for column in zip(*rows, strict=True)]]


@dataclass(frozen=True, slots=True)
class Layout:
    """How much of the matrix there is room for."""

    cell: int
    """Columns of a cell."""
    lines: int
    """Lines of a cell."""
    figure: int
    """Columns of a figure; 0 where there is no room for them."""
    heads: int
    """Lines over the cells; a row of them is worth more than the first of these."""
    rows: int
    """Classes that are in sight at once."""
    columns: int
    """Guesses that are."""

    @classmethod
    def of(cls, width: int, height: int) -> "Layout":
        """The largest that fits, figures before size."""
        figure = next((f for f in (_WIDE_FIGURE, _FIGURE) if width >= _least_width(f)), 0)
        room = width - _LABEL - 3 * figure
        cell = min(max(room // 10, 3), 8)
        lines = min(max((height - _HEADS - 1) // 10, 1), 3)
        heads = _HEADS if height >= _HEADS + 10 else min(max(height - 1, 0), 1)
        rows = min(max(height - heads, 1), 10)
        return cls(cell, lines, figure, heads, rows, min(max(room // cell, 1), 10))

    @property
    def width(self) -> int:
        """The columns of the matrix, its labels included."""
        return _LABEL + self.columns * self.cell

    @property
    def least_height(self) -> int:
        """The lines that all of it takes at this width, each cell in one line."""
        return _HEADS + 10 + bool(self.figure)


def _least_width(figure: int) -> int:
    return _LABEL + 10 * (5 if figure == _FIGURE else 7) + 3 * figure


class Matrix(StripWidget):
    """A row for each true class, a column for each guess, and a chosen cell.

    Where not all of them fit, those around the chosen cell are in sight. The pane that it is in
    has the keys.
    """

    DEFAULT_CSS = """
    Matrix { height: 1fr; }
    """

    counts: reactive[Counts | None] = reactive(None, repaint=False)
    """What is shown."""
    cell: reactive[tuple[int, int]] = reactive((0, 0), repaint=False)
    """The chosen cell: true class and guess."""

    _first: tuple[int, int] = (0, 0)
    """True class and guess of the first cell in sight."""

    @dataclass
    class Pointed(Message):
        """The mouse came to another cell, or clicked one."""

        cell: tuple[int, int]
        is_click: bool

    def watch_counts(self) -> None:
        """Show them."""
        self.redraw()

    def watch_cell(self) -> None:
        """Show it; what is in sight stays, as long as it is there."""
        shown = self.arrangement
        self._first = self._rows_of(shown).start, self._columns_of(shown).start
        self.redraw()

    def on_resize(self) -> None:
        """Draw anew for the new size, the chosen cell in the middle of what is in sight."""
        shown = self.arrangement
        label, guess = self.cell
        self._first = _centered(shown.rows, label), _centered(shown.columns, guess)
        super().on_resize()

    @property
    def arrangement(self) -> Layout:
        """How it is laid out at the moment."""
        return Layout.of(*self.content_size)

    def draw(self, width: int, height: int) -> list[Strip]:
        """As Drawn asks."""
        counts = self.counts
        if counts is None:
            return []
        arrangement = self.arrangement
        ink = _CellInk.of(self)
        strips = [self.text(line, width) for line in self._heads(counts, arrangement)]
        for label in self._rows_of(arrangement):
            for y in range(arrangement.lines):
                strips.append(self._row(counts, label, y, arrangement, ink))
        if arrangement.figure:
            mean: Line = [("mean of the classes".rjust(arrangement.width), "muted")]
            mean += _figures(counts.figures[10], arrangement.figure)
            strips.append(self.text(mean, width))
        return strips

    def _heads(self, counts: Counts, arrangement: Layout) -> list[Line]:
        first = "true ↓   guessed →".ljust(arrangement.width)
        groups: Line = [(first[: arrangement.width], "muted")]
        names: Line = [(" " * _LABEL, "")]
        for guess in self._columns_of(arrangement):
            tone = "accent" if guess == self.cell[1] else "muted"
            names.append((f"{guess:>{arrangement.cell}}", tone))
        figure = arrangement.figure
        if figure:
            has_before = counts.before is not None
            unit = f"in %, ▴▾ since epoch {counts.since}" if has_before else "in %"
            groups.append((f"{unit:>{3 * figure}}", "muted"))
            for name in ("prec." if figure == _FIGURE else "precision", "recall", "F1"):
                names.append((f"{name:>{figure}}", "muted"))
        return [groups, names][_HEADS - arrangement.heads :]

    def _rows_of(self, arrangement: Layout) -> range:
        # A new size may be drawn before the widget is told of it.
        first = _scrolled(self._first[0], arrangement.rows, self.cell[0])
        return range(first, first + arrangement.rows)

    def _columns_of(self, arrangement: Layout) -> range:
        first = _scrolled(self._first[1], arrangement.columns, self.cell[1])
        return range(first, first + arrangement.columns)

    def _row(
        self, counts: Counts, label: int, y: int, arrangement: Layout, ink: "_CellInk"
    ) -> Strip:
        middle = y == (arrangement.lines - 1) // 2
        is_chosen = label == self.cell[0]
        head = str(label) if middle else " "
        strips = [self.text([(head, "accent" if is_chosen else "muted")], _LABEL)]
        for guess in self._columns_of(arrangement):
            count = counts.table[label][guess]
            text = _count(count, arrangement.cell - 1) if middle else ""
            chosen = self.cell == (label, guess)
            mark = "▸" if chosen and middle else " "
            segment = Segment(
                f"{mark}{text:>{arrangement.cell - 1}}",
                ink.style(counts.heat(label, guess), label == guess, bool(count), chosen),
            )
            strips.append(Strip([segment]))
        if arrangement.figure and middle:
            line = _figures(counts.figures[label], arrangement.figure)
            strips.append(self.text(line, 3 * arrangement.figure))
        return Strip.join(strips)

    def _cell_at(self, event: events.MouseEvent) -> tuple[int, int] | None:
        at, arrangement = event.get_content_offset_capture(self), self.arrangement
        rows, columns = self._rows_of(arrangement), self._columns_of(arrangement)
        label = rows.start + (at.y - arrangement.heads) // arrangement.lines
        guess = columns.start + (at.x - _LABEL) // arrangement.cell
        return (label, guess) if label in rows and guess in columns else None

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Choose the cell under the mouse."""
        cell = self._cell_at(event)
        if cell is not None and cell != self.cell:
            self.post_message(self.Pointed(cell, is_click=False))

    def on_click(self, event: events.Click) -> None:
        """Open the cell under the mouse."""
        cell = self._cell_at(event)
        if cell is not None:
            self.post_message(self.Pointed(cell, is_click=True))


def _scrolled(first: int, shown: int, chosen: int) -> int:
    """The first of `shown` of ten that are in sight, moved as little as brings `chosen` there."""
    return min(max(min(first, chosen), chosen - shown + 1), 10 - shown)


def _centered(shown: int, chosen: int) -> int:
    """The first of `shown` of ten with `chosen` in the middle, as far as the ends allow."""
    return min(max(chosen - shown // 2, 0), 10 - shown)


def _count(count: int, width: int) -> str:
    if not count:
        return "·"
    text = str(count)
    if len(text) > width and count >= 1000:
        text = f"{count // 1000}k"
    return text if len(text) <= width else "#"


def _figures(row: list[tuple[float, float | None]], width: int) -> Line:
    line: Line = []
    change_width = 4 if width == _FIGURE else 5
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
    """How cells are colored: by their ground where colors can be blended, else by weight."""

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
        hue = self.palette.style(Ink(RIGHT if is_right else WRONG, 0.1 + 0.9 * heat)).color
        if not self.can_blend or hue is None or hue.triplet is None:
            return self.base + Style(bold=is_right, reverse=is_strong, underline=not is_right)
        ground = Color(*hue.triplet)
        text = ground.get_contrast_text(1.0)
        return Style(color=text.rich_color, bgcolor=ground.rich_color, bold=is_strong)
