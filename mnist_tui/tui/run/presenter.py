"""What a run says, brought to every screen that shows it, to the terminal's title and bell."""

from dataclasses import replace
from typing import Any, Final, Protocol

from textual.app import App

from mnist_tui import formatting
from mnist_tui.run.events import (
    CheckpointSaved,
    EpochFinished,
    Event,
    HandOverFailed,
    LearningRateChanged,
    RunEnded,
    RunPrepared,
    SavedAgain,
    SaveFailed,
    SaveReason,
    SettingsChanged,
    StateChanged,
    Warned,
)
from mnist_tui.run.log import CaughtUp, Scores
from mnist_tui.run.progress import Progress
from mnist_tui.run.requests import Answer
from mnist_tui.run.state import State
from mnist_tui.tui.run.controller import RunController
from mnist_tui.tui.run.thread import RunThread
from mnist_tui.tui.text.event_text import GUESSING, LogEntry, describe, is_guessing

_SAVE_TITLE: Final = "\x1b[22;2t"
_RESTORE_TITLE: Final = "\x1b[23;2t"


class RunViewer(Protocol):
    """A screen that shows the run: the dashboard, and the insight screen. UI thread.

    A viewer has the run's controller and reads from it what it shows; each call says what is new.
    """

    def show_run(self) -> None:
        """Show another run from now on: one that is to be started, or has just been."""

    def show_state(self) -> None:
        """Show the run's state, and whether the dashboard ends with the run."""

    def show_progress(self, progress: Progress, *, draws_losses: bool) -> None:
        """Show how far the run is; called again and again, with the same snapshot or a newer one.

        Args:
            progress: The snapshot.
            draws_losses: Whether it is time to draw the losses of all batches.
        """

    def show_event(self, event: Event, entry: LogEntry | None) -> None:
        """Show what has happened.

        Args:
            event: Already part of the run's view.
            entry: The event in words; None where another event says it better.
        """

    def show_epochs(self) -> None:
        """Show the finished epochs."""

    def say(self, entry: LogEntry) -> None:
        """Show a message to the user for some seconds."""


class RunPresenter:
    """Brings what the controller's run emits to every viewer. UI thread."""

    def __init__(
        self, app: App[Any], run: RunController, viewer: RunViewer, *, rings: bool = False
    ) -> None:
        """Make a presenter with one viewer; more may come and go.

        Args:
            app: Whose terminal has the title and the bell.
            run: Whose run is shown.
            viewer: The first viewer.
            rings: Whether to ring and notify when a run ends.
        """
        self._app = app
        self._run = run
        self.viewers: Final = [viewer]
        """All screens that show the run now."""
        self._title = ""
        """The terminal's title; empty: the one that it had before."""
        self._rings = rings
        self._progress = Progress()
        """The snapshot that is on the screens."""
        self._has_shown_epochs = False
        """Since the last update; then more of them wait for the next."""
        self._has_new_epochs = False
        self._has_warned = False
        """That the run does no better than guessing; once is enough."""

    def add(self, viewer: RunViewer) -> None:
        """Show the run on one more screen."""
        self.viewers.append(viewer)
        viewer.show_run()
        viewer.show_state()
        viewer.show_progress(self._progress, draws_losses=False)

    def remove(self, viewer: RunViewer) -> None:
        """Forget a screen that has been closed."""
        self.viewers.remove(viewer)

    def show_run(self) -> None:
        """Show another run, or other settings of the one that is to be started."""
        self._has_warned = False
        for viewer in self.viewers:
            viewer.show_run()
        self.show_state()

    def take(self, thread: RunThread, event: Event) -> None:
        """Take in and show what a run has emitted, unless another one is shown by now."""
        if thread is not self._run.thread:
            return
        self._run.take(event)
        entry = self._describe(event)
        for viewer in self.viewers:
            viewer.show_event(event, entry)
        match event:
            case CaughtUp():
                self.show_run()
            case StateChanged():
                self.show_state()
            case EpochFinished():
                self._show_epoch()
            case RunPrepared() | LearningRateChanged() | SettingsChanged():
                self._show_epochs()
            case RunEnded():
                self._show_end(event)
        self._repeat(event, entry)

    def _describe(self, event: Event) -> LogEntry | None:
        """The event in words; for the first epoch that has learned nothing, with what to do."""
        entry = describe(event)
        if not isinstance(event, EpochFinished) or entry is None or self._has_warned:
            return entry
        if not is_guessing(event.row, len(self._run.log.classes)):
            return entry
        self._has_warned = True
        self.say(LogEntry(GUESSING, "warning"))
        return LogEntry(f"{entry.text.removesuffix(' ★ best')} – {GUESSING}", "warning")

    def _show_epoch(self) -> None:
        """Show a finished epoch at once, but one per update: a GPU does many a second."""
        self._has_new_epochs = True
        if not self._has_shown_epochs:
            self._show_new_epochs()

    def _show_new_epochs(self) -> None:
        self._has_shown_epochs, self._has_new_epochs = self._has_new_epochs, False
        if self._has_shown_epochs:
            self._show_epochs()

    def _show_epochs(self) -> None:
        for viewer in self.viewers:
            viewer.show_epochs()

    def _repeat(self, event: Event, entry: LogEntry | None) -> None:
        """Say it to the user, too, where it answers a request or is a warning."""
        match event:
            case LearningRateChanged() | SettingsChanged():
                is_worth_it = self._run.leaving is None
            case StateChanged():
                was_training = event.previous in (State.RUNNING, State.PAUSED)
                is_worth_it = was_training and self._run.leaving is None
            case CheckpointSaved():
                is_worth_it = event.reason is SaveReason.MANUAL
            case SaveFailed() | SavedAgain() | Warned() | HandOverFailed():
                is_worth_it = True
            case _:
                # The panel at the top says how a run ended.
                is_worth_it = False
        if entry is not None and is_worth_it:
            self.say(entry)

    def say(self, entry: LogEntry) -> None:
        """Show a message to the user, on whichever screen is on top."""
        for viewer in self.viewers:
            viewer.say(entry)

    def answer(self, answer: Answer) -> None:
        """Show what became of a request."""
        self.say(LogEntry(answer.message, "info" if answer.is_accepted else "warning"))

    def follow(self, draws_losses: bool) -> None:
        """Show the newest progress; the same as before costs next to nothing."""
        progress = self._run.session.progress
        if not progress.epochs:
            progress = replace(progress, epochs=self._run.plan.config.epochs)
        is_new = progress != self._progress
        self._progress = progress
        for viewer in self.viewers:
            viewer.show_progress(progress, draws_losses=draws_losses)
        if is_new:
            self._show_title()
        if progress.blocked_on:
            # Again and again: a message fades.
            self.say(LogEntry(progress.blocked_on, "warning"))
        self._show_new_epochs()

    def show_state(self) -> None:
        for viewer in self.viewers:
            viewer.show_state()
        self.follow(draws_losses=False)
        self._show_title()

    def _show_end(self, event: RunEnded) -> None:
        self._show_epochs()
        self.follow(draws_losses=True)
        self.show_state()
        if self._rings:
            self._app.bell()
            self._write(f"\x1b]9;mnist-tui: {event.message}\x07")

    def _show_title(self) -> None:
        title = title_of(self._run.session.state, self._progress, self._run.log.scores)
        if title != self._title:
            save = "" if self._title else _SAVE_TITLE
            self._title = title
            self._write(f"{save}\x1b]2;{title}\x07")

    def end(self) -> None:
        """Give the terminal back the title that it had before."""
        if self._title:
            self._write(_RESTORE_TITLE)

    def _write(self, text: str) -> None:
        """Send text to the terminal past the screen."""
        if self._app._driver is not None and not self._app.is_headless:
            self._app._driver.write(text)


def title_of(state: State, progress: Progress, scores: Scores) -> str:
    """The state in a few words: `mnist-tui 64 % · 97.20 %`."""
    parts = []
    if state.is_live and progress.total_batches:
        parts.append(formatting.whole_percent(progress.run_fraction).strip())
    if not state.is_live or state is State.PAUSED:
        parts.append(str(state))
    if scores.last is not None:
        parts.append(f"accuracy {formatting.percent(scores.last.val_accuracy)}")
    return "mnist-tui " + " · ".join(parts)
