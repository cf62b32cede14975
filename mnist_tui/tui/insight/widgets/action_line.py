"""One line whose parts can be clicked."""

from rich.cells import cell_len
from textual import events
from textual.reactive import reactive

from mnist_tui.tui.widgets.lines import Line, Lines

Part = tuple[str, str, str]
"""Some text, its tone, and the action of the pane that a click runs; empty for none."""


class ActionLine(Lines):
    """What is in sight and what else could be, in words; the last parts give way first."""

    DEFAULT_CSS = """
    ActionLine { height: 1; }
    """

    parts: reactive[tuple[Part, ...]] = reactive((), repaint=False)
    """From the left."""

    def watch_parts(self) -> None:
        """Show them."""
        self.redraw()

    def lines(self, width: int, height: int) -> list[Line]:
        """As Lines asks."""
        return [[(text, tone) for text, tone, _ in self._fitting(width)]]

    def _fitting(self, width: int) -> list[Part]:
        fitting: list[Part] = []
        for part in self.parts:
            width -= cell_len(part[0])
            if width < 0:
                break
            fitting.append(part)
        return fitting

    async def on_click(self, event: events.Click) -> None:
        """Do what is under the mouse."""
        x = event.get_content_offset_capture(self).x
        for text, _, action in self._fitting(self.content_size.width):
            if 0 <= x < cell_len(text):
                if action and self.parent is not None:
                    await self.app.run_action(action, self.parent)
                return
            x -= cell_len(text)
