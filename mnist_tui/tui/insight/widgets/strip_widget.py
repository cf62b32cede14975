"""A region whose lines are kept until they change, images and text side by side."""

from textual.strip import Strip
from textual.theme import Theme

from mnist_tui.tui.charts.changes import changed_regions
from mnist_tui.tui.widgets.lines import Lines


class StripWidget(Lines):
    """Lines of which some are parts of images.

    Subclasses return what to show in `draw`; `redraw` compares it with what is on the screen and
    repaints the lines that differ. Nothing here asks for a layout.
    """

    _strips: list[Strip] | None = None

    def draw(self, width: int, height: int) -> list[Strip]:
        """Return what to show in a region of `width` columns and `height` lines; blank below it."""
        raise NotImplementedError

    def on_mount(self) -> None:
        self.app.theme_changed_signal.subscribe(self, self._forget)

    def _forget(self, _theme: Theme) -> None:
        self._strips = None
        self.refresh()

    def notify_style_update(self) -> None:
        """Draw anew on another background."""
        super().notify_style_update()
        self._strips = None

    def redraw(self) -> None:
        """Repaint what changed since the last time. UI thread."""
        width, height = self.content_size
        if not self.is_mounted or not width or not height:
            self._strips = None
            return
        old, self._strips = self._strips, self._made(width, height)
        if old is None or len(old) != len(self._strips):
            self.refresh()
            return
        if changes := changed_regions(old, self._strips):
            self.refresh(*changes)

    def _made(self, width: int, height: int) -> list[Strip]:
        base = self.visual_style.rich_style
        strips = self.draw(width, height)[:height]
        strips += [Strip.blank(width, base)] * (height - len(strips))
        return [strip.adjust_cell_length(width, base) for strip in strips]

    def on_resize(self) -> None:
        """Draw anew for the new size."""
        self._strips = None
        self.refresh()

    def render_line(self, y: int) -> Strip:
        width, height = self.content_size
        if self._strips is None or len(self._strips) != height:
            self._strips = self._made(width, height)
        return self._strips[y] if y < height else Strip.blank(width)
