"""A line that tells, for some seconds, what was just said."""

from typing import Final

from mnist_tui.tui.text.event_text import LogEntry
from mnist_tui.tui.widgets.lines import Line, Lines, Shown, cut

SHOWN_FOR_S: Final = 6.0
"""How long something said stays."""

_TONES = {"detail": "muted", "info": "accent", "good": "good", "warning": "warning", "error": "bad"}


class FlashLine(Lines):
    """Lines that give way to an answer while it is fresh."""

    said: Shown[LogEntry | None] = Shown(None, always_update=True)
    """What was said last, while it is fresh."""

    def say(self, said: LogEntry) -> None:
        """Show an answer at once, for some seconds."""
        self.said = said
        self.set_timer(SHOWN_FOR_S, lambda: self._forget(said))

    def _forget(self, said: LogEntry) -> None:
        if self.said is said:
            self.said = None

    def answer(self, said: LogEntry, width: int) -> Line:
        """An answer in its tone, cut to `width` columns."""
        return [(cut(f"› {said.text}", width), _TONES[said.level])]
