"""The chart widget: curves, and the keys and the mouse that move their view."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from time import monotonic
from typing import ClassVar, Final

from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.strip import Strip
from textual.timer import Timer

from mnist_tui.tui.charts.glyphs import glyphs_for
from mnist_tui.tui.charts.legend import titles
from mnist_tui.tui.charts.palette import Palette
from mnist_tui.tui.charts.plot import Plot
from mnist_tui.tui.charts.series import ChartData
from mnist_tui.tui.charts.view import View
from mnist_tui.tui.widgets.lines import StripLines

DRAW_INTERVAL_S: Final = 0.25
"""New data is drawn no sooner than this after the draw before it."""

ZOOM_STEP: Final = 0.5
WHEEL_STEP: Final = 0.8
PAN_STEP: Final = 0.25
"""Share of what is in view that one key press or turn of the wheel moves by."""


class Chart(StripLines, can_focus=True):
    """Curves over epochs or batches, whose view the user moves and whose values they read.

    Hand it immutable data with `set_data`, from the UI thread, as often as you like. It draws new
    data at most four times a second, what the user did at once, and nothing while it is hidden.

    The title is in the border if there is one, else in the top line.
    """

    DEFAULT_CSS = """
    Chart {
        height: 1fr;
        min-width: 1;
        min-height: 1;
        border: round $panel;
        border-title-color: $foreground;
        border-title-style: bold;
        &:focus { border: round $border; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "l",
            "toggle_log",
            "Log axis",
            id="chart.log",
            tooltip="Logarithmic axis; of the error where accuracies are shown",
        ),
        Binding("plus,equals_sign", "zoom_in", "Zoom in", show=False, id="chart.zoom-in"),
        Binding("minus", "zoom_out", "Zoom out", show=False, id="chart.zoom-out"),
        Binding("0", "reset", "Show all", show=False, id="chart.reset"),
        Binding("left", "go(-1)", "Left", show=False, id="chart.left"),
        Binding("right", "go(1)", "Right", show=False, id="chart.right"),
        Binding("c", "toggle_cursor", "Read values", id="chart.cursor", tooltip="Move with ← →"),
    ]

    @dataclass
    class ViewChanged(Message):
        """The user changed what is in view."""

        view: View

    def __init__(
        self,
        data: ChartData | None = None,
        *,
        id: str | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        super().__init__(id=id)
        self._data = data or ChartData("")
        self._clock = clock
        self._view = View()
        self._plot: Plot | None = None
        self._drawn_at_s = float("-inf")
        self._timer: Timer | None = None
        self._cursor: float | None = None
        self._is_reading = False
        """Whether the user moves a cursor along the curves by keys."""
        self._drag: tuple[int, View] | None = None
        """The column where the mouse was pressed, and the view then."""

    @property
    def data(self) -> ChartData:
        """What is shown."""
        return self._data

    @property
    def view(self) -> View:
        """The window and kind of y axis; setting it posts no message."""
        return self._view

    @view.setter
    def view(self, view: View) -> None:
        if view != self._view:
            self._view = view
            self._draw_anew()

    @property
    def cursor(self) -> float | None:
        """The x whose values are read out, if any."""
        return self._cursor

    def set_data(self, data: ChartData) -> None:
        """Show `data`. A zoomed view follows the newest value if that was in view."""
        if data == self._data:
            return
        self._view = self._view.following(self._data, data)
        self._data = data
        wait_s = self._drawn_at_s + DRAW_INTERVAL_S - self._clock()
        if wait_s <= 0 or not self.is_running:
            self._draw_anew()
        elif self._timer is None:
            self._timer = self.set_timer(wait_s, self._draw_anew, name="draw chart")

    def _draw_anew(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        self._plot = None
        self.redraw()

    def on_mount(self) -> None:
        self.redraw()

    def redraw(self) -> None:
        title = titles(self._data, self._view)[0]
        if title != self.border_title:
            self.border_title = title
        super().redraw()

    def draw(self, width: int, height: int) -> list[Strip]:
        if self._plot is None or self._plot.size != (width, height):
            glyphs = glyphs_for(self.app.console.encoding, os.environ.get("TERM", ""))
            has_border = self.styles.border_top[0] not in ("", "none", "hidden", "blank")
            self._plot = Plot.draw(
                self._data, width, height, self._view, glyphs, has_title=not has_border
            )
            self._drawn_at_s = self._clock()
        _, background = self.background_colors
        palette = Palette(self.app.theme_variables, background)
        behind = Style(bgcolor=background.rich_color)
        return [strip.apply_style(behind) for strip in self._plot.strips(palette, self._cursor)]

    # What the user does.

    def action_toggle_log(self) -> None:
        self._change(replace(self._view, is_log=not self._view.is_log))

    def action_zoom_in(self) -> None:
        """Show half as much, around the cursor or up to the newest value."""
        self._change(self._view.zoomed(ZOOM_STEP, self._data, self._cursor))

    def action_zoom_out(self) -> None:
        self._change(self._view.zoomed(1 / ZOOM_STEP, self._data, self._cursor))

    def action_reset(self) -> None:
        """Show all of x and y; once more: without single values far from all others."""
        self._change(self._view.everything)

    def action_toggle_cursor(self) -> None:
        """Show a cursor at the newest value that is in view, or take it away."""
        self._is_reading = not self._is_reading
        newest = self._data.last_x
        end = self._view.range_of(self._data)[1]
        at = None if newest is None else self._data.nearest_x(min(newest, end))
        self._move_cursor(at if self._is_reading else None)

    def action_go(self, direction: int) -> None:
        """Move the cursor if there is one, else the view."""
        if not self._is_reading or self._cursor is None or self._plot is None:
            self._change(self._view.panned(direction * PAN_STEP, self._data))
            return
        scale = self._plot.x
        column = scale.cell(self._cursor)
        if direction > 0:
            x = self._data.next_x(max(self._cursor, scale.value(column + 1)))
        else:
            x = self._data.previous_x(min(self._cursor, scale.value(column)))
        if x is not None:
            self._change(self._view.showing(x, self._data))
            self._move_cursor(x)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Read out the values under the mouse; with a button held, pan."""
        if self._plot is None or not self._plot.area:
            return
        column = event.get_content_offset_capture(self).x
        if self._drag is not None:
            start, view = self._drag
            self._change(view.panned((start - column) / self._plot.area.width, self._data))
        else:
            self._move_cursor(self._data.nearest_x(self._plot.x_at(column)))

    def on_leave(self) -> None:
        """Take the mouse's cursor away."""
        if not self._is_reading:
            self._move_cursor(None)

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Start to pan a zoomed view."""
        if event.button == 1 and self._view.window is not None:
            self._drag = (event.get_content_offset_capture(self).x, self._view)
            self.capture_mouse()

    def on_mouse_up(self, _event: events.MouseUp) -> None:
        if self._drag is not None:
            self._drag = None
            self.release_mouse()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._turn_wheel(event, WHEEL_STEP, -1)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Zoom out at the mouse; with shift, pan."""
        self._turn_wheel(event, 1 / WHEEL_STEP, 1)

    def on_mouse_scroll_left(self, event: events.MouseScrollLeft) -> None:
        """Pan, as terminals report shift and wheel."""
        self._turn_wheel(event, None, -1)

    def on_mouse_scroll_right(self, event: events.MouseScrollRight) -> None:
        """Pan, as terminals report shift and wheel."""
        self._turn_wheel(event, None, 1)

    def _turn_wheel(self, event: events.MouseEvent, factor: float | None, direction: int) -> None:
        if self._plot is None or not self._plot.area:
            return
        if factor is None or event.shift:
            view = self._view.panned(direction * PAN_STEP, self._data)
        else:
            anchor = self._plot.x_at(event.get_content_offset_capture(self).x)
            view = self._view.zoomed(factor, self._data, anchor)
        if view != self._view:
            # What changes nothing here may scroll the page that the chart is on.
            event.stop()
            self._change(view)

    def _change(self, view: View) -> None:
        if view != self._view:
            self.view = view
            self.post_message(self.ViewChanged(view))

    def _move_cursor(self, x: float | None) -> None:
        if x != self._cursor:
            self._cursor = x
            self.redraw()
