"""Curves as a widget: drawn when they are seen, and not too often."""

import os
from collections.abc import Callable
from time import monotonic
from typing import Final

from rich.style import Style
from textual.strip import Strip
from textual.theme import Theme
from textual.timer import Timer
from textual.widget import Widget

from mnist_tui.tui.charts.changes import changed_regions
from mnist_tui.tui.charts.glyphs import glyphs_for
from mnist_tui.tui.charts.legend import title_of
from mnist_tui.tui.charts.palette import Palette
from mnist_tui.tui.charts.plot import Plot
from mnist_tui.tui.charts.series import ChartData
from mnist_tui.tui.charts.view import View

DRAW_INTERVAL_S: Final = 0.25
"""New data is drawn no sooner than this after the draw before it."""


class DrawnChart(Widget):
    """Curves over epochs or batches.

    Hand it immutable data with `set_data`, from the UI thread, as often as you like. It
    draws while the terminal asks for its lines, so never while it is hidden; new data at
    most four times a second, what the user did at once.

    The title is in the border if there is one, else in the top line.
    """

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
        self._strips: list[Strip] = []
        self._drawn_at_s = float("-inf")
        self._timer: Timer | None = None
        self._cursor: float | None = None

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
            self._redraw()

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
            self._redraw()
        elif self._timer is None:
            self._timer = self.set_timer(wait_s, self._redraw, name="draw chart")

    def _redraw(self) -> None:
        """Draw when the terminal next asks for lines, which it does only if they are seen."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        self._plot = None
        self._restyle()

    def _restyle(self) -> None:
        """Send what changed; while it is hidden, draw nothing until it is seen again."""
        title = title_of(self._data, self._view)
        if title != self.border_title:
            self.border_title = title
        old, self._strips = self._strips, []
        if not old or not self.is_seen or not self.content_size:
            self.refresh()
            return
        self._make_strips()
        if len(old) != len(self._strips):
            self.refresh()
        elif changes := changed_regions(old, self._strips):
            self.refresh(*changes)

    @property
    def is_seen(self) -> bool:
        """Whether any of it is on a screen that nothing hides."""
        return self.is_on_screen and self.screen.is_current

    @property
    def _has_border(self) -> bool:
        return self.styles.border_top[0] not in ("", "none", "hidden", "blank")

    def render_line(self, y: int) -> Strip:
        """Return one line of the chart, drawing it first if anything changed."""
        self._make_strips()
        return self._strips[y] if y < len(self._strips) else Strip.blank(self.content_size.width)

    def _make_strips(self) -> None:
        if self._plot is None or self._plot.size != tuple(self.content_size):
            self._draw()
        if not self._strips and self._plot is not None:
            _, background = self.background_colors
            palette = Palette(self.app.theme_variables, background)
            behind = Style(bgcolor=background.rich_color)
            strips = self._plot.strips(palette, self._cursor)
            self._strips = [strip.apply_style(behind) for strip in strips]

    def _draw(self) -> None:
        glyphs = glyphs_for(self.app.console.encoding, os.environ.get("TERM", ""))
        width, height = self.content_size
        self._plot = Plot.draw(
            self._data, width, height, self._view, glyphs, has_title=not self._has_border
        )
        self._strips = []
        self._drawn_at_s = self._clock()

    def on_mount(self) -> None:
        self.app.theme_changed_signal.subscribe(self, self._on_theme_changed)
        self._restyle()

    def _on_theme_changed(self, _theme: Theme) -> None:
        self._strips = []
        self._restyle()

    def notify_style_update(self) -> None:
        """Take up another background or border."""
        super().notify_style_update()
        self._strips = []
