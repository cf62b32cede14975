"""A dashboard that breaks: a log record and an exit code, no traceback on the screen."""

import logging
from typing import Any, Final

from textual.app import App

log: Final = logging.getLogger(__name__)


class CrashGuard(App[None]):
    """An App that logs what breaks it, where Textual would print it over the terminal."""

    broken_by: BaseException | None = None
    """The error that ended the app; None without one."""

    def _handle_exception(self, error: Exception) -> None:
        self.note_break(error)
        super()._handle_exception(error)

    def note_break(self, error: BaseException) -> None:
        """Take down what broke the app; the first error counts. UI thread, or after its end."""
        log.error("the dashboard broke: %s: %s", type(error).__name__, error)
        if self.broken_by is None:
            self.broken_by = error

    def _fatal_error(self) -> None:
        self._close_messages_no_wait()

    def panic(self, *renderables: Any) -> None:
        """End without printing anything."""
        self._return_code = 1
        log.error("the dashboard broke: %s", "; ".join(map(str, renderables)))
        self._close_messages_no_wait()
