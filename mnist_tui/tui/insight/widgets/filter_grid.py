"""The filters of a first layer with their responses: all of them small, and one large."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from textual.message import Message
from textual.strip import Strip

from mnist_tui import formatting
from mnist_tui.run.inference import FirstLayer
from mnist_tui.tui.insight.widgets.bitmap import Form, Image, Shading, shading_of, strips_of
from mnist_tui.tui.insight.widgets.filters import filter_image, map_image, map_values
from mnist_tui.tui.insight.widgets.gallery import Grid, Pages, thumbnail
from mnist_tui.tui.widgets.lines import Line, Shown, StripLines
from mnist_tui.tui.widgets.pressable import Pressable

MAP_SIDES: Final = (26, 20, 16, 12, 10, 8)
"""How large the responses may be drawn; even, for two pixels a line."""

_SMALL, _LARGE = (6, 3), (12, 6)
"""Columns and lines of a filter; filters of 3x3 and 6x6 fill them with squares."""

_GAP: Final = 1
_WEIGHTS_PAPER: Final = 0.14
_MAP_PAPER: Final = 0.06
"""How far the darkest parts are from the background, so that the edges of a picture are seen."""
_SWATCHES: Final = ((0, "weakens"), (128, "ignores"), (255, "strengthens"))
"""Weights below, at and above zero, and what ink under them does to the response."""


def _on_backdrop(shading: Shading, strength: float) -> Shading:
    """The same with another background than what is around it."""
    if shading.form is not Form.GRAYS:
        return shading
    return replace(shading, paper=shading.paper.blend(shading.ink, strength))


@dataclass(frozen=True, slots=True)
class Layout(Grid):
    """How the filters are laid out, each above its response of `side` pixels a side."""

    @property
    def width(self) -> int:
        return max(self.side, _SMALL[0] + 4) + _GAP

    @property
    def height(self) -> int:
        return _SMALL[1] + self.side // 2 + _GAP

    @classmethod
    def fitting(cls, width: int, height: int, filters: int, largest: int) -> "Layout":
        """The largest responses with which all are in sight; else those of 10 or 8 pixels."""
        layout = cls(MAP_SIDES[-1], 1, 1)
        for side in MAP_SIDES:
            one = cls(side, 1, 1)
            columns, rows = (width + _GAP) // one.width, (height + _GAP) // one.height
            layout = cls(side, max(columns, 1), max(rows, 1))
            is_enough = layout.count >= filters or (side <= 10 and rows >= 2)
            if side <= largest and is_enough and columns and rows:
                break
        if filters and layout.count >= filters:
            # As few rows as can be, and as even.
            rows = -(-filters // layout.columns)
            return replace(layout, columns=-(-filters // rows), rows=rows)
        return layout


class FilterGrid(Pressable[int], Pages):
    """A page of filters, each with its response."""

    first_layer: Shown[FirstLayer | None] = Shown(None)
    """What is shown."""

    @dataclass
    class Picked(Message):
        """A filter was clicked."""

        index: int

    @property
    def total(self) -> int:
        return self.first_layer.filter_shape[0] if self.first_layer else 0

    @property
    def grid(self) -> Layout:
        largest = max(self.first_layer.map_shape[1:]) if self.first_layer else MAP_SIDES[-1]
        return Layout.fitting(*self.content_size, self.total, largest)

    def draw(self, width: int, height: int) -> list[Strip]:
        layer = self.first_layer
        if layer is None:
            return []
        layout, lines = self.grid, list[Strip]()
        for row in self.rows_in_sight:
            tiles = [self._tile(layer, index, layout) for index in row]
            lines += [Strip.join(parts) for parts in zip(*tiles, strict=True)]
            lines.append(self.strip([], width))
        return lines

    def _tile(self, layer: FirstLayer, index: int, layout: Layout) -> list[Strip]:
        shading, width = shading_of(self), layout.width
        weights = self._padded(
            filter_image(layer, index, _SMALL), _on_backdrop(shading, _WEIGHTS_PAPER), *_SMALL
        )
        response = map_image(layer, index, layout.side)
        below = self._padded(
            response, _on_backdrop(shading, _MAP_PAPER), layout.side, layout.side // 2
        )
        is_chosen = index == self.chosen
        name = (f"{'▸' if is_chosen else ' '}{index + 1} ", "chosen" if is_chosen else "muted")
        texts: list[Line] = [[name], *([[]] * (len(weights) - 1))]
        above = [
            Strip.join([strip, self.strip(text, width - _SMALL[0])])
            for strip, text in zip(weights, texts, strict=True)
        ]
        base = self.visual_style.rich_style
        return [*above, *(strip.adjust_cell_length(width, base) for strip in below)]

    def _padded(self, image: Image, shading: Shading, columns: int, lines: int) -> list[Strip]:
        """An image with blanks to its right and below, where it is smaller than its place."""
        base = self.visual_style.rich_style
        strips = [strip.adjust_cell_length(columns, base) for strip in strips_of(image, shading)]
        return strips + [self.strip([], columns)] * (lines - len(strips))

    thing_at = Pages.place_at

    def press(self, thing: int) -> None:
        self.post_message(self.Picked(thing))


class FilterDetail(StripLines):
    """An image, one filter, and the filter's response to the image."""

    DEFAULT_CSS = """
    FilterDetail { width: 30; height: 1fr; padding: 0 0 0 2; }
    """

    first_layer: Shown[FirstLayer | None] = Shown(None)
    """What is shown."""
    chosen: Shown[int] = Shown(0)
    """The filter."""
    image: Shown[bytes] = Shown(b"")
    """28 x 28 gray values."""

    def draw(self, width: int, height: int) -> list[Strip]:
        """Return the three under each other, or where it is low, image and filter side by side."""
        if self.first_layer is None or not self.image:
            return []
        shading, layer = shading_of(self), self.first_layer
        filter_shading = _on_backdrop(shading, _WEIGHTS_PAPER)
        weights = strips_of(filter_image(layer, self.chosen, _LARGE), filter_shading)
        name = f"filter {self.chosen + 1}"
        if height >= 14 + 6 + 13 + 3:
            legend = [self._swatch(value, word, filter_shading) for value, word in _SWATCHES]
            image = strips_of(Image(self.image), shading)
            lines = [self._caption("the image", width), *image]
            lines += [self._caption(f"× {name}", width), *self._side_by_side(weights, legend)]
        else:
            image = strips_of(thumbnail(self.image, 12), shading)
            lines = [self._caption(f"{'the image':<12}× {name}", width)]
            lines += self._side_by_side(image, weights)
        share = formatting.whole_percent(int(map_values(layer, self.chosen).max()) / 255).strip()
        lines.append(self._caption(f"= response, peak {share}", width))
        side = min(26, 2 * (height - len(lines))) // 2 * 2
        if side >= MAP_SIDES[-1]:
            response = map_image(layer, self.chosen, side, is_full=True)
            lines += strips_of(response, _on_backdrop(shading, _MAP_PAPER))
        return lines

    def _caption(self, text: str, width: int) -> Strip:
        return self.strip([(text, "muted")], width)

    def _swatch(self, value: int, word: str, shading: Shading) -> Strip:
        picture = strips_of(Image(bytes([value] * 4), 2, 2), shading)
        return Strip.join([*picture, self.strip([(f" {word}", "muted")], 13)])

    def _side_by_side(self, left: Sequence[Strip], right: Sequence[Strip]) -> list[Strip]:
        gap = self.strip([], 2)
        return [
            Strip.join([strip, gap, right[y]] if y < len(right) else [strip])
            for y, strip in enumerate(left)
        ]
