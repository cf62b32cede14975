"""How many digits of each class there are, as bars that can be clicked."""

from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.message import Message
from textual.reactive import reactive

from mnist_tui import formatting
from mnist_tui.tui.widgets.lines import Line, Lines
from mnist_tui.tui.widgets.meters import bar

_GAP = 2


class ClassCounts(Lines):
    """Ten bars under each other, or where it is low, five and five."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"lines--chosen"}
    DEFAULT_CSS = """
    ClassCounts {
        height: 5;
        & > .lines--chosen { color: $background; background: $primary; text-style: bold; }
    }
    """

    counts: reactive[tuple[int, ...]] = reactive((), repaint=False)
    """One for each class, or none yet."""
    label: reactive[int | None] = reactive(None, repaint=False)
    """The class that is looked at alone; None: all."""

    @dataclass
    class Picked(Message):
        """A person clicked a class."""

        label: int

    def watch_counts(self) -> None:
        """Show them."""
        self.redraw()

    def watch_label(self) -> None:
        """Show it."""
        self.redraw()

    def lines(self, width: int, height: int) -> list[Line]:
        """As Lines asks."""
        if not self.counts:
            return []
        if height >= 10:
            return [self._class(label, width) for label in range(10)]
        half = (width - _GAP) // 2
        return [
            [*self._class(label, half), (" " * _GAP, ""), *self._class(label + 5, half)]
            for label in range(5)
        ]

    def _class(self, label: int, width: int) -> Line:
        is_chosen = label == self.label
        mark = f"▸{label} " if is_chosen else f" {label} "
        room = max(len(formatting.count(count)) for count in self.counts)
        number = f" {formatting.count(self.counts[label]):>{room}}"
        share = self.counts[label] / max(*self.counts, 1)
        name = (mark, "chosen" if is_chosen else "strong")
        return [name, *bar(share, width - len(mark) - len(number), "bar"), (number, "muted")]

    def on_click(self, event: events.Click) -> None:
        """Find the class under the mouse."""
        at, (width, height) = event.get_content_offset_capture(self), self.content_size
        label = at.y if height >= 10 else at.y + 5 * (at.x >= (width + _GAP) // 2)
        if self.counts and 0 <= label <= 9:
            self.post_message(self.Picked(label))
