"""The dashboard as an application: it routes between the run and the screen."""

import logging
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from shutil import get_terminal_size
from typing import Any, ClassVar, Final

from textual.actions import parse
from textual.app import SystemCommand
from textual.binding import Binding, BindingType
from textual.dom import DOMNode
from textual.message import Message
from textual.screen import Screen

from mnist_tui.run.events import RunEnded
from mnist_tui.run.plan import MakeRunner, RunPlan
from mnist_tui.run.requests import Save, Stop
from mnist_tui.run.state import State
from mnist_tui.store.logfile import PRINTED
from mnist_tui.tui.commands import Owner, commands
from mnist_tui.tui.dashboard.machine import SampleMachine
from mnist_tui.tui.dashboard.previous_run import newest_on_disk
from mnist_tui.tui.dashboard.screen import TITLES, Dashboard
from mnist_tui.tui.insight.controller import InsightController
from mnist_tui.tui.messages import (
    LogArrived,
    PreviousFound,
    RunEvent,
    RunThreadEnded,
    ShutDownAsked,
)
from mnist_tui.tui.run.controller import REQUESTS, RunController
from mnist_tui.tui.run.poller import LONGEST_S, LOOK_INTERVAL_S, ProgressPoller
from mnist_tui.tui.run.presenter import RunPresenter
from mnist_tui.tui.run.view import RunView
from mnist_tui.tui.screens.draft import Draft
from mnist_tui.tui.screens.palette import Palettes
from mnist_tui.tui.terminal.crash import CrashGuard
from mnist_tui.tui.terminal.key_queue import KeyQueue
from mnist_tui.tui.terminal.log_handler import PaneHandler
from mnist_tui.tui.terminal.output_capture import prints_logged
from mnist_tui.tui.text import exit_summary
from mnist_tui.tui.text.event_text import LogEntry, describe_plan
from mnist_tui.tui.themes import DARK, LIGHT, ThemeChoice, curve_colors

_LOGGERS: Final = (logging.getLogger(), *PRINTED.values())
"""Whose records are shown."""


class DashboardApp(Palettes, KeyQueue, CrashGuard):
    """Trains on one thread of its own and shows it; never two runs at a time."""

    TITLE = "mnist-tui"
    CSS_PATH = "app.tcss"
    # Text is selected by the terminal itself. Textual's way to do it breaks where the mouse is
    # pressed on what goes at that moment, as toasts do.
    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "start", "Start"),
        Binding("space", "pause", "Pause"),
        Binding("space", "resume", "Resume"),
        Binding("n", "new", "New run"),
        Binding("s", "save", "Save"),
        Binding("x", "stop", "Stop"),
        Binding("e", "settings", "Edit", tooltip="Change the settings"),
        Binding("q", "quit", "Quit"),
        Binding("question_mark", "help", "Help", key_display="?"),
        Binding("i", "insight", "Insight", tooltip="What the model has learned"),
        Binding(
            "d", "insight('Draw')", "Draw", show=False, tooltip="Draw a digit for the model to read"
        ),
        # Shown by the dashboard, after the keys of the pane in focus.
        Binding("left_square_bracket", "scale_rate(0.5)", show=False),
        Binding("right_square_bracket", "scale_rate(2.0)", show=False),
        # Where none of the above can be done, the key says why.
        Binding("space", "refuse('pause')", show=False),
        Binding("s", "refuse('save')", show=False),
        Binding("x", "refuse('stop')", show=False),
        Binding("e", "refuse('settings')", show=False),
        Binding("left_square_bracket", "refuse('scale_rate')", show=False),
        Binding("right_square_bracket", "refuse('scale_rate')", show=False),
        Binding("ctrl+q", "quit", "Quit", show=False, priority=True),
    ]

    def __init__(
        self,
        plan: RunPlan,
        make_runner: MakeRunner,
        *,
        start: bool = False,
        low_bandwidth: bool = False,
        bell: bool = False,
        theme_file: Path | None = None,
        sample_machine: SampleMachine | None = None,
    ) -> None:
        """Make a dashboard that is ready to run `plan`.

        Args:
            plan: The settings of the run, and where it goes.
            make_runner: Gives a runner for each run; cheap.
            start: Whether to begin at once.
            low_bandwidth: Whether to repaint only once a second.
            bell: Whether to ring and notify when a run ends.
            theme_file: Where the theme is remembered; None: nowhere.
            sample_machine: Looks at the machine, on a thread; None: as it is.
        """
        super().__init__()
        self.exit_code = 0
        """What the process is to exit with: the last run's code."""
        self._owner = RunController(plan, make_runner, self.post_message)
        self._starts_at_once = start
        self._dashboard = Dashboard(sample_machine=sample_machine)
        self._insight = InsightController(self, self._owner)
        self._telling = RunPresenter(self, self._owner, self._dashboard, self._insight, rings=bell)
        interval_s = LONGEST_S if low_bandwidth else LOOK_INTERVAL_S
        self._looking = ProgressPoller(self, self._telling.look, interval_s)
        self._prints = ExitStack()
        """What is undone when printing is to reach the terminal again."""
        self._handler = PaneHandler(lambda: self._send(LogArrived()))
        self._theme_choice = ThemeChoice(theme_file) if theme_file else None
        for theme in (DARK, LIGHT):
            self.register_theme(theme)
        remembered = self._theme_choice.read() if self._theme_choice else None
        self.theme = remembered if remembered in self.available_themes else DARK.name

    # What the command line uses.

    @property
    def view(self) -> RunView:
        """What the current run told."""
        return self._owner.view

    def exit_report(self) -> str:
        """The last run in plain lines, for the terminal; empty when none was started."""
        columns = get_terminal_size().columns
        return exit_summary.exit_report(self._owner.plan, self._owner.view, columns)

    @property
    def log_file(self) -> Path | None:
        """The log of the last run; None when none was prepared."""
        prepared = self._owner.view.prepared
        return Path(prepared.directory) / "log.txt" if prepared else None

    def save(self) -> None:
        """Have the run saved, if it can be. Any thread, and signal handlers."""
        self._owner.ask(Save())

    def shut_down(self, stop: Stop) -> None:
        """End the run, then the dashboard. Any thread, and signal handlers."""
        self._owner.leave(stop)
        self._send(ShutDownAsked())

    async def run_async(self, **options: Any) -> None:
        """As App; however the dashboard ends, the training thread has ended too."""
        try:
            return await super().run_async(**options)
        finally:
            self._prints.close()
            self._end_run()

    def _end_run(self) -> None:
        run = self._owner.run
        if run is None:
            return
        while run.is_alive:
            # Only a dashboard that broke comes here with a live run: keep what was learnt.
            # Nobody is there who could make room on a full disk.
            leaving = self._owner.leaving or Stop(reason="the dashboard ended")
            self._owner.leave(replace(leaving, exit_code=leaving.exit_code or 1))
            run.join(0.1)
        if run.ended is not None and self._owner.view.ended is None:
            self._owner.view.take(run.ended)

    # From the start to the end.

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """As App; the colors of the curves, in whatever theme."""
        return curve_colors(self.current_theme)

    def get_default_screen(self) -> Screen[None]:
        """The dashboard itself."""
        return self._dashboard

    def on_mount(self) -> None:
        """Begin to look at the run, and to listen."""
        for logger in _LOGGERS:
            logger.addHandler(self._handler)
        self._prints.enter_context(prints_logged())
        self.theme_changed_signal.subscribe(self, self._remember_theme)
        self._looking.begin()
        self.call_after_refresh(self._open)
        self.run_worker(self._find_previous, thread=True, exit_on_error=False, group="previous")

    def _open(self) -> None:
        self._telling.show_plan()
        self._dashboard.log_pane.add(LogEntry("ready: space starts, ? explains"))
        if self._owner.leaving is not None:
            self._leave_if_over()
        elif self._starts_at_once:
            self.action_start()

    def on_unmount(self) -> None:
        """Stop listening."""
        self._prints.close()
        for logger in _LOGGERS:
            logger.removeHandler(self._handler)
        self._telling.end()

    def _send(self, message: Message) -> None:
        """Post from any thread or from a signal handler, waking the event loop."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.post_message, message)

    # What the run tells.

    def on_run_event(self, message: RunEvent) -> None:
        """Route an event to whatever shows it."""
        if message.run is not self._owner.run:
            return
        event = message.event
        self._owner.take(event)
        if isinstance(event, RunEnded):
            self.exit_code = event.exit_code
        self._telling.take(event)

    def on_run_thread_ended(self, message: RunThreadEnded) -> None:
        """The thread posts this as its last act: wait the moment until it is gone."""
        message.run.join()
        if message.error and self._owner.view.ended is None:
            broken = RunEnded(
                state=State.FAILED, message=f"the run broke: {message.error}", exit_code=1
            )
            self.on_run_event(RunEvent(message.run, broken))
        self._telling.show_state()
        self._leave_if_over()

    def on_shut_down_asked(self) -> None:
        """Somebody outside wants the end: come to it as soon as the run has."""
        self._telling.show_state()
        self._leave_if_over()

    def _leave_if_over(self) -> None:
        leaving = self._owner.leaving
        if leaving is not None and not self._owner.is_busy:
            self.exit_code = self.exit_code or leaving.exit_code
            self.exit()

    def _find_previous(self) -> None:
        """Read the run before this one. A worker's thread."""
        plan = self._owner.plan
        previous = newest_on_disk(plan.runs_dir, plan.name)
        if previous is not None:
            self._send(PreviousFound(previous))

    def on_previous_found(self, message: PreviousFound) -> None:
        """Compare with it."""
        self._dashboard.show_previous(message.trace)

    def on_log_arrived(self) -> None:
        """Fetch what was logged."""
        for said in self._handler.take():
            self._dashboard.log_pane.add(said)

    # What a person asks for.

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what can be done now."""
        return self._owner.offers(action)

    def action_start(self) -> None:
        """Start the run."""
        self._begin()

    def action_new(self) -> None:
        """Start another run from the same settings, at the rate that the last one began with."""
        self._begin()

    def _begin(self) -> None:
        if not self._owner.offers("start") and not self._owner.offers("new"):
            return
        run = self._owner.begin()
        self._telling.show_plan()
        epochs = self._owner.plan.config.epochs
        self._dashboard.begin(self._owner.view, run.session.history, epochs)
        self._insight.show_insight()

    def action_pause(self) -> None:
        """Pause."""
        self._ask("pause")

    def action_resume(self) -> None:
        """Go on."""
        self._ask("resume")

    def action_save(self) -> None:
        """Save a checkpoint."""
        self._ask("save")

    def action_stop(self) -> None:
        """Stop, saving first."""
        self._ask("stop")

    def action_refuse(self, action: str) -> None:
        """Say why a key does nothing now, and which does."""
        if action == "pause" and self._owner.offers("new"):
            is_elsewhere = self._owner.view.is_elsewhere
            why = "another process trains this run" if is_elsewhere else "the run is over"
            self._telling.say(LogEntry(f"{why}: n starts another one", "warning"))
        else:
            self._ask(action)

    def _ask(self, action: str) -> None:
        answer = self._owner.ask(REQUESTS[action])
        self._telling.answer(answer)

    def action_scale_rate(self, factor: float) -> None:
        """Halve or double the learning rate."""
        answer = self._owner.scale_rate(factor)
        self._telling.answer(answer)

    async def action_quit(self) -> None:
        """Quit; while a run is live, ask first."""
        from mnist_tui.tui.screens.quit import QuitDialog

        if not self._owner.is_busy:
            self.exit()
        elif self._owner.state.is_over:
            # Its thread is about to end, and the dashboard ends with it.
            self._owner.leave(Stop(reason="quit"))
        elif self._owner.leaving is not None and self._owner.state is not State.STOPPING:
            self._telling.say(LogEntry("saving, then quitting …"))
        elif not isinstance(self.screen, QuitDialog):
            self.push_screen(QuitDialog(self._dashboard.progress), self._quit_as)

    def action_help_quit(self) -> None:
        """Ctrl+c means to quit, too."""
        self.run_worker(self.action_quit())

    def _quit_as(self, choice: str | None) -> None:
        if choice in ("save", "discard"):
            answer = self._owner.leave(Stop(save=choice == "save", reason="quit"))
            self._telling.say(LogEntry(answer.message))
            self._telling.show_state()
            self._leave_if_over()

    def action_settings(self) -> None:
        """Show the settings: all of the next run's, or what can change in the live one."""
        from mnist_tui.tui.screens.settings import SettingsScreen

        if self._owner.offers("settings"):
            self.push_screen(SettingsScreen(self._owner.draft()), self._apply_settings)

    def _apply_settings(self, draft: Draft | None) -> None:
        if draft is None:
            return
        answer = self._owner.apply(draft)
        if not draft.is_live and self._owner.run is not None:
            self._dashboard.show_next(describe_plan(self._owner.next_plan))
        elif not draft.is_live:
            self._telling.show_plan()
        self._telling.answer(answer)

    def action_insight(self, pane: str = "") -> None:
        """Show what the model learned, in the pane in sight last, or in that one."""
        self._insight.open(pane, self._dashboard.progress)

    def action_help(self) -> None:
        """Show the help."""
        from mnist_tui.tui.screens.help import HelpScreen

        self.push_screen(HelpScreen())

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Ours that can be done now, and Textual's picture of the screen."""
        dashboard = self._dashboard
        owners: dict[Owner, DOMNode] = {
            "app": self,
            "dashboard": dashboard,
            "log": dashboard.log_pane,
            "epochs": dashboard.query_one("#epochs"),
        }
        for command in commands(TITLES):
            owner = owners[command.owner]
            if owner is not self and screen is not dashboard:
                continue  # it would change what is out of sight
            if owner.check_action(*parse(command.action)[1:]):
                run = partial(self._run_command, command.action, owner)
                yield SystemCommand(command.title, command.sentence, run)
        for textuals in super().get_system_commands(screen):
            if textuals.title == "Screenshot":
                yield textuals

    def _run_command(self, action: str, owner: DOMNode) -> None:
        self.run_worker(self.run_action(action, owner))

    def _remember_theme(self, _theme: object) -> None:
        if self._theme_choice is not None:
            self._theme_choice.write(self.theme)
