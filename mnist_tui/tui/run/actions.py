"""What the keys do with the run: each action asks, and says what became of it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from textual.binding import Binding

from mnist_tui.run.plan import AttachedRun, RunPlan, ShownRun
from mnist_tui.run.requests import Adjust, Pause, Request, Resume, Save, Stop
from mnist_tui.run.state import State
from mnist_tui.tui.dashboard.screen import Dashboard
from mnist_tui.tui.run.exporting import RunExporting
from mnist_tui.tui.run.switching import RunSwitching
from mnist_tui.tui.screens.draft import Draft
from mnist_tui.tui.screens.question import NewRunDialog, QuitDialog, ResumeDialog
from mnist_tui.tui.text.event_text import LogEntry

RUN_KEYS: Final = (
    Binding("space", "begin('start')", "Start"),
    Binding("space", "ask('pause')", "Pause"),
    Binding("space", "ask('resume')", "Resume"),
    Binding("space", "begin('continue')", "Resume"),
    Binding("space", "begin('longer')", "Train on", tooltip="Train the finished run for longer"),
    Binding("n", "begin('new')", "New run"),
    Binding("s", "ask('save')", "Save"),
    Binding("x", "ask('stop')", "Stop"),
    Binding("e", "settings", "Edit", tooltip="Change the settings"),
    Binding("q", "quit", "Quit"),
    # Shown by the dashboard, after the keys of the pane in focus.
    Binding("left_square_bracket", "scale_lr(0.5)", show=False),
    Binding("right_square_bracket", "scale_lr(2.0)", show=False),
    # Where none of the above can be done, the key says why.
    Binding("space", "refuse('pause')", show=False),
    Binding("n", "refuse('new')", show=False),
    Binding("s", "refuse('save')", show=False),
    Binding("x", "refuse('stop')", show=False),
    Binding("e,left_square_bracket,right_square_bracket", "refuse('adjust')", show=False),
    Binding("ctrl+q", "quit", "Quit", show=False, priority=True),
    Binding("ctrl+z", "leave_running", show=False, priority=True),
)
"""In the order of the footer. Of several for a key, the first that can be done now counts."""


_REQUESTS: Final[Mapping[str, Request]] = {
    "pause": Pause(),
    "resume": Resume(),
    "save": Save(),
    "stop": Stop(),
    "adjust": Adjust(),
}
"""What the keys ask of a live run."""

_CHANGES: Final = ("new", "continue", "longer", "settings", "runs")
"""What leads to another run, or to what could be changed on disk."""


class RunActions(RunSwitching, RunExporting):
    """An App whose keys steer a run."""

    dashboard: Dashboard
    """The screen under all others."""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what can be done now."""
        run = self.run_controller
        what = str(parameters[0]) if action in ("ask", "begin") else action
        is_watched = isinstance(run.plan, AttachedRun | ShownRun) and run.plan.is_read_only
        if is_watched and what in _CHANGES:
            return False
        match what:
            case "start":
                return run.thread is None and run.leaving is None and not run.is_awaited
            case "new":
                is_over = run.session.state.is_over and not run.is_busy
                return is_over and run.leaving is None
            case "continue":
                return run.resumed_plan is not None and run.leaving is None
            case "longer":
                return run.can_resume and run.leaving is None
            case "export":
                return run.log.prepared is not None
            case "refuse":
                return parameters != ("new",) or run.is_awaited
            case "settings" if run.is_awaited:
                return False
            case "settings":
                return run.session.allows(Adjust) if run.is_busy else run.leaving is None
            case "scale_lr":
                return run.session.allows(Adjust)
        return what not in _REQUESTS or run.session.allows(type(_REQUESTS[what]))

    def _can_begin(self, how: str) -> bool:
        return bool(self.check_action("begin", (how,)))

    def action_begin(self, how: str) -> None:
        """Start the run, or another one, or resume the one that has ended.

        What takes the place of a run that is shown is asked about first.
        """
        run = self.run_controller
        if not self._can_begin(how):
            return
        if how == "new":
            self.push_screen(NewRunDialog(run.next_plan), self._begin_new)
        elif how == "continue" and isinstance(run.plan, ShownRun | AttachedRun):
            self.push_screen(ResumeDialog(run.name), self._begin_again)
        elif how == "longer":
            self.ask_for_epochs(run.name, len(run.log.rows), run.log.epochs, self._begin_longer)
        elif how == "continue":
            self._begin(run.resumed_plan)
        else:
            self._begin(run.next_plan)

    async def _begin_new(self, answer: str | None) -> None:
        if answer == "n" and self._can_begin("new"):
            self._begin(self.run_controller.next_plan)
        elif answer == "e":
            await self.action_settings()

    def _begin_again(self, answer: str | None) -> None:
        if answer == "space" and self._can_begin("continue"):
            self._begin(self.run_controller.resumed_plan)

    def _begin_longer(self, epochs: int) -> None:
        self._begin(self.run_controller.longer_plan(epochs))

    def _begin(self, plan: RunPlan | None) -> None:
        if plan is not None:
            self.begin_run(plan)

    def action_ask(self, request: str) -> None:
        """Ask the run for something; the state, or a message, says what became of it."""
        self.presenter.answer(self.run_controller.session.request(_REQUESTS[request]))

    def action_refuse(self, request: str) -> None:
        """Say why a key does nothing now, and which does."""
        run = self.run_controller
        if run.is_awaited:
            self.presenter.say(LogEntry("the run is not there yet", "warning"))
        elif run.log.is_elsewhere:
            why = "another process trains this run: it can't be controlled from here"
            self.presenter.say(LogEntry(why, "warning"))
        elif request == "pause" and self._can_begin("new"):
            why = "the run has no checkpoint to resume from: n starts a new run"
            self.presenter.say(LogEntry(why, "warning"))
        else:
            self.action_ask(request)

    def action_scale_lr(self, factor: float) -> None:
        self.presenter.answer(self.run_controller.scale_lr(factor))

    async def action_quit(self) -> None:
        """Quit; while a run is live, ask first."""
        run = self.run_controller
        if not run.is_busy:
            self.exit()
        elif run.outlives_viewer:
            run.leave(Stop(reason="quit"))
        elif run.session.state.is_over:
            # Its thread is about to end, and the dashboard ends with it.
            run.leave(Stop())
        elif run.leaving is not None and run.session.state is not State.STOPPING:
            self.presenter.say(LogEntry("saving, then quitting …"))
        elif not isinstance(self.screen, QuitDialog):
            self.push_screen(QuitDialog(self.dashboard.progress), self._quit_as)

    def action_help_quit(self) -> None:
        """Ctrl+c means to quit, too."""
        self.run_worker(self.action_quit())

    def _quit_as(self, key: str | None) -> None:
        if key == "l":
            self.action_leave_running()
        elif key is not None:
            answer = self.run_controller.leave(Stop(save=key == "s"))
            self.presenter.say(LogEntry(answer.message))
            self.leave_if_over()

    def action_leave_running(self) -> None:
        """Let the run go on in a process without a terminal, and give the terminal back."""
        if self.run_controller.outlives_viewer:
            self.run_worker(self.action_quit())
        else:
            self.presenter.answer(self.run_controller.detach())

    def action_export(self) -> None:
        """Write the run's curves or network for other programs."""
        prepared = self.run_controller.log.prepared
        if prepared is not None:
            self.export_run(Path(prepared.directory), self.presenter.answer)

    async def action_settings(self) -> None:
        """Show the settings: all of the next run's, or what can change in the live one."""
        from mnist_tui.tui.screens.settings import SettingsScreen

        if self.check_action("settings", ()):
            with self.batch_update():  # one picture, once all of it is there
                await self.push_screen(
                    SettingsScreen(self.run_controller.draft()), self._apply_settings
                )

    def _apply_settings(self, draft: Draft | None) -> None:
        if draft is None:
            return
        answer = self.run_controller.apply(draft)
        if not draft.is_live and self.run_controller.thread is not None:
            self.dashboard.show_next(self.run_controller.next_plan)
        elif not draft.is_live:
            self.presenter.show_run()
        self.presenter.answer(answer)

    def leave_if_over(self) -> None:
        """Show the run's state; end the dashboard where that is wanted and the run has ended."""
        run = self.run_controller
        self.presenter.show_state()
        if self.follow_on() or run.is_busy or (run.leaving is None and not run.is_detached):
            return
        if run.leaving is not None:
            run.exit_code = run.exit_code or run.leaving.exit_code
        self.exit()
