"""The one owner of the one live run: starts it, steers it, and sees it to its end."""

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from mnist_tui import formatting
from mnist_tui.config import SETTINGS, TrainConfig
from mnist_tui.run.events import (
    Event,
    HandOverFailed,
    LearningRateChanged,
    RunEnded,
    SettingsChanged,
    StateChanged,
)
from mnist_tui.run.log import CaughtUp, RunLog
from mnist_tui.run.machine import SampleMachine
from mnist_tui.run.plan import (
    AttachedRun,
    MakeRunner,
    NewRun,
    ResumedRun,
    Runner,
    RunPlan,
    ShownRun,
)
from mnist_tui.run.requests import Adjust, Answer, Detach, GiveUp, Stop
from mnist_tui.run.session import Session
from mnist_tui.run.state import State
from mnist_tui.tui.run.thread import RunThread
from mnist_tui.tui.screens.draft import Draft


class RunController:
    """Holds at most one run whose thread is alive. UI thread, but for `leave`."""

    def __init__(
        self, plan: RunPlan, make_runner: MakeRunner, make_thread: Callable[[Runner], RunThread]
    ) -> None:
        """Make a controller without a run.

        Args:
            plan: The settings of the run to be started.
            make_runner: Gives a runner for each run.
            make_thread: Gives the thread that runs a runner.
        """
        self.plan = plan
        """The settings of the current run, or of the one to be started."""
        self.log = RunLog()
        """What the current run has emitted."""
        self.thread: RunThread | None = None
        """The current run's, or the last one's."""
        self.leaving: Stop | None = None
        """The stop after which the dashboard ends; None while nobody wants that."""
        self.exit_code = 0
        """What the process is to exit with: the last run's code."""
        self.is_detaching = False
        """Whether the run is to go on in a process without a terminal."""
        self.following: RunPlan | None = None
        """What is to be shown when the current run has ended, here or at all; None: nothing."""
        self._notify: Final = plan.notify if isinstance(plan, NewRun | ResumedRun) else ""
        """The user's command at the end of each run."""
        self._make_runner, self._make_thread = make_runner, make_thread
        self._idle: Final = Session()
        self._has_asked = False
        self._stop: Stop | None = None
        """The end that is wanted of the run, until it ends."""
        self._wanted_lr: float | None = None
        """Requested last, and not in force yet."""
        self._next: RunPlan | None = None
        self._changes: Mapping[str, Any] = {}
        """Settings of the run that has ended to be changed when it is resumed."""

    @property
    def session(self) -> Session:
        """The current run's; before the first one, one that is ready and refuses everything."""
        return self.thread.runner.session if self.thread is not None else self._idle

    @property
    def name(self) -> str:
        """The current run's name; empty before it is known."""
        return self.log.prepared.run if self.log.prepared else self.plan.name or ""

    @property
    def next_plan(self) -> RunPlan:
        """What would be run next: the first run, or after one has ended, the one after it."""
        if self.thread is None:
            return self.plan
        # The name belongs to the run that was; a new run gets one of its own.
        return self._next or NewRun(config=self.plan.config, runs_dir=self.plan.runs_dir)

    @property
    def resumed_plan(self) -> ResumedRun | None:
        """The run that has ended, to be trained on from its last checkpoint; None: it can't be."""
        log, changes = self.log, self._changes
        if not self.can_resume:
            return None
        epochs, done = changes.get("epochs", log.epochs), len(log.rows)
        is_finished = log.ended is not None and log.ended.state is State.FINISHED
        if epochs < done or (epochs == done and is_finished):
            return None
        return self._resumed_with(changes)

    def longer_plan(self, epochs: int) -> ResumedRun | None:
        """The same with that many epochs in all."""
        return self._resumed_with({**self._changes, "epochs": epochs}) if self.can_resume else None

    @property
    def can_resume(self) -> bool:
        """Whether the run has ended with a checkpoint to train on from."""
        return not self.is_busy and self.log.can_resume

    def _resumed_with(self, changes: Mapping[str, Any]) -> ResumedRun:
        assert self.log.prepared is not None, "what can be resumed has been prepared"
        # Below the folder of the runs, perhaps in a folder of its own.
        name = os.path.relpath(self.log.prepared.directory, self.plan.runs_dir)
        return resumed_run(name, self.plan.config, self.plan.runs_dir, changes)

    @property
    def is_training(self) -> bool:
        """Whether this process trains the run, or is about to end doing so."""
        return self.is_busy and isinstance(self.plan, NewRun | ResumedRun)

    @property
    def is_busy(self) -> bool:
        """Whether a training thread is alive; then no other run can start."""
        return self.thread is not None and self.thread.is_alive()

    @property
    def is_awaited(self) -> bool:
        """Whether it is a run on disk or of another process of which nothing is known yet."""
        is_found = self.log.state is not State.READY or self.log.ended is not None
        return isinstance(self.plan, ShownRun | AttachedRun) and not is_found

    @property
    def outlives_viewer(self) -> bool:
        """Whether the run goes on when the dashboard ends."""
        return self.thread is not None and self.thread.runner.outlives_viewer

    @property
    def place(self) -> str:
        """The other process that trains the run, in words; empty where it is this one."""
        return self.thread.runner.place if self.thread is not None else ""

    @property
    def sample_machine(self) -> SampleMachine | None:
        """Samples the machine of that process; None: that of this one."""
        return self.thread.runner.sample_machine if self.thread is not None else None

    def begin(self, plan: RunPlan) -> None:
        """Start a run in place of one that has ended."""
        assert not self.is_busy, "a run is alive"
        if isinstance(plan, NewRun | ResumedRun):
            plan = replace(plan, notify=self._notify)
        before, shown, self.plan = self.log, self.log.prepared, plan
        self._next, self._changes, self.following = None, {}, None
        self._wanted_lr, self._has_asked, self.is_detaching = None, False, False
        self._stop = self.leaving
        self.thread = self._make_thread(self._make_runner(plan))
        self.log = self.thread.log
        path = Path(shown.directory) if shown is not None else None
        if isinstance(plan, ResumedRun) and path == plan.runs_dir / plan.name:
            # The same run: until it is prepared again, its epochs stay in sight.
            self.log.rows, self.log.best = list(before.rows), before.best
            self.log.epochs = plan.config.epochs
            self.log.learning_rates = list(before.learning_rates)
        self.thread.start()

    def take(self, event: Event) -> None:
        """Take in what the current run has emitted."""
        self.log.add(event)
        if isinstance(event, LearningRateChanged) and event.lr == self._wanted_lr:
            self._wanted_lr = None
        if isinstance(event, SettingsChanged | CaughtUp):
            config = replace(self.plan.config, **self.log.live_settings)
            self.plan = replace(self.plan, config=config)
        if isinstance(event, HandOverFailed):
            self.is_detaching, self.following = False, None
        if isinstance(event, RunEnded):
            self.exit_code = event.exit_code
        if self._stop is not None:
            self._ask_to_end(self._stop)
        elif self.is_detaching and isinstance(event, StateChanged):
            # It was too early before.
            self.session.request(Detach())

    def draft(self) -> Draft:
        """The settings to be changed: of the live run, or of the next one."""
        if not self.is_busy:
            can_resume = self.log.ended is not None and self.log.can_resume
            return Draft(self.next_plan, can_resume=can_resume)
        progress = self.session.progress
        return Draft(
            self.plan, live_lr=self._wanted_lr or progress.lr, open_epoch=max(progress.epoch, 1)
        )

    def apply(self, draft: Draft) -> Answer:
        """Take over what was changed in `draft`; the answer comes at once."""
        if not draft.is_live:
            return self._apply_to_next(draft.plan())
        adjustment = draft.adjustment()
        if adjustment is None:
            return Answer(True, "nothing changed")
        answer = self.session.request(adjustment)
        if answer.is_accepted and adjustment.lr is not None:
            self._wanted_lr = adjustment.lr
        return Answer(True, f"changed {answer.message}") if answer.is_accepted else answer

    def _apply_to_next(self, plan: RunPlan) -> Answer:
        if self.is_busy:
            return Answer(False, "cannot change the settings: a run has begun meanwhile")
        if plan == self.next_plan:
            return Answer(True, "nothing changed")
        if self.thread is None:
            self.plan = plan
            return Answer(True, "changed: space starts the run")
        self._next, self._changes = plan, self._live_changes(plan)
        if self._changes and self.resumed_plan is not None:
            return Answer(True, "changed: space resumes the run, n starts a new one")
        return Answer(True, "changed: n starts a new run")

    def _live_changes(self, plan: RunPlan) -> Mapping[str, Any]:
        """What `plan` changes in the run that has ended; nothing where that makes another run."""
        before, after = self.plan.config.to_dict(), plan.config.to_dict()
        changes = {name: after[name] for name in before if after[name] != before[name]}
        return changes if plan.name is None and all(SETTINGS[n].is_live for n in changes) else {}

    def scale_lr(self, factor: float) -> Answer:
        """Ask for a learning rate `factor` times the one in force, or requested last."""
        lr = factor * (self._wanted_lr or self.session.progress.lr or self.plan.config.lr)
        problem = SETTINGS["lr"].rule.problem(lr)
        if problem is not None:
            return Answer(False, f"the learning rate {problem}")
        answer = self.session.request(Adjust(lr=lr))
        if not answer.is_accepted:
            return answer
        self._wanted_lr = lr
        return Answer(True, f"learning rate {formatting.learning_rate(lr)} {answer.message}")

    def detach(self) -> Answer:
        """Ask for a process without a terminal that takes the run over; then the dashboard ends."""
        if not self.is_busy or self.session.state.is_over:
            return Answer(False, "nothing is training that could be left running")
        self.is_detaching = True
        answer = self.session.request(Detach())
        if not answer.is_accepted and self.session.state is State.LOADING:
            return Answer(True, "the run moves to a process without a terminal once it is loaded")
        self.is_detaching = answer.is_accepted
        return answer

    @property
    def is_detached(self) -> bool:
        """Whether the run has been left running in another process, as the user wanted."""
        return self.is_detaching and self.log.is_elsewhere

    def leave(self, stop: Stop) -> Answer:
        """Ask for an end of the run and then of the dashboard. Any thread, signal handlers too."""
        self.leaving, self.following = stop, None
        return self.end(stop)

    def end(self, stop: Stop) -> Answer:
        """Ask for an end of the run, now or as soon as that is possible."""
        self._stop = stop
        return self._ask_to_end(stop)

    def let_go(self) -> None:
        """Show the run no more, which is not trained here; it goes on where it is live."""
        if self.thread is not None:
            self.thread.close()
            self.thread.runner.leave()
            self.thread = None

    def _ask_to_end(self, stop: Stop) -> Answer:
        session = self.session
        if self.thread is None:
            return Answer(True, "stopping")
        if self.outlives_viewer:
            self.thread.runner.leave()
            return Answer(True, "leaving; the run goes on")
        if session.state is State.STOPPING and not stop.is_patient:
            # It may be waiting for the disk.
            return session.request(GiveUp())
        if self._has_asked or session.state is State.STOPPING:
            return Answer(True, "saving …")
        # Too early, and it is asked again with the run's next event.
        answer = session.request(stop)
        self._has_asked = answer.is_accepted
        return answer


def resumed_run(
    name: str, config: TrainConfig, runs_dir: Path, changes: Mapping[str, Any]
) -> ResumedRun:
    """The plan of a run on disk, of settings `config`, that is trained on with `changes`."""
    # The learning rate that a run was made with stays part of what it is.
    shown = replace(config, **{name: value for name, value in changes.items() if name != "lr"})
    return ResumedRun(name=name, config=shown, runs_dir=runs_dir, overrides=changes)
