"""The canvas that a person draws on, with the mouse or with a pen moved by keys."""

from dataclasses import dataclass
from typing import Final, Literal

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip

from mnist_tui.tui.insight.widgets.bitmap import Image, shading_of, strips_of
from mnist_tui.tui.insight.widgets.brush import SIDE, Drawing, Point
from mnist_tui.tui.insight.widgets.strip_widget import StripWidget
from mnist_tui.tui.widgets.lines import Line

LARGEST: Final = 3
"""How many columns a pixel takes at most."""

_PEN, _ERASER = 1, 3
"""Buttons of the mouse: left and right."""


Does = Literal["up", "draws", "erases"]
"""What the pen that keys move does where it is."""


_SAYS: Final[dict[Does, str]] = {"up": "", "draws": "drawing", "erases": "erasing"}


def scale_for(width: int, height: int) -> int:
    """How many columns a pixel can take in a region; each is half as many lines high."""
    return max(1, min(LARGEST, (width - 2) // SIDE, 2 * (height - 2) // SIDE))


@dataclass(frozen=True, slots=True)
class Pen:
    """The pen that keys move: over which pixel it is, and what it does there."""

    x: int = SIDE // 2
    y: int = SIDE // 2
    does: Does = "up"

    @property
    def point(self) -> Point:
        """The middle of its pixel."""
        return self.x + 0.5, self.y + 0.5


class Canvas(StripWidget):
    """28 by 28 pixels in a frame, on which ticks show where the pen is, without colors too."""

    DEFAULT_CSS = f"""
    Canvas {{
        width: {SIDE + 2};
        height: {SIDE // 2 + 2};
        background: $surface;
    }}
    """

    scale: reactive[int] = reactive(1, repaint=False)
    """How many columns a pixel takes, and how many half lines."""
    pen: reactive[Pen] = reactive(Pen(), repaint=False)
    """The pen that keys move."""
    shows_pen: reactive[bool] = reactive(True, repaint=False)
    """Whether it is shown: until the mouse is used."""

    @dataclass
    class Drew(Message):
        """The ink changed."""

    def __init__(self, drawing: Drawing) -> None:
        super().__init__()
        self.drawing = drawing
        """What is drawn on."""
        self._last: Point | None = None
        """Where the mouse was last in an open stroke of it."""
        self._erases = False
        self._has_fractions = False
        """Whether this terminal tells where in a cell the mouse is."""

    def watch_scale(self, scale: int) -> None:
        """Take the room that it needs."""
        self.styles.width = SIDE * scale + 2
        self.styles.height = SIDE * scale // 2 + 2
        self.redraw()

    def watch_pen(self) -> None:
        """Show it."""
        self.redraw()

    def watch_shows_pen(self) -> None:
        """Show it, or not."""
        self.redraw()

    # The keys.

    def move(self, x: int, y: int) -> None:
        """Move the pen by so many pixels, drawing or erasing on the way if it is down."""
        before, self.shows_pen = self.pen, True
        at_x, at_y = (min(max(v, 0), SIDE - 1) for v in (before.x + x, before.y + y))
        self.pen = Pen(at_x, at_y, before.does)
        if before.does != "up":
            self.drawing.line(before.point, self.pen.point, erases=before.does == "erases")
            self._changed()

    def put(self, does: Does) -> None:
        """Set the pen, or the eraser, down where it is; once more lifts it."""
        self.shows_pen = True
        was = self.pen.does
        self.lift()
        if does != was:
            self.drawing.begin()
            self.pen = Pen(self.pen.x, self.pen.y, does)
            self.drawing.line(self.pen.point, self.pen.point, erases=does == "erases")
            self._changed()

    def lift(self) -> None:
        """Lift the pen; that ends the stroke, of the mouse too."""
        if self.pen.does != "up" or self._last is not None:
            self.drawing.end()
        if self.pen.does != "up":
            self.pen = Pen(self.pen.x, self.pen.y)
        self._release()

    def undo(self) -> None:
        """Take the last stroke back, the open one first."""
        self.lift()
        self.drawing.undo()
        self._changed()

    def clear(self) -> None:
        """Take all ink away."""
        self.lift()
        self.drawing.clear()
        self._changed()

    def _changed(self) -> None:
        self.redraw()
        self.post_message(self.Drew())

    # The mouse.

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Begin a stroke: with the left button of ink, with the right one of the eraser."""
        if event.button not in (_PEN, _ERASER):
            return
        self.lift()
        self.shows_pen = False
        self._erases = event.button == _ERASER
        self.drawing.begin()
        self.capture_mouse()
        self._last = self._point(event)
        self._stroke_to(self._last)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Go on with the stroke; a button that is up again was let go outside the terminal."""
        if self._last is None:
            return
        event.stop()  # of interest to nobody above, and there are many
        if not event.button:
            self.lift()
        else:
            self._stroke_to(self._point(event))

    def on_mouse_up(self, _event: events.MouseUp) -> None:
        """End the stroke."""
        if self._last is not None:
            self.lift()

    def _stroke_to(self, point: Point) -> None:
        assert self._last is not None
        self.drawing.line(self._last, point, erases=self._erases)
        self._last = point
        self._changed()

    def _release(self) -> None:
        if self._last is not None:
            self._last = None
            self.release_mouse()

    def _point(self, event: events.MouseEvent) -> Point:
        """The pixels' coordinates under the mouse; outside the frame, too."""
        x, y = event.pointer_x, event.pointer_y
        self._has_fractions |= bool(x % 1 or y % 1)
        if not self._has_fractions:
            # All that is known is the cell: its middle.
            x, y = x + 0.5, y + 0.5
        left, top = self.gutter.left + 1, self.gutter.top + 1
        return (x - left) / self.scale, 2 * (y - top) / self.scale

    # What it looks like.

    def draw(self, width: int, height: int) -> list[Strip]:
        """As Drawn asks."""
        image = Image.of(self.drawing.ink)
        if self.scale > 1:
            image = image.enlarged(self.scale)
        shading = shading_of(self)
        strips = [self._with_pen(strip, y) for y, strip in enumerate(strips_of(image, shading))]
        _, level = self._pen_cells()
        sides = self._sides("│", "│", "rest"), self._sides("├", "┤", "accent")
        framed = [self._edge("╭", "╮", "┬", image.width)]
        for y, strip in enumerate(strips):
            left, right = sides[self.shows_pen and y in level]
            framed.append(self.beside([left, strip, right]))
        framed += [self._edge("╰", "╯", "┴", image.width)]
        return framed

    def _pen_cells(self) -> tuple[range, range]:
        """The columns and the lines that the pen's pixel takes."""
        x, y = self.pen.x * self.scale, self.pen.y * self.scale
        return range(x, x + self.scale), range(y // 2, (y + self.scale + 1) // 2)

    def _with_pen(self, strip: Strip, y: int) -> Strip:
        columns, lines = self._pen_cells()
        if not self.shows_pen or y not in lines:
            return strip
        left, cells, right = (
            strip.crop(start, end)
            for start, end in (
                (0, columns.start),
                (columns.start, columns.stop),
                (columns.stop, None),
            )
        )
        if self.scale == 1:
            paper = next((s.style.bgcolor for s in cells if s.style and s.style.bgcolor), None)
            # The other half of the cell keeps its gray.
            style = self._style("accent") + Style(bgcolor=paper)
            mark = "▀▄"[self.pen.y % 2]
        else:
            style = self._style("accent") + Style(reverse=True)
            mark = "[" + " " * (self.scale - 2) + "]"
        return Strip.join([left, Strip([Segment(mark, style)]), right])

    def _edge(self, left: str, right: str, tick: str, width: int) -> Strip:
        columns, _ = self._pen_cells()
        if not self.shows_pen:
            return self.text([(left + "─" * width + right, "rest")], width + 2)
        before, after = columns.start, width - columns.stop
        said = _SAYS[self.pen.does] if tick == "┴" else ""
        line: Line = [(left, "rest"), *_filled(before, said if before > after else "")]
        line += [(tick * len(columns), "accent")]
        line += [*_filled(after, said if after >= before else ""), (right, "rest")]
        return self.text(line, width + 2)

    def _sides(self, left: str, right: str, tone: str) -> tuple[Strip, Strip]:
        """The frame to the left and to the right of a line."""
        return self.text([(left, tone)], 1), self.text([(right, tone)], 1)


def _filled(width: int, said: str) -> Line:
    """So much of the frame, with what is said in its middle."""
    if not said or len(said) + 4 > width:
        return [("─" * width, "rest")]
    left = (width - len(said) - 2) // 2
    right = width - len(said) - 2 - left
    return [("─" * left, "rest"), (f" {said} ", "accent"), ("─" * right, "rest")]
