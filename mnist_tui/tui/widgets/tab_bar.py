"""The panes as tabs, where there is room for one at a time."""

from dataclasses import dataclass

from rich.cells import cell_len
from textual import events
from textual.message import Message

from mnist_tui.tui.widgets.lines import Line, Lines, Shown
from mnist_tui.tui.widgets.pressable import Pressable


class TabBar(Pressable[int], Lines):
    """One line that names the panes with their keys; a click shows one."""

    DEFAULT_CSS = """
    TabBar {
        height: 1;
        padding: 0 1;
    }
    """

    titles: Shown[tuple[str, ...]] = Shown(())
    """The panes' titles, in order."""
    active: Shown[int] = Shown(0)
    """The index of the pane in sight."""

    @dataclass
    class Chosen(Message):
        """The user clicked the tab of pane `index`."""

        index: int

    def lines(self, width: int, height: int) -> list[Line]:
        """With titles where they fit, else only the numbers."""
        line: Line = []
        for index, text in enumerate(self._labels(width)):
            line.append((text, "chosen" if index == self.active else "muted"))
            line.append((" ", ""))
        return [line[:-1]]

    def _labels(self, width: int) -> list[str]:
        full = [f" {i} {title} " for i, title in enumerate(self.titles, 1)]
        if sum(map(cell_len, full)) + len(full) - 1 <= width:
            return full
        short = [f" {i} " for i in range(1, len(full) + 1)]
        short[self.active] = full[self.active]
        return short if sum(map(cell_len, short)) + len(short) - 1 <= width else []

    def press(self, thing: int) -> None:
        self.post_message(self.Chosen(thing))

    def thing_at(self, event: events.MouseEvent) -> int | None:
        x = event.get_content_offset_capture(self).x
        for index, text in enumerate(self._labels(self.content_size.width)):
            if 0 <= x < cell_len(text):
                return index
            x -= cell_len(text) + 1
        return None
