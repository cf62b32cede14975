"""The log: events and log records in words, with the time."""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Final

from textual.binding import Binding, BindingType

from mnist_tui import formatting
from mnist_tui.tui.text.event_text import Level, LogEntry
from mnist_tui.tui.text.fitting import wrap_words
from mnist_tui.tui.widgets.follow_list import FollowList
from mnist_tui.tui.widgets.lines import Line

_TONES: Final = {
    "detail": "muted",
    "info": "",
    "good": "good",
    "warning": "warning",
    "error": "bad",
}
_GLYPHS: Final = {"detail": " ", "info": " ", "good": " ", "warning": "!", "error": "✗"}
_RANKS: Final = {"detail": 0, "info": 1, "good": 1, "warning": 2, "error": 3}
_INDENT: Final = 11
_FILTERS: Final = ("every detail", "info and above", "warnings and errors", "errors")


@dataclass(frozen=True)
class Entry:
    """One thing that happened."""

    time: str
    """The time of day."""
    text: str
    level: Level


class EventLog(FollowList):
    """The newest 2,000 things that happened, wrapped between words, the newest in sight."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "v",
            "filter",
            "Filter",
            tooltip="Show info and above, warnings, errors, or every detail",
        ),
        Binding("y", "copy", "Copy log", tooltip="Copy the lines of the log"),
    ]
    LONGEST = 2000
    """How many entries are kept."""

    def __init__(self, *, clock: Callable[[], float] = time.time, id: str | None = None) -> None:
        super().__init__(id=id)
        self._clock = clock
        self._entries: deque[Entry] = deque(maxlen=self.LONGEST)
        self._lines: list[Line] = []
        self._wrapped_to = 0
        self._least = _RANKS["info"]
        self._day = ""
        """The date of the newest entry; empty: there is none."""

    @property
    def count(self) -> int:
        return len(self._lines)

    @property
    def text(self) -> str:
        """What the filter lets through, as plain text."""
        return "\n".join(f"{entry.time} {entry.text}" for entry in self._shown())

    def _shown(self) -> list[Entry]:
        return [entry for entry in self._entries if _RANKS[entry.level] >= self._least]

    def add(self, record: LogEntry, time_s: float | None = None) -> None:
        """Add one thing, or several lines of it, with its Unix time; None: now.

        The date stands above what was not now, and where it changes.
        """
        at = time.localtime(self._clock() if time_s is None else time_s)
        now, day = time.strftime("%H:%M:%S", at), time.strftime("%d %B %Y", at)
        if day != self._day and (self._day or time_s is not None):
            self._append(Entry(now, f"on {day}", "info"))
        self._day = day
        for text in record.text.rstrip().splitlines():
            self._append(Entry(now, text.expandtabs(4), record.level))
        if len(self._lines) > 3 * self.LONGEST:
            self._rewrap()
            self.refresh()
        else:
            self.grown()

    def _append(self, entry: Entry) -> None:
        self._entries.append(entry)
        if self._wrapped_to and _RANKS[entry.level] >= self._least:
            self._lines += wrap(entry, self._wrapped_to)

    def clear(self) -> None:
        self._entries.clear()
        self._day = ""
        self._rewrap()
        self.refresh()

    def action_filter(self) -> None:
        """Show info and above, only warnings and errors, only errors, every detail."""
        self._least = (self._least + 1) % len(_FILTERS)
        self.is_following = True
        self._rewrap()
        self.refresh()
        title = str(self.border_title or "Log").partition(" · ")[0]
        is_usual = self._least == _RANKS["info"]
        self.border_title = title if is_usual else f"{title} · {_FILTERS[self._least]}"
        self.notify(f"log: {_FILTERS[self._least]}", timeout=2)

    def action_copy(self) -> None:
        text = self.text
        self.app.copy_to_clipboard(text)
        lines = formatting.counted(len(text.splitlines()), "line")
        self.notify(f"copied {lines} of the log", timeout=2)

    def on_resize(self) -> None:
        """Wrap anew for the new width."""
        if self.content_size.width != self._wrapped_to:
            self._wrapped_to = self.content_size.width
            self._rewrap()

    def _rewrap(self) -> None:
        width = self._wrapped_to
        shown = self._shown() if width else []
        self._lines = [line for entry in shown for line in wrap(entry, width)]

    def line(self, index: int, width: int) -> Line:
        return self._lines[index]


def wrap(entry: Entry, width: int) -> list[Line]:
    """An entry as lines of at most `width` columns; times stand in a column of their own."""
    tone = _TONES[entry.level]
    if width < 2 * _INDENT:
        return [[(text, tone)] for text in wrap_words(entry.text, width)]
    first, *more = wrap_words(entry.text, width - _INDENT) or [""]
    lines: list[Line] = [
        [(entry.time, "muted"), (f" {_GLYPHS[entry.level]} ", tone), (first, tone)]
    ]
    lines += [[(" " * _INDENT, ""), (text, tone)] for text in more]
    return lines
