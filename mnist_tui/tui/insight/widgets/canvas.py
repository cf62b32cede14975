"""The canvas for drawing, with the mouse or with a pen that keys move."""

from dataclasses import dataclass, replace
from typing import Final, Literal

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.message import Message
from textual.strip import Strip

from mnist_tui.tui.insight.widgets.bitmap import Image, shading_of, strips_of
from mnist_tui.tui.insight.widgets.brush import SIDE, Drawing, Point
from mnist_tui.tui.widgets.lines import Line, Shown, StripLines

LARGEST: Final = 3
"""How many columns a pixel takes at most."""

_PEN, _ERASER = 1, 3
"""Buttons of the mouse: left and right."""

Tool = Literal["draw", "erase"]

_STATUS: Final[dict[Tool | None, str]] = {None: "", "draw": "drawing", "erase": "erasing"}


def scale_for(width: int, height: int) -> int:
    """How many columns a pixel can take in a region; it takes half as many lines."""
    return max(1, min(LARGEST, (width - 2) // SIDE, 2 * (height - 2) // SIDE))


@dataclass(frozen=True, slots=True)
class Pen:
    """The pen that keys move."""

    x: int = SIDE // 2
    y: int = SIDE // 2
    tool: Tool | None = None
    """What it does on its way; None: it is up."""

    @property
    def point(self) -> Point:
        """The middle of its pixel."""
        return self.x + 0.5, self.y + 0.5


class Canvas(StripLines):
    """28 by 28 pixels in a frame; ticks on the frame show where the pen is, without colors too."""

    DEFAULT_CSS = f"""
    Canvas {{
        width: {SIDE + 2};
        height: {SIDE // 2 + 2};
        background: $surface;
    }}
    """

    scale: Shown[int] = Shown(1)
    """How many columns a pixel takes, and how many half lines."""
    pen: Shown[Pen] = Shown(Pen())
    """The pen that keys move."""
    shows_pen: Shown[bool] = Shown(True)
    """Whether it is shown: until the mouse is used."""

    @dataclass
    class Drew(Message):
        """The ink changed."""

    def __init__(self, drawing: Drawing) -> None:
        super().__init__()
        self.drawing = drawing
        """What the strokes go into."""
        self._last: Point | None = None
        """Where the mouse was last in the stroke that it draws."""
        self._erases = False
        self._has_fractions = False
        """Whether this terminal reports where in a cell the mouse is."""

    def watch_scale(self, scale: int) -> None:
        """Take the room that the pixels need."""
        self.styles.width = SIDE * scale + 2
        self.styles.height = SIDE * scale // 2 + 2
        self.redraw()

    # The keys.

    def move(self, x: int, y: int) -> None:
        """Move the pen by so many pixels, drawing or erasing on the way if it is down."""
        before, self.shows_pen = self.pen, True
        at_x, at_y = (min(max(v, 0), SIDE - 1) for v in (before.x + x, before.y + y))
        self.pen = replace(before, x=at_x, y=at_y)
        if before.tool is not None:
            self.drawing.line(before.point, self.pen.point, erases=before.tool == "erase")
            self._changed()

    def lower(self, tool: Tool) -> None:
        """Set the pen or the eraser down where it is; if it is down already, lift it."""
        self.shows_pen = True
        before = self.pen.tool
        self.lift()
        if tool != before:
            self.drawing.begin()
            self.pen = replace(self.pen, tool=tool)
            self.drawing.line(self.pen.point, self.pen.point, erases=tool == "erase")
            self._changed()

    def lift(self) -> bool:
        """End the stroke of the keys or of the mouse; returns whether there was one."""
        if self.pen.tool is None and self._last is None:
            return False
        self.drawing.end()
        self.pen = replace(self.pen, tool=None)
        if self._last is not None:
            self._last = None
            self.release_mouse()
        return True

    def undo(self) -> None:
        """Undo the last stroke, the open one first."""
        self.lift()
        self.drawing.undo()
        self._changed()

    def clear(self) -> None:
        self.lift()
        self.drawing.clear()
        self._changed()

    def _changed(self) -> None:
        self.redraw()
        self.post_message(self.Drew())

    # The mouse.

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Begin a stroke: the left button draws, the right one erases."""
        if event.button not in (_PEN, _ERASER):
            return
        self.lift()
        self.shows_pen = False
        self._erases = event.button == _ERASER
        self.drawing.begin()
        self.capture_mouse()
        self._stroke_to(self._point(event))

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Continue the stroke; end it if the button was released outside the terminal."""
        if self._last is None:
            return
        event.stop()  # nobody above uses them, and there are many
        if event.button:
            self._stroke_to(self._point(event))
        else:
            self.lift()

    def on_mouse_up(self, _event: events.MouseUp) -> None:
        if self._last is not None:
            self.lift()

    def _stroke_to(self, point: Point) -> None:
        self.drawing.line(self._last or point, point, erases=self._erases)
        self._last = point
        self._changed()

    def _point(self, event: events.MouseEvent) -> Point:
        """The pixels' coordinates under the pointer; outside the frame, too."""
        x, y = event.pointer_x, event.pointer_y
        self._has_fractions |= bool(x % 1 or y % 1)
        if not self._has_fractions:
            # Only the cell is known: take its middle.
            x, y = x + 0.5, y + 0.5
        left, top = self.gutter.left + 1, self.gutter.top + 1
        return (x - left) / self.scale, 2 * (y - top) / self.scale

    # What it looks like.

    def draw(self, width: int, height: int) -> list[Strip]:
        image = Image.of(self.drawing.ink)
        if self.scale > 1:
            image = image.enlarged(self.scale)
        _, pen_lines = self._pen_cells()
        framed = [self._edge("╭", "╮", "┬", image.width)]
        for y, strip in enumerate(strips_of(image, shading_of(self))):
            if self.shows_pen and y in pen_lines:
                framed.append(self._framed("├", self._with_pen(strip), "┤", "accent"))
            else:
                framed.append(self._framed("│", strip, "│", "rest"))
        return [*framed, self._edge("╰", "╯", "┴", image.width, _STATUS[self.pen.tool])]

    def _framed(self, left: str, strip: Strip, right: str, tone: str) -> Strip:
        return Strip.join([self.strip([(left, tone)], 1), strip, self.strip([(right, tone)], 1)])

    def _pen_cells(self) -> tuple[range, range]:
        """The columns and the lines that the pen's pixel takes."""
        x, y = self.pen.x * self.scale, self.pen.y * self.scale
        return range(x, x + self.scale), range(y // 2, (y + self.scale + 1) // 2)

    def _with_pen(self, strip: Strip) -> Strip:
        columns, _ = self._pen_cells()
        cells, style = strip.crop(columns.start, columns.stop), self.tone_style("accent")
        if self.scale == 1:
            paper = next((s.style.bgcolor for s in cells if s.style and s.style.bgcolor), None)
            # The other half of the cell keeps its gray.
            mark, style = "▀▄"[self.pen.y % 2], style + Style(bgcolor=paper)
        else:
            mark, style = "[" + " " * (self.scale - 2) + "]", style + Style(reverse=True)
        pen = Strip([Segment(mark, style)])
        return Strip.join([strip.crop(0, columns.start), pen, strip.crop(columns.stop)])

    def _edge(self, left: str, right: str, tick: str, width: int, status: str = "") -> Strip:
        """The frame above or below, with a tick at the pen and the status beside it."""
        if not self.shows_pen:
            return self.strip([(left + "─" * width + right, "rest")], width + 2)
        columns, _ = self._pen_cells()
        before, after = columns.start, width - columns.stop
        line: Line = [(left, "rest"), *_filled(before, status if before > after else "")]
        line += [(tick * len(columns), "accent")]
        line += [*_filled(after, status if after >= before else ""), (right, "rest")]
        return self.strip(line, width + 2)


def _filled(width: int, status: str) -> Line:
    """So much of the frame, with the status in its middle."""
    if not status or len(status) + 4 > width:
        return [("─" * width, "rest")]
    left = (width - len(status) - 2) // 2
    right = width - len(status) - 2 - left
    return [("─" * left, "rest"), (f" {status} ", "accent"), ("─" * right, "rest")]
