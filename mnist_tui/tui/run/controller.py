"""The one owner of the one live run: starts it, steers it, and sees it to its end."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from textual.message import Message

from mnist_tui import formatting
from mnist_tui.config import RULES
from mnist_tui.run.events import Event, LearningRateChanged, SettingsChanged
from mnist_tui.run.plan import MakeRunner, NewRun, RunPlan
from mnist_tui.run.requests import (
    ALLOWED,
    Adjust,
    Answer,
    GiveUp,
    Pause,
    Request,
    Resume,
    Save,
    Stop,
)
from mnist_tui.run.session import refusal
from mnist_tui.run.state import State
from mnist_tui.tui.run.thread import RunThread
from mnist_tui.tui.run.view import RunView
from mnist_tui.tui.screens.draft import Draft

REQUESTS: Final[dict[str, Request]] = {
    "pause": Pause(),
    "resume": Resume(),
    "save": Save(),
    "stop": Stop(),
    "scale_rate": Adjust(),
    "settings": Adjust(),
}
"""The request behind each action that needs a live run."""


class RunController:
    """Holds at most one run whose thread is alive. UI thread, but for `leave`."""

    def __init__(
        self, plan: RunPlan, make_runner: MakeRunner, post: Callable[[Message], object]
    ) -> None:
        self.plan = plan
        """The settings of the current run, or of the one to be started."""
        self.view = RunView()
        """What the current run told."""
        self.run: RunThread | None = None
        """The current run, or the last one."""
        self.leaving: Stop | None = None
        """The stop after which the dashboard ends; None while nobody wants that."""
        self._make_runner = make_runner
        self._post = post
        self._has_asked = False
        self._wanted_lr: float | None = None
        self._next: RunPlan | None = None

    @property
    def next_plan(self) -> RunPlan:
        """What would be run next: the first run, or after one has ended, the one after it."""
        if self.run is None:
            return self.plan
        # The name belongs to the run that was; a new run gets one of its own.
        return self._next or NewRun(config=self.plan.config, runs_dir=self.plan.runs_dir)

    @property
    def state(self) -> State:
        """Where the current run stands."""
        return self.run.state if self.run else State.READY

    @property
    def is_busy(self) -> bool:
        """Whether a training thread is alive; then no other run can start."""
        return self.run is not None and self.run.is_alive

    def begin(self) -> RunThread:
        """Start a run of `plan`; the first one, or one after the last has ended.

        Raises:
            RuntimeError: While a run is alive; `offers` tells.
        """
        if self.is_busy:
            raise RuntimeError("a run is alive")
        self.plan, self._next = self.next_plan, None
        self.view = RunView()
        self._wanted_lr, self._has_asked = None, False
        self.run = RunThread(self._make_runner(self.plan), self._post)
        self.run.start()
        return self.run

    def take(self, event: Event) -> None:
        """Learn what the current run tells."""
        self.view.take(event)
        if isinstance(event, LearningRateChanged):
            self._wanted_lr = None
        if isinstance(event, SettingsChanged):
            config = replace(
                self.plan.config,
                epochs=event.epochs,
                checkpoint_every_s=event.checkpoint_every_s,
            )
            self.plan = replace(self.plan, config=config)
        if self.leaving is not None:
            self._ask_to_leave(self.leaving)

    def offers(self, action: str) -> bool:
        """Whether `action` can be done now."""
        if action == "start":
            return self.run is None and self.leaving is None
        if action == "new":
            is_over = self.run is not None and self.run.state.is_over
            return is_over and not self.is_busy and self.leaving is None
        if action == "settings" and not self.is_busy:
            return self.leaving is None
        request = REQUESTS.get(action)
        return request is None or (self.is_busy and self.state in ALLOWED[type(request)])

    def ask(self, request: Request) -> Answer:
        """Ask the current run for something; the answer comes at once."""
        if self.run is None:
            return Answer(False, refusal(request, State.READY))
        return self.run.request(request)

    def draft(self) -> Draft:
        """The settings to be changed: of the live run, or of the next one."""
        if not self.is_busy or self.run is None:
            return Draft(self.next_plan)
        progress = self.run.session.progress
        return Draft(
            self.plan,
            live_lr=self._wanted_lr or progress.lr,
            open_epoch=max(progress.epoch, 1),
        )

    def apply(self, draft: Draft) -> Answer:
        """Take over what was changed in `draft`; the answer comes at once."""
        if not draft.is_live:
            return self._apply_to_next(draft.plan())
        adjustment = draft.adjustment()
        if adjustment is None:
            return Answer(True, "nothing changed")
        answer = self.ask(adjustment)
        if answer.is_accepted and adjustment.lr is not None:
            self._wanted_lr = adjustment.lr
        return Answer(True, f"changed {answer.message}") if answer.is_accepted else answer

    def _apply_to_next(self, plan: RunPlan) -> Answer:
        if self.is_busy:
            return Answer(False, "cannot change the settings: a run has begun meanwhile")
        if plan == self.next_plan:
            return Answer(True, "nothing changed")
        if self.run is None:
            self.plan = plan
            return Answer(True, "changed: space starts the run")
        self._next = plan
        return Answer(True, "changed: n starts the run")

    def scale_rate(self, factor: float) -> Answer:
        """Ask for a learning rate `factor` times the one in force, or asked for last."""
        current = self.run.session.progress.lr if self.run else None
        lr = factor * (self._wanted_lr or current or self.plan.config.lr)
        problem = RULES["lr"].problem(lr)
        if problem is not None:
            return Answer(False, f"the learning rate {problem}")
        answer = self.ask(Adjust(lr=lr))
        if not answer.is_accepted:
            return answer
        self._wanted_lr = lr
        return Answer(True, f"learning rate {formatting.learning_rate(lr)} {answer.message}")

    def leave(self, stop: Stop) -> Answer:
        """Ask for an end of the run and then of the dashboard. Any thread, signal handlers too."""
        self.leaving = stop
        return self._ask_to_leave(stop)

    def _ask_to_leave(self, stop: Stop) -> Answer:
        if self.run is None:
            return Answer(True, "stopping")
        if self.state is State.STOPPING and not stop.is_patient:
            # It may be waiting for the disk.
            return self.run.request(GiveUp())
        if self._has_asked or self.state is State.STOPPING:
            return Answer(True, "saving, then quitting …")
        # Too early, and it is asked again with the run's next event.
        answer = self.run.request(stop)
        self._has_asked = answer.is_accepted
        return answer
