"""From one run to another without leaving the dashboard."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from textual.app import App

from mnist_tui import formatting
from mnist_tui.config import SETTINGS
from mnist_tui.errors import MnistTuiError
from mnist_tui.run.plan import AttachedRun, RunPlan, ShownRun
from mnist_tui.run.requests import Answer, Stop
from mnist_tui.store.directory import RunDirectory
from mnist_tui.tui.run.controller import RunController, resumed_run
from mnist_tui.tui.run.presenter import RunPresenter
from mnist_tui.tui.screens.question import SwitchDialog, TextEntry
from mnist_tui.tui.text.event_text import LogEntry

Opened = Callable[[Answer], object]
"""Gets what became of opening a run; is not called where the user calls it off."""


class RunSwitching(App[None]):
    """An App that shows one run after another, and trains at most one of them at a time."""

    run_controller: RunController
    """The run that is shown."""
    presenter: RunPresenter
    """What shows the run."""

    def begin_run(self, plan: RunPlan) -> None:
        """Show `plan`'s run, or train it, in place of one that has ended."""
        self.run_controller.begin(plan)
        self.presenter.show_run()

    def open_run(self, path: Path, opened: Opened, *, epochs: int | None = None) -> None:
        """Show the run in a directory, or attach to it, in place of the one that is shown.

        Where that one is trained here the user is asked first what is to become of it.

        Args:
            path: The run's directory.
            opened: Gets what became of it.
            epochs: How many it is to be trained for in all; None: only show it.
        """
        prepared = self.run_controller.log.prepared
        is_shown = prepared is not None and Path(prepared.directory) == path
        if is_shown and epochs is None:
            opened(Answer(True, f"{path.name} is shown"))
            return
        try:
            plan = self._plan_of(RunDirectory(path), epochs)
        except MnistTuiError as error:
            opened(Answer(False, str(error)))
        else:
            self._switch_to(plan, opened)

    def _plan_of(self, directory: RunDirectory, epochs: int | None) -> RunPlan:
        runs_dir = self.run_controller.plan.runs_dir
        name, config = os.path.relpath(directory.path, runs_dir), directory.read_config()
        if epochs is not None:
            return resumed_run(name, config, runs_dir, {"epochs": epochs})
        kind = AttachedRun if directory.lock.is_held() else ShownRun
        return kind(name=name, config=config, runs_dir=runs_dir)

    def _switch_to(self, plan: RunPlan, opened: Opened) -> None:
        run, name = self.run_controller, plan.name or "the other run"
        if not run.is_training:
            run.let_go()
            self.begin_run(plan)
            opened(Answer(True, f"{name} is shown"))
            return

        def switch(key: str | None) -> None:
            if key is None:
                return
            if not run.is_training:  # it has ended meanwhile
                self._switch_to(plan, opened)
                return
            answer = run.detach() if key == "l" else run.end(Stop())
            if answer.is_accepted:
                run.following = plan
                self.presenter.answer(answer)
            opened(answer)

        self.push_screen(SwitchDialog(run.name, name), switch)

    def follow_on(self) -> bool:
        """Show the run that the user wants next, if the one before it is over; whether it is."""
        run = self.run_controller
        plan, is_left = run.following, run.is_detached
        if plan is None or run.is_busy:
            return False
        left = run.name
        self.begin_run(plan)
        if is_left:
            self.presenter.say(LogEntry(f"{left} goes on without this dashboard: r, to return"))
        return True

    def ask_for_epochs(self, name: str, done: int, epochs: int, take: Callable[[int], Any]) -> None:
        """Let the user say for how many epochs a run that has ended is to be trained in all.

        Args:
            name: The run's.
            done: The epochs that it has finished.
            epochs: Those that it was to be trained for.
            take: Gets the number; is not called when the user calls it off.
        """
        again = epochs if done < epochs else 2 * done
        of_all = f"{done} of {formatting.counted(epochs, 'epoch')}"
        text = f"{name} has trained {of_all}. How many in all?"

        def problem(typed: str) -> str | None:
            return epochs_problem(typed, done)

        def entered(typed: str | None) -> None:
            if typed:
                take(int(typed))

        self.push_screen(TextEntry("Train on", text, str(again), problem), entered)


_EPOCHS: Final = SETTINGS["epochs"].rule


def epochs_problem(typed: str, done: int) -> str | None:
    """Why a run of `done` epochs cannot be trained for as many as are typed; None when it can."""
    if not _EPOCHS.accepts(_EPOCHS.parse(typed)):
        return _EPOCHS.wants
    return None if int(typed) > done else f"more than {done}, which are done"
