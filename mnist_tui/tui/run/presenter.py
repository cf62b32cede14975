"""What a run tells, shown wherever a person may look: screens, toasts, title, bell."""

from dataclasses import replace
from typing import Any, Final

from textual.app import App

from mnist_tui.run.events import (
    CheckpointSaved,
    EpochFinished,
    Event,
    LearningRateChanged,
    Notice,
    RunEnded,
    RunPrepared,
    SaveFailed,
    SettingsChanged,
    StateChanged,
)
from mnist_tui.run.progress import Progress
from mnist_tui.run.requests import Answer
from mnist_tui.run.state import State
from mnist_tui.tui.dashboard.screen import Dashboard
from mnist_tui.tui.insight.controller import InsightController
from mnist_tui.tui.run.controller import RunController
from mnist_tui.tui.terminal.title import TerminalTitle, title_of
from mnist_tui.tui.text import exit_summary
from mnist_tui.tui.text.event_text import LogEntry, describe, describe_plan
from mnist_tui.tui.text.toasts import Toasts

DRAWS_EACH: Final = 4
"""The chart of all batches changes all over with each new loss: it is drawn at every fourth look,
and in the frame that the numbers change in."""


class RunPresenter:
    """Shows the owner's run on the dashboard and on the screen of what was learned. UI thread."""

    def __init__(
        self,
        app: App[Any],
        owner: RunController,
        dashboard: Dashboard,
        insight: InsightController,
        *,
        rings: bool = False,
    ) -> None:
        """`rings`: whether to ring and notify when a run ends."""
        self._app = app
        self._owner = owner
        self._dashboard = dashboard
        self._insight = insight
        self._toasts = Toasts(app)
        self._title: Final = TerminalTitle(self._write)
        self._rings = rings
        self._seen: Progress | None = None
        """The snapshot that is on the screen."""
        self._looks = 0
        self._has_drawn_rows = False
        """Since the look before; then more of them wait for the next."""
        self._has_new_rows = False

    def show_plan(self) -> None:
        """Show what is to be run."""
        plan = self._owner.plan
        self._dashboard.show_plan(describe_plan(plan), plan.name or "", plan.config.epochs)

    def take(self, event: Event) -> None:
        """Show what the run tells."""
        dashboard, said = self._dashboard, describe(event)
        if said is not None:
            dashboard.log_pane.add(said)
            self._toasts.tell(event, said)
        match event:
            case StateChanged():
                self.show_state()
            case RunPrepared():
                facts = (event.dataset, event.device, event.model)
                dashboard.show_prepared(event.run, facts)
                dashboard.show_rows()
            case EpochFinished():
                self._show_row()
            case LearningRateChanged() | SettingsChanged():
                dashboard.show_rows()
            case CheckpointSaved():
                dashboard.show_saved()
            case Notice():
                dashboard.show_notices()
            case RunEnded():
                self._show_end(event)
        if isinstance(event, RunPrepared | EpochFinished | RunEnded):
            self._insight.show_insight()
        self._answer_with(event, said)

    def _show_row(self) -> None:
        """Show a finished epoch at once, but one from look to look: a GPU does many a second."""
        self._has_new_rows = True
        if not self._has_drawn_rows:
            self._draw_rows()

    def _draw_rows(self) -> None:
        self._has_drawn_rows, self._has_new_rows = self._has_new_rows, False
        if self._has_drawn_rows:
            self._dashboard.show_rows()

    def _answer_with(self, event: Event, said: LogEntry | None) -> None:
        """Repeat on the answer line what a person has just asked for."""
        is_answer = isinstance(event, LearningRateChanged | SettingsChanged | RunEnded)
        was_training = (State.RUNNING, State.PAUSED)
        is_answer |= isinstance(event, StateChanged) and event.previous in was_training
        is_answer &= self._owner.leaving is None
        is_answer |= isinstance(event, CheckpointSaved) and event.reason in ("manual", "stop")
        is_answer |= isinstance(event, SaveFailed)
        if isinstance(event, RunEnded):
            # What to do about it stands in the panel under this line.
            said = LogEntry(event.message, said.level if said else "info")
        if said is not None and is_answer:
            self.say(said)

    def say(self, said: LogEntry) -> None:
        """Answer on whichever screen a person looks at."""
        self._dashboard.say(said)
        self._insight.say(said)

    def answer(self, answer: Answer) -> None:
        """Answer a request in words."""
        self.say(LogEntry(answer.message, "info" if answer.is_accepted else "warning"))

    def look(self) -> None:
        """Show the newest progress; the same as before costs nothing."""
        run = self._owner.run
        if run is None:
            return
        self._dashboard.beat()
        progress = run.session.progress
        if progress is not self._seen:
            self._seen = progress
            if not progress.epochs:
                progress = replace(progress, epochs=self._owner.plan.config.epochs)
            self._dashboard.progress = progress
            self._show_title()
        if progress.plea:
            # Again and again: what is said fades.
            self.say(LogEntry(progress.plea, "warning"))
        self._draw_rows()
        self._looks += 1
        if self._looks % DRAWS_EACH == 0:
            self._dashboard.draw_batches()
        self._insight.look(self._dashboard.progress)

    def show_state(self) -> None:
        """Show where the run stands, and what can be done with it."""
        is_leaving = self._owner.leaving is not None
        self._dashboard.show_state(self._owner.state, is_leaving=is_leaving)
        self._insight.show_state()
        self.look()
        self._show_title()
        self._dashboard.refresh_bindings()

    def _show_end(self, event: RunEnded) -> None:
        self.look()
        facts = exit_summary.outcome_facts(self._owner.plan, self._owner.view)
        self._dashboard.show_ending(event, tuple(facts))
        self.show_state()
        if self._rings:
            self._app.bell()
            self._write(f"\x1b]9;mnist-tui: {event.message}\x07")

    def _show_title(self) -> None:
        state, scores = self._owner.state, self._owner.view.scores
        self._title.show(title_of(state, self._dashboard.progress, scores))

    def end(self) -> None:
        """Give back what the terminal had before."""
        self._title.restore()

    def _write(self, text: str) -> None:
        """Send text to the terminal past the screen."""
        if self._app._driver is not None and not self._app.is_headless:
            self._app._driver.write(text)
