"""Which events pop up as toasts, and how often."""

from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from mnist_tui import formatting
from mnist_tui.run.events import (
    CheckpointSaved,
    EpochFinished,
    Event,
    RunEnded,
    SaveFailed,
    SaveReason,
    Warned,
)
from mnist_tui.run.state import State
from mnist_tui.tui.text.event_text import LogEntry

if TYPE_CHECKING:
    from textual.app import App

BEST_INTERVAL_S: Final = 5.0
"""New bests that follow each other faster than this do not all pop up."""
TROUBLE_INTERVAL_S: Final = 60.0
"""A disk that takes nothing fails every file of the run, again and again: one of them pops up."""


class Toasts:
    """Tells of what a person should not miss; the log pane has all of it."""

    def __init__(self, app: "App[Any]", *, clock: Callable[[], float] = monotonic) -> None:
        self._app = app
        self._clock = clock
        self._last_best_s = float("-inf")
        self._last_trouble_s = float("-inf")

    def tell(self, event: Event, said: LogEntry) -> None:
        """Pop up a toast for `event`, if it is worth one."""
        match event:
            case EpochFinished(is_best=True):
                now = self._clock()
                if now - self._last_best_s >= BEST_INTERVAL_S:
                    self._last_best_s = now
                    accuracy = formatting.percent(event.row.val_accuracy)
                    self._app.notify(f"★ new best: {accuracy}", timeout=3, markup=False)
            case CheckpointSaved(reason=SaveReason.MANUAL):
                self._app.notify(said.text, timeout=4, markup=False)
            case SaveFailed():
                now = self._clock()
                if now - self._last_trouble_s >= TROUBLE_INTERVAL_S:
                    self._last_trouble_s = now
                    self._warn(said)
            case Warned():
                self._warn(said)
            case RunEnded(state=State.FAILED):
                self._app.notify(said.text, severity="error", timeout=8, markup=False)

    def _warn(self, said: LogEntry) -> None:
        self._app.notify(said.text, severity="warning", timeout=8, markup=False)
