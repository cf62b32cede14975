"""Many digits side by side, one of them chosen."""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import ClassVar, Final

from textual import events
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip

from mnist_tui import formatting
from mnist_tui.tui.insight.widgets.bitmap import Image, Shading, shading_of, strips_of
from mnist_tui.tui.insight.widgets.strip_widget import StripWidget
from mnist_tui.tui.widgets.lines import Line, pad

DIGIT_SIDE: Final = 20
"""MNIST's digits fit into a square of so many pixels; the rest is margin."""

SIDES: Final = (20, 16, 14, 12, 10)
"""How large the digits may be drawn, the most legible first; even, for two pixels a line."""


@dataclass(frozen=True, slots=True)
class Tile:
    """One digit and what is said of it."""

    image: bytes
    """28 x 28 gray values."""
    label: int
    guess: int | None = None
    probability: float | None = None
    """What the model gave to its guess."""

    def caption(self, width: int) -> tuple[str, str]:
        """Text and tone: a mark of right or wrong, true class, guess, probability."""
        if self.guess is None or self.probability is None:
            return f"{self.label}", ""
        is_right = self.guess == self.label
        mark, tone = ("✓", "good") if is_right else ("✗", "bad")
        percent = formatting.whole_percent(self.probability).strip()
        if width >= 14:
            name = f"{self.label}" if is_right else f"{self.label} → {self.guess}"
            return f"{mark} {name}  {percent}", tone
        name = f"{self.label}" if is_right else f"{self.label}→{self.guess}"
        return f"{mark} {name} {percent.replace(' ', '')}", tone


@dataclass(frozen=True, slots=True)
class Grid:
    """How the tiles are laid out."""

    side: int
    columns: int
    rows: int

    @property
    def count(self) -> int:
        """How many fit."""
        return self.columns * self.rows

    @property
    def height(self) -> int:
        """The lines of one row: the digit and its caption."""
        return self.side // 2 + 1

    @classmethod
    def of(cls, width: int, height: int, wanted: int) -> "Grid":
        """The largest digits of which `wanted` fit; else the smallest."""
        grid = cls(SIDES[-1], 1, 1)
        for side in SIDES:
            columns, rows = (width + 1) // (side + 1), height // (side // 2 + 1)
            grid = cls(side, max(columns, 1), max(rows, 1))
            if grid.count >= wanted and columns and rows:
                break
        return grid


class Gallery(StripWidget):
    """A page of digits; the pane that it is in has the keys."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"lines--chosen"}
    DEFAULT_CSS = """
    Gallery {
        width: 1fr;
        height: 1fr;
        & > .lines--chosen { color: $background; background: $primary; text-style: bold; }
    }
    """

    tiles: reactive[tuple[Tile, ...]] = reactive((), repaint=False)
    """All there are; those in sight are a page of them."""
    chosen: reactive[int] = reactive(0, repaint=False)
    """The place of the chosen one; its page is in sight."""

    @dataclass
    class Picked(Message):
        """A person chose another tile, by the mouse."""

        index: int

    def __init__(self, *, wanted: int, id: str | None = None) -> None:
        """`wanted` is how many digits should be in sight at once."""
        super().__init__(id=id)
        self._wanted = wanted

    def validate_chosen(self, chosen: int) -> int:
        """Stay among the tiles."""
        return min(max(chosen, 0), max(len(self.tiles) - 1, 0))

    def watch_tiles(self) -> None:
        """Show them."""
        self.chosen = self.validate_chosen(self.chosen)
        self.redraw()

    def watch_chosen(self) -> None:
        """Show it."""
        self.redraw()

    @property
    def grid(self) -> Grid:
        """How they are laid out at the moment."""
        count = max(len(self.tiles), 1)
        grid = Grid.of(*self.content_size, min(self._wanted, count))
        if count > grid.count:
            return grid
        # All in one page: as many in each row.
        rows = -(-count // grid.columns)
        return replace(grid, columns=-(-count // rows))

    @property
    def page(self) -> int:
        """The page in sight, counted from 0."""
        return self.chosen // self.grid.count

    @property
    def pages(self) -> int:
        """How many pages there are."""
        return -(-len(self.tiles) // self.grid.count)

    def move(self, columns: int, rows: int) -> None:
        """Choose a neighbor; up and down stop at the first and the last row."""
        place = self.chosen + columns + rows * self.grid.columns
        if rows and not 0 <= place < len(self.tiles):
            return
        self.chosen = place

    def turn(self, pages: int) -> None:
        """Turn pages, choosing the first of the new one."""
        page = min(max(self.page + pages, 0), max(self.pages - 1, 0))
        if page != self.page:
            self.chosen = page * self.grid.count

    def draw(self, width: int, height: int) -> list[Strip]:
        """As Drawn asks."""
        grid, shading = self.grid, shading_of(self)
        first = self.page * grid.count
        lines: list[Strip] = []
        for start in range(first, min(first + grid.count, len(self.tiles)), grid.columns):
            places = range(start, min(start + grid.columns, first + grid.count, len(self.tiles)))
            lines += self._row(places, grid.side, shading)
        return lines

    def _row(self, places: range, side: int, shading: Shading) -> list[Strip]:
        gap = self.text([], 1)
        pictures = [strips_of(thumbnail(self.tiles[i].image, side), shading) for i in places]
        lines = []
        for y in range(side // 2):
            parts = (part for picture in pictures for part in (picture[y], gap))
            lines.append(Strip.join(parts))
        captions = (part for i in places for part in (self._caption(i, side), gap))
        return [*lines, Strip.join(captions)]

    def _caption(self, place: int, width: int) -> Strip:
        text, tone = self.tiles[place].caption(width)
        line: Line = [(text, tone)]
        if place == self.chosen:
            line = [(pad(text, width), "chosen")]
        return self.text(line, width)

    def on_click(self, event: events.Click) -> None:
        """Choose what is under the mouse."""
        at, grid = event.get_content_offset_capture(self), self.grid
        column, row = at.x // (grid.side + 1), at.y // grid.height
        index = self.page * grid.count + row * grid.columns + column
        if column < grid.columns and row < grid.rows and index < len(self.tiles):
            self.chosen = index
            self.post_message(self.Picked(index))


@lru_cache(maxsize=1024)
def thumbnail(image: bytes, side: int) -> Image:
    """A digit without its margins, `side` pixels wide and high."""
    cropped = Image(image).cropped(DIGIT_SIDE)
    return cropped if side == DIGIT_SIDE else cropped.resized(side, side)
