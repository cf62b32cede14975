"""The dashboard as an application: it composes the parts and routes between them."""

import logging
import time
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from shutil import get_terminal_size
from typing import Any, ClassVar, Final

import platformdirs
from textual.actions import parse
from textual.app import SystemCommand
from textual.binding import Binding, BindingType
from textual.dom import DOMNode
from textual.message import Message
from textual.notifications import SeverityLevel
from textual.screen import Screen

from mnist_tui.run.events import RunEnded, RunPrepared
from mnist_tui.run.plan import MakeRunner, RunPlan, ShownRun
from mnist_tui.run.requests import Save, Stop
from mnist_tui.run.state import State
from mnist_tui.store.logfile import PRINTED
from mnist_tui.tui.commands import Owner, commands
from mnist_tui.tui.dashboard.curves import Trace
from mnist_tui.tui.dashboard.machine import SampleMachine
from mnist_tui.tui.dashboard.previous_run import PastEntry, find_previous, read_past
from mnist_tui.tui.dashboard.screen import TITLES, Dashboard
from mnist_tui.tui.insight.panes.pane import InsightMemory
from mnist_tui.tui.insight.source import RunSource
from mnist_tui.tui.run.controller import REQUESTS, RunController
from mnist_tui.tui.run.poller import INTERVAL_S, LATEST_S, ProgressPoller
from mnist_tui.tui.run.presenter import RunPresenter
from mnist_tui.tui.run.thread import RunThread
from mnist_tui.tui.screens.draft import Draft
from mnist_tui.tui.screens.palette import Palettes
from mnist_tui.tui.terminal.crash import CrashGuard
from mnist_tui.tui.terminal.key_queue import KeyQueue
from mnist_tui.tui.terminal.log_handler import PaneHandler
from mnist_tui.tui.terminal.output_capture import prints_logged
from mnist_tui.tui.text import exit_summary
from mnist_tui.tui.text.event_text import Level, LogEntry
from mnist_tui.tui.themes import DARK, LIGHT, ThemeChoice, curve_colors

_LOGGERS: Final = (logging.getLogger(), *PRINTED.values())
"""Whose records are shown."""
_SLOW_LINE_S: Final = 1.0
"""From one look at the run to the next over a slow line."""
_SLOW_LINE_LOSSES_S: Final = 4.0
"""From one drawing of the losses to the next over a slow line."""


class DashboardApp(Palettes, KeyQueue, CrashGuard):
    """Trains on one thread of its own and shows it; never two runs at a time."""

    TITLE = "mnist-tui"
    CSS_PATH = "app.tcss"
    # Text is selected by the terminal itself. Textual's way to do it breaks where the mouse is
    # pressed on what goes at that moment.
    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "begin('start')", "Start"),
        Binding("space", "ask('pause')", "Pause"),
        Binding("space", "ask('resume')", "Resume"),
        Binding("space", "begin('continue')", "Resume"),
        Binding("n", "begin('new')", "New run"),
        Binding("s", "ask('save')", "Save"),
        Binding("x", "ask('stop')", "Stop"),
        Binding("e", "settings", "Edit", tooltip="Change the settings"),
        Binding("q", "quit", "Quit"),
        Binding("question_mark", "help", "Help", key_display="?"),
        Binding("i", "insight", "Insight", tooltip="What the model has learned"),
        Binding(
            "d", "insight('Draw')", "Draw", show=False, tooltip="Draw a digit for the model to read"
        ),
        # Shown by the dashboard, after the keys of the pane in focus.
        Binding("left_square_bracket", "scale_lr(0.5)", show=False),
        Binding("right_square_bracket", "scale_lr(2.0)", show=False),
        # Where none of the above can be done, the key says why.
        Binding("space", "refuse('pause')", show=False),
        Binding("s", "refuse('save')", show=False),
        Binding("x", "refuse('stop')", show=False),
        Binding("e,left_square_bracket,right_square_bracket", "refuse('adjust')", show=False),
        Binding("ctrl+q", "quit", "Quit", show=False, priority=True),
        Binding("ctrl+z", "suspend_process", show=False),
    ]

    @dataclass
    class ShutDownAsked(Message):
        """Somebody outside, such as a signal handler, wants the dashboard to end."""

    @dataclass
    class LogArrived(Message):
        """Records of Python's logging wait in the handler."""

    @dataclass
    class PastRead(Message):
        """What was on disk when a run was prepared has been read."""

        run: Path
        """The run's directory."""
        previous: Trace | None
        """An earlier run to compare it with."""
        past: Sequence[PastEntry]
        """What a run that is only shown has emitted."""

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
        self.run_controller: Final = RunController(plan, make_runner, self.post_message)
        """The run that is shown."""
        self.dashboard: Final = Dashboard(sample_machine=sample_machine)
        """The screen under all others."""
        self.presenter: Final = RunPresenter(self, self.run_controller, self.dashboard, rings=bell)
        """What shows the run."""
        self.insight_memory: Final = InsightMemory()
        """What the insight screen showed when it was closed."""
        self._starts_at_once = start
        self._poller = ProgressPoller(
            self,
            self.presenter.follow,
            interval_s=_SLOW_LINE_S if low_bandwidth else INTERVAL_S,
            latest_s=_SLOW_LINE_LOSSES_S if low_bandwidth else LATEST_S,
        )
        self._prints = ExitStack()
        """What is undone when printing is to reach the terminal again."""
        self._handler = PaneHandler(lambda: self._send(self.LogArrived()))
        self._theme_choice = ThemeChoice(theme_file) if theme_file else None
        for theme in (DARK, LIGHT):
            self.register_theme(theme)
        remembered = self._theme_choice.read() if self._theme_choice else None
        self.theme = remembered if remembered in self.available_themes else DARK.name

    # What the command line uses.

    def exit_report(self) -> str:
        """The last run in plain lines, for the terminal; empty when none was started."""
        run = self.run_controller
        return exit_summary.exit_report(run.plan, run.log, get_terminal_size().columns)

    @property
    def log_file(self) -> Path | None:
        """The log of the last run; None when none was prepared."""
        prepared = self.run_controller.log.prepared
        return Path(prepared.directory) / "log.txt" if prepared else None

    def save(self) -> None:
        """Have the run saved, if it can be. Any thread, and signal handlers."""
        self.run_controller.session.request(Save())

    def shut_down(self, stop: Stop) -> None:
        """End the run, then the dashboard. Any thread, and signal handlers."""
        self.run_controller.leave(stop)
        self._send(self.ShutDownAsked())

    async def run_async(self, **options: Any) -> None:
        """As App; however the dashboard ends, the training thread has ended too."""
        try:
            return await super().run_async(**options)
        finally:
            self._prints.close()
            self.end_run()

    def end_run(self) -> None:
        """Wait for the training thread. Only a dashboard that broke has a live run here.

        What it has learned is saved; nobody is there who could make room on a full disk.
        """
        run = self.run_controller
        while run.is_busy and run.thread is not None:
            leaving = run.leaving or Stop(reason="the dashboard ended")
            run.leave(replace(leaving, exit_code=leaving.exit_code or 1))
            run.thread.join(0.1)
        # Events that were posted to a dashboard that broke have not arrived.
        subscription = run.session.subscribe(lambda event: None)
        subscription.close()
        run.log = subscription.log

    # From the start to the end.

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """As App; the colors of the curves, in whatever theme."""
        return curve_colors(self.current_theme)

    def get_default_screen(self) -> Screen[None]:
        """The dashboard itself."""
        return self.dashboard

    def on_mount(self) -> None:
        """Begin to follow the run, and to listen."""
        for logger in _LOGGERS:
            logger.addHandler(self._handler)
        self._prints.enter_context(prints_logged())
        self.theme_changed_signal.subscribe(self, self._remember_theme)
        self._poller.begin()
        self.call_after_refresh(self._open)

    def _open(self) -> None:
        self.presenter.show_run()
        if self.run_controller.leaving is not None:
            self._leave_if_over()
        elif self._starts_at_once:
            self.action_begin("start")
        else:
            self.dashboard.log_pane.add(LogEntry("Ready. Space: start. ?: help."))

    def on_unmount(self) -> None:
        """Stop listening."""
        self._prints.close()
        for logger in _LOGGERS:
            logger.removeHandler(self._handler)
        self.presenter.end()

    def _send(self, message: Message) -> None:
        """Post from any thread or from a signal handler, waking the event loop."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.post_message, message)

    # What arrives.

    def on_run_thread_emitted(self, message: RunThread.Emitted) -> None:
        """Route an event to whatever shows it."""
        event = message.event
        if message.thread is not self.run_controller.thread:
            return
        if isinstance(event, RunEnded):
            self.exit_code = event.exit_code
        self.run_controller.take(event)
        self.presenter.take(event)
        if isinstance(event, RunPrepared):
            is_shown = isinstance(self.run_controller.plan, ShownRun)
            read = partial(self._read_past, Path(event.directory), is_shown)
            self.run_worker(read, thread=True, exit_on_error=False, group="past")

    def on_run_thread_ended(self, message: RunThread.Ended) -> None:
        """The thread posts this as its last act: wait the moment until it is gone."""
        message.thread.join()
        self.presenter.show_state()
        self._leave_if_over()

    def on_dashboard_app_shut_down_asked(self) -> None:
        """Somebody outside wants the end: come to it as soon as the run has."""
        self.presenter.show_state()
        self._leave_if_over()

    def _leave_if_over(self) -> None:
        leaving = self.run_controller.leaving
        if leaving is not None and not self.run_controller.is_busy:
            self.exit_code = self.exit_code or leaving.exit_code
            self.exit()

    def _read_past(self, run: Path, is_shown: bool) -> None:
        """Read what is on disk about the time before this view. A worker's thread."""
        past = read_past(run) if is_shown else ()
        self._send(self.PastRead(run, find_previous(run), past))

    def on_dashboard_app_past_read(self, message: PastRead) -> None:
        """Show it, if that run is still shown."""
        prepared = self.run_controller.log.prepared
        if prepared is not None and Path(prepared.directory) == message.run:
            self.dashboard.show_past(message.previous, message.past)

    def on_dashboard_app_log_arrived(self) -> None:
        """Fetch what was logged."""
        for entry in self._handler.take():
            self.dashboard.log_pane.add(entry)

    # What the user asks for.

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what can be done now."""
        is_named = action in ("ask", "begin")
        action = str(parameters[0]) if is_named else "adjust" if action == "scale_lr" else action
        return self.run_controller.offers(action)

    def action_begin(self, how: str) -> None:
        """Start the run, or another one, or resume the one that has ended.

        What takes the place of a run that is shown is asked about first.
        """
        from mnist_tui.tui.screens.question import NewRunDialog, ResumeDialog

        run = self.run_controller
        if not run.offers(how):
            return
        if how == "new":
            self.push_screen(NewRunDialog(run.next_plan), self._begin_new)
        elif how == "continue" and isinstance(run.plan, ShownRun):
            self.push_screen(ResumeDialog(run.name), self._begin_again)
        elif how == "continue":
            self._begin(run.resumed_plan)
        else:
            self._begin(run.next_plan)

    def _begin_new(self, answer: str | None) -> None:
        if answer == "n" and self.run_controller.offers("new"):
            self._begin(self.run_controller.next_plan)
        elif answer == "e":
            self.action_settings()

    def _begin_again(self, answer: str | None) -> None:
        if answer == "space" and self.run_controller.offers("continue"):
            self._begin(self.run_controller.resumed_plan)

    def _begin(self, plan: RunPlan | None) -> None:
        if plan is not None:
            self.run_controller.begin(plan)
            self.presenter.show_run()

    def action_ask(self, request: str) -> None:
        """Ask the run for something; the state, or a message, says what became of it."""
        self.presenter.answer(self.run_controller.session.request(REQUESTS[request]))

    def action_refuse(self, request: str) -> None:
        """Say why a key does nothing now, and which does."""
        run = self.run_controller
        if run.log.is_elsewhere:
            why = "another process trains this run: it can't be controlled from here"
            self.presenter.say(LogEntry(why, "warning"))
        elif request == "pause" and run.offers("new"):
            why = f"the run is {run.session.state}: e, more epochs, then space; or n for a new run"
            if run.session.state is not State.FINISHED:
                why = f"the run is {run.session.state} and has no checkpoint: n starts a new run"
            self.presenter.say(LogEntry(why, "warning"))
        else:
            self.action_ask(request)

    def action_scale_lr(self, factor: float) -> None:
        """Halve or double the learning rate."""
        self.presenter.answer(self.run_controller.scale_lr(factor))

    async def action_quit(self) -> None:
        """Quit; while a run is live, ask first."""
        from mnist_tui.tui.screens.question import QuitDialog

        run = self.run_controller
        if not run.is_busy:
            self.exit()
        elif run.session.state.is_over:
            # Its thread is about to end, and the dashboard ends with it.
            run.leave(Stop(reason="quit"))
        elif run.leaving is not None and run.session.state is not State.STOPPING:
            self.presenter.say(LogEntry("saving, then quitting …"))
        elif not isinstance(self.screen, QuitDialog):
            self.push_screen(QuitDialog(self.dashboard.progress), self._quit_as)

    def action_help_quit(self) -> None:
        """Ctrl+c means to quit, too."""
        self.run_worker(self.action_quit())

    def _quit_as(self, key: str | None) -> None:
        if key is not None:
            answer = self.run_controller.leave(Stop(save=key == "s", reason="quit"))
            self.presenter.say(LogEntry(answer.message))
            self.presenter.show_state()
            self._leave_if_over()

    def action_suspend_process(self) -> None:
        """Say what to do instead: a run can't go on in the background yet."""
        self.presenter.say(
            LogEntry(
                "ctrl+z: not yet; q, then s, saves and leaves; mnist-tui resume goes on",
                "warning",
            )
        )

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = True,
    ) -> None:
        """As App, but on the status line: a toast would cover the newest data."""
        levels: dict[SeverityLevel, Level] = {"warning": "warning", "error": "error"}
        self.presenter.say(LogEntry(message, levels.get(severity, "info")))

    def deliver_screenshot(
        self, filename: str | None = None, path: str | None = None, time_format: str | None = None
    ) -> str | None:
        """Save a picture of the screen where that is possible, and say where it is."""
        folders = [Path(path)] if path else [platformdirs.user_downloads_path(), Path()]
        name = filename or time.strftime("mnist-tui-%Y%m%d-%H%M%S.svg")
        problem = "no folder for it"
        for folder in filter(Path.is_dir, folders):
            try:
                file = self.save_screenshot(name, str(folder), time_format)
            except OSError as error:
                problem = f"cannot write to {folder.absolute()}: {error.strerror}"
            else:
                where = str(file)
                self.notify(f"screenshot saved as {where.replace(str(Path.home()), '~')}")
                return file
        self.notify(f"no screenshot: {problem}", severity="error")
        return None

    def action_settings(self) -> None:
        """Show the settings: all of the next run's, or what can change in the live one."""
        from mnist_tui.tui.screens.settings import SettingsScreen

        if self.run_controller.offers("settings"):
            self.push_screen(SettingsScreen(self.run_controller.draft()), self._apply_settings)

    def _apply_settings(self, draft: Draft | None) -> None:
        if draft is None:
            return
        answer = self.run_controller.apply(draft)
        if not draft.is_live and self.run_controller.thread is not None:
            self.dashboard.show_next(self.run_controller.next_plan)
        elif not draft.is_live:
            self.presenter.show_run()
        self.presenter.answer(answer)

    def action_insight(self, title: str = "") -> None:
        """Show what the model learned, in the pane of that title or in the one seen last."""
        from mnist_tui.tui.insight.screen import InsightScreen

        for screen in self.screen_stack:
            if isinstance(screen, InsightScreen):
                if title:
                    screen.call_later(screen.action_pane, title)
                return
        self.insight_memory.title = title or self.insight_memory.title
        source = RunSource(self.run_controller)
        insight = InsightScreen(source, self.insight_memory, self.presenter.remove)
        self.presenter.add(insight)
        self.push_screen(insight)

    def action_help(self) -> None:
        """Show the help."""
        from mnist_tui.tui.screens.help import HelpScreen

        self.push_screen(HelpScreen(is_first_run=self.run_controller.thread is None))

    def refuse_letter(self, letter: str) -> None:
        """Say why a letter of another keyboard layout does nothing."""
        why = "keys are Latin letters: switch the keyboard's layout, or use ctrl+p or the mouse"
        self.presenter.say(LogEntry(f"{letter}: {why}", "warning"))

    def action_doctor(self) -> None:
        """Examine this machine."""
        from mnist_tui.tui.screens.doctor import DoctorScreen

        plan = self.run_controller.next_plan
        self.push_screen(DoctorScreen(plan.runs_dir, plan.config.data_dir))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Ours that can be done now, and Textual's picture of the screen."""
        dashboard = self.dashboard
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
