"""The keys that do something now, in one line."""

from typing import Final

from rich.cells import cell_len
from textual import events
from textual.binding import ActiveBinding
from textual.screen import Screen

from mnist_tui.tui.text.fitting import fitting
from mnist_tui.tui.widgets.lines import Line, Lines
from mnist_tui.tui.widgets.pressable import Pressable

RUN_KEY: Final = "run."
"""How the ids begin of a screen's bindings that go before those of the pane in focus."""
LATER_KEY: Final = "later."
"""How the ids begin of the app's bindings that go after those."""

Key = tuple[str, str, str]
"""The key to press, how it is written, and what it does."""


class KeyBar(Pressable[Key], Lines):
    """The footer: only what can be done now, and only what fits whole; a click presses it.

    The way back comes first where there is one, then the app's keys and the screen's for the run,
    the focused widget's and the screen's others, each in the order of its BINDINGS; the last are
    left out first.
    """

    DEFAULT_CSS = """
    KeyBar {
        height: 1;
        padding: 0 1;
        background: $panel;
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._keys: list[Key] = []

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._follow)

    def _follow(self, screen: Screen[object]) -> None:
        if screen is self.screen:
            self.redraw()

    def lines(self, width: int, height: int) -> list[Line]:
        self._keys = fitting(self._current(), width, _width_of, 2)
        line: Line = []
        for _, shown, what in self._keys:
            line += [(shown, "accent"), (f" {what}", "muted"), ("  ", "")]
        return [line[:-1]]

    def _current(self) -> list[Key]:
        keys: dict[str, Key] = {}
        for active in sorted(self.screen.active_bindings.values(), key=self._rank):
            binding = active.binding
            if binding.show and active.enabled and binding.action not in keys:
                shown = self.app.get_key_display(binding)
                keys[binding.action] = (binding.key, shown, binding.description)
        return list(keys.values())

    def _rank(self, active: ActiveBinding) -> int:
        name = active.binding.id or ""
        ranks = (
            active.binding.key == "escape",
            active.node is self.app and not name.startswith(LATER_KEY),
            name.startswith(RUN_KEY),
            active.node is self.app,
            active.node is self.screen.focused,
            True,
        )
        return ranks.index(True)

    def press(self, thing: Key) -> None:
        self.app.simulate_key(thing[0])

    def thing_at(self, event: events.MouseEvent) -> Key | None:
        x = event.get_content_offset_capture(self).x
        for key in self._keys:
            if 0 <= x < _width_of(key):
                return key
            x -= _width_of(key) + 2
        return None


def _width_of(key: Key) -> int:
    return cell_len(key[1]) + 1 + cell_len(key[2])


class ScreenKeys(KeyBar):
    """The footer of a screen over the dashboard: its own keys, those of the focus, the app's."""

    def _rank(self, active: ActiveBinding) -> int:
        if active.node is self.screen:
            return 0
        return 2 if active.node is self.app else 1
