"""A line that shows a message for some seconds."""

from typing import Final

from mnist_tui.tui.text.event_text import LogEntry
from mnist_tui.tui.text.fitting import cut
from mnist_tui.tui.widgets.lines import Line, Lines, Shown

SHOWN_FOR_S: Final = 6.0
"""How long a message stays."""

_TONES = {"detail": "muted", "info": "accent", "good": "good", "warning": "warning", "error": "bad"}


class FlashLine(Lines):
    """A line that gives way to a message while it is fresh."""

    message: Shown[LogEntry | None] = Shown(None, always_update=True)
    """The newest message, while it is fresh."""

    def lines(self, width: int, height: int) -> list[Line]:
        if self.message is not None:
            return [self.message_line(self.message, width)]
        return [self.usual(width)]

    def usual(self, width: int) -> Line:
        """What is shown while there is no message."""
        raise NotImplementedError

    def say(self, entry: LogEntry) -> None:
        """Show a message at once, for some seconds."""
        self.message = entry
        self.set_timer(SHOWN_FOR_S, lambda: self._forget(entry))

    def _forget(self, entry: LogEntry) -> None:
        if self.message is entry:
            self.message = None

    def message_line(self, entry: LogEntry, width: int) -> Line:
        """A message in its tone, cut to `width` columns."""
        return [(cut(f"› {entry.text}", width), _TONES[entry.level])]
