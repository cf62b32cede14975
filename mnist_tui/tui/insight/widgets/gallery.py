"""Many images side by side, one of them chosen, and the chosen one large."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import ClassVar, Final

from rich.cells import cell_len
from textual import events
from textual.message import Message
from textual.strip import Strip

from mnist_tui import formatting
from mnist_tui.tui.insight.widgets.bitmap import SIDE, Image, Shading, shading_of, strips_of
from mnist_tui.tui.text.fitting import pad
from mnist_tui.tui.widgets.lines import Line, Shown, StripLines
from mnist_tui.tui.widgets.pressable import Pressable

INK_SIDE: Final = 20
"""Characters in MNIST's form fit into a square of so many pixels; the rest is margin."""

SIDES: Final = (20, 16, 14, 12, 10)
"""How large the images may be drawn, the most legible first; even, for two pixels a line."""

SHORT_NAME: Final = 3
"""Columns for a class's short name in a caption: two of them and an arrow go under any image."""

_WIDE: Final = 14
"""From so many columns on a caption has spaces in it."""


@dataclass(frozen=True, slots=True)
class Tile:
    """One image and its caption."""

    image: bytes
    """28 x 28 gray values."""
    label: str
    """The name of its class."""
    predicted: str | None = None
    """The name of the predicted class."""
    probability: float | None = None
    """The predicted class's."""
    short: tuple[str, str] = ("", "")
    """The two names in SHORT_NAME columns at most, for where they do not fit in full."""

    def caption(self, width: int) -> tuple[str, str]:
        """Return text and tone: a mark of right or wrong, the classes, and how sure it was."""
        if self.predicted is None or self.probability is None:
            return self.label, ""
        is_right = self.predicted == self.label
        mark, tone = ("✓", "good") if is_right else ("✗", "bad")
        wide, narrow = (
            self.label if is_right else f"{self.label}{arrow}{self.predicted}"
            for arrow in (" → ", "→")
        )
        percent = formatting.whole_percent(self.probability).strip()
        texts = [f"{narrow} {percent.replace(' ', '')}", narrow]
        if width >= _WIDE:
            texts.insert(0, f"{wide}  {percent}")
        if not is_right and all(self.short):
            texts.append("→".join(self.short))
        fitting = (text for text in texts if cell_len(text) + 2 <= width)
        return f"{mark} {next(fitting, texts[-1])}", tone


@dataclass(frozen=True, slots=True)
class Grid:
    """How the tiles are laid out."""

    side: int
    """Pixels on each side of an image."""
    columns: int
    rows: int

    @property
    def count(self) -> int:
        """How many fit."""
        return self.columns * self.rows

    @property
    def width(self) -> int:
        """The columns of one tile, with the gap beside it."""
        return self.side + 1

    @property
    def height(self) -> int:
        """The lines of one row: the images and their captions."""
        return self.side // 2 + 1

    @classmethod
    def of(cls, width: int, height: int, wanted: int) -> "Grid":
        """The largest images of which `wanted` fit; else the smallest."""
        grid = cls(SIDES[-1], 1, 1)
        for side in SIDES:
            columns, rows = (width + 1) // (side + 1), height // (side // 2 + 1)
            grid = cls(side, max(columns, 1), max(rows, 1))
            if grid.count >= wanted and columns and rows:
                break
        return grid


class Pages(StripLines):
    """A page of tiles, one of them chosen; the pane that they are in has the keys."""

    DEFAULT_CSS = "Pages { width: 1fr; height: 1fr; }"

    chosen: Shown[int] = Shown(0)
    """The place of the chosen one; its page is in sight."""

    @property
    def total(self) -> int:
        """How many tiles there are."""
        raise NotImplementedError

    @property
    def grid(self) -> Grid:
        """How they are laid out at the moment."""
        raise NotImplementedError

    @property
    def page(self) -> int:
        """The page in sight, counted from 0."""
        return self.chosen // self.grid.count

    @property
    def pages(self) -> int:
        """How many pages there are."""
        return -(-self.total // self.grid.count)

    @property
    def in_sight(self) -> range:
        """The places of the tiles in sight."""
        count = self.grid.count
        return range(self.page * count, min((self.page + 1) * count, self.total))

    @property
    def rows_in_sight(self) -> list[range]:
        """The same, row by row."""
        shown, columns = self.in_sight, self.grid.columns
        return [shown[start : start + columns] for start in range(0, len(shown), columns)]

    def place_at(self, event: events.MouseEvent) -> int | None:
        """The place of the tile under the pointer."""
        at, grid = event.get_content_offset_capture(self), self.grid
        column, row = at.x // grid.width, at.y // grid.height
        place = self.in_sight.start + row * grid.columns + column
        is_one = column < grid.columns and row < grid.rows and place in self.in_sight
        return place if is_one else None


class Gallery(Pressable[tuple[int, bytes]], Pages):
    """A page of images."""

    tiles: Shown[Sequence[Tile]] = Shown(())
    """All there are; only those in sight are asked for."""

    @dataclass
    class Picked(Message):
        """A tile was clicked, and is chosen now."""

        index: int

    def __init__(self, *, wanted: int) -> None:
        """Make a gallery that shows `wanted` images at once, if there is room."""
        super().__init__()
        self._wanted = wanted

    def validate_chosen(self, chosen: int) -> int:
        """Stay among the tiles."""
        return min(max(chosen, 0), max(len(self.tiles) - 1, 0))

    def watch_tiles(self) -> None:
        """Choose the last tile where there are fewer than before."""
        self.chosen = self.validate_chosen(self.chosen)
        self.redraw()

    @property
    def total(self) -> int:
        return len(self.tiles)

    @property
    def grid(self) -> Grid:
        count = max(len(self.tiles), 1)
        grid = Grid.of(*self.content_size, min(self._wanted, count))
        if count > grid.count:
            return grid
        # All in one page: as many in each row.
        rows = -(-count // grid.columns)
        return replace(grid, columns=-(-count // rows))

    @property
    def in_sight(self) -> range:
        """The places of the tiles in sight; the last page is full, too."""
        count = self.grid.count
        first = min(self.page * count, max(self.total - count, 0))
        return range(first, min(first + count, self.total))

    def move(self, columns: int, rows: int) -> None:
        """Choose a neighbor; up and down stop at the first and the last row."""
        place = self.chosen + columns + rows * self.grid.columns
        if rows and not 0 <= place < len(self.tiles):
            return
        self.chosen = place

    def turn(self, pages: int) -> None:
        """Choose the image at the same place of another page."""
        self.chosen += pages * self.grid.count

    def draw(self, width: int, height: int) -> list[Strip]:
        side, shading = self.grid.side, shading_of(self)
        return [line for row in self.rows_in_sight for line in self._row(row, side, shading)]

    def _row(self, places: range, side: int, shading: Shading) -> list[Strip]:
        gap, tiles = self.strip([], 1), [self.tiles[place] for place in places]
        pictures = [strips_of(thumbnail(tile.image, side), shading) for tile in tiles]
        lines = []
        for y in range(side // 2):
            parts = (part for picture in pictures for part in (picture[y], gap))
            lines.append(Strip.join(parts))
        captions = [
            self._caption(tile, side, place == self.chosen)
            for place, tile in zip(places, tiles, strict=True)
        ]
        return [*lines, Strip.join(part for caption in captions for part in (caption, gap))]

    def _caption(self, tile: Tile, width: int, is_chosen: bool) -> Strip:
        text, tone = tile.caption(width)
        line: Line = [(pad(text, width), "chosen")] if is_chosen else [(text, tone)]
        return self.strip(line, width)

    def thing_at(self, event: events.MouseEvent) -> tuple[int, bytes] | None:
        """The place and the pixels of the image under the pointer."""
        place = self.place_at(event)
        return None if place is None else (place, self.tiles[place].image)

    def press(self, thing: tuple[int, bytes]) -> None:
        self.chosen = thing[0]
        self.post_message(self.Picked(thing[0]))


@lru_cache(maxsize=1024)
def thumbnail(image: bytes, side: int) -> Image:
    """An image `side` pixels wide and high, without its margins where the ink is MNIST's size."""
    whole = Image(image)
    fitting = whole.cropped(INK_SIDE) if max(whole.ink_size) <= INK_SIDE else whole
    return fitting if side == fitting.width else fitting.resized(side, side)


class Portrait(StripLines):
    """One image as large as there is room for, and text under it."""

    WIDTH: ClassVar[int] = SIDE
    """Columns of the image and of the text."""
    LEAST: ClassVar[int] = 10
    """An image with fewer pixels a side is left out: it would be illegible."""
    DEFAULT_CSS = """
    Portrait { width: 30; height: 1fr; padding: 0 0 0 2; }
    """

    image: Shown[bytes | None] = Shown(None)
    """28 x 28 gray values."""
    about: Shown[tuple[Line, ...]] = Shown(())
    """The text, line by line."""

    def draw(self, width: int, height: int) -> list[Strip]:
        """Return the text, and over it the image in the lines that the text leaves."""
        text = [self.strip(line, width) for line in self.about]
        room = min(2 * (height - len(text)), width, SIDE) // 2 * 2
        if self.image is None or room < self.LEAST:
            return text
        image = Image(self.image)
        fitting = image if room == SIDE else image.resized(room, room)
        margin = self.strip([], (width - room) // 2)
        picture = [Strip.join([margin, strip]) for strip in strips_of(fitting, shading_of(self))]
        return [*picture, *text]
