"""Python's logging, brought to the log pane in batches."""

import logging
from collections import deque
from collections.abc import Callable
from typing import Final

from mnist_tui.store.logfile import PRINTED
from mnist_tui.tui.text.event_text import Level, LogEntry

_LOGGERS: Final = (logging.getLogger(), *PRINTED.values())
"""Whose records are shown."""


class PaneHandler(logging.Handler):
    """Keeps records until the dashboard fetches them, and announces once that some wait."""

    def __init__(self, announce: Callable[[], object]) -> None:
        """`announce` is called, on the thread that logs, when records begin to wait."""
        super().__init__(logging.INFO)
        self.addFilter(_is_news)
        self._announce = announce
        self._waiting: deque[LogEntry] = deque(maxlen=1000)

    def listen(self) -> None:
        """Keep what is logged or printed from now on, until `end`."""
        for logger in _LOGGERS:
            logger.addHandler(self)

    def end(self) -> None:
        """Keep nothing more."""
        for logger in _LOGGERS:
            logger.removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the record. Any thread."""
        try:
            is_first = not self._waiting
            self._waiting.append(LogEntry(record.getMessage(), _level(record.levelno)))
            if is_first:
                self._announce()
        except Exception:  # noqa: BLE001 - as logging.Handler.emit must, whatever the record holds
            self.handleError(record)

    def take(self) -> list[LogEntry]:
        """The records that wait, oldest first. UI thread."""
        entries = []
        while self._waiting:
            entries.append(self._waiting.popleft())
        return entries


def _is_news(record: logging.LogRecord) -> bool:
    """Leave out what the events say, which the pane shows anyway."""
    return record.levelno >= logging.WARNING or not record.name.startswith("mnist_tui")


def _level(number: int) -> Level:
    if number >= logging.ERROR:
        return "error"
    return "warning" if number >= logging.WARNING else "info"
