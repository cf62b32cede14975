"""The dashboard as an application: it composes the parts and routes between them."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Final

from textual import events
from textual.binding import BindingType
from textual.notifications import SeverityLevel
from textual.screen import Screen

from mnist_tui.run.machine import SampleMachine
from mnist_tui.run.plan import MakeRunner, RunPlan
from mnist_tui.run.requests import Stop
from mnist_tui.sweep.record import SweepFolder
from mnist_tui.tui import DisplayOptions
from mnist_tui.tui.dashboard.screen import Dashboard
from mnist_tui.tui.opening import SCREEN_KEYS, ScreenActions
from mnist_tui.tui.run.actions import RUN_KEYS
from mnist_tui.tui.run.controller import RunController
from mnist_tui.tui.run.poller import ATTACHED, OWN, SLOW_LINE, Pace, ProgressPoller
from mnist_tui.tui.run.presenter import RunPresenter
from mnist_tui.tui.run.thread import RunThread
from mnist_tui.tui.screens.palette import Palettes
from mnist_tui.tui.terminal.crash import CrashGuard
from mnist_tui.tui.terminal.key_queue import KeyQueue
from mnist_tui.tui.terminal.log_handler import PaneHandler
from mnist_tui.tui.terminal.output_capture import prints_logged
from mnist_tui.tui.text.event_text import Level, LogEntry
from mnist_tui.tui.themes import DARK, LIGHT, ThemeChoice, curve_colors

LINE_LOST: Final = Stop(reason="Ended with its terminal", exit_code=129)
"""The request when the terminal is lost: SIGHUP's exit code, since it means the same."""


class DashboardApp(ScreenActions, Palettes, KeyQueue, CrashGuard):
    """Trains on one thread of its own and shows it; never two runs at a time."""

    TITLE = "mnist-tui"
    CSS_PATH = "app.tcss"
    # Text is selected by the terminal itself. Textual's way to do it breaks where the mouse is
    # pressed on what goes at that moment.
    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [*RUN_KEYS, *SCREEN_KEYS]

    def __init__(
        self,
        plan: RunPlan,
        make_runner: MakeRunner,
        look: DisplayOptions | None = None,
        *,
        start: bool = False,
        opens_runs: bool = False,
        opens_sweep: SweepFolder | None = None,
        outlives_terminal: bool = False,
        theme_file: Path | None = None,
        sample_machine: SampleMachine | None = None,
    ) -> None:
        """Make a dashboard that is ready to run `plan`.

        Args:
            plan: The settings of the run, and where it goes.
            make_runner: Gives a runner for each run; cheap.
            look: How to show it.
            start: Whether to begin at once.
            opens_runs: Whether to show all runs at first.
            opens_sweep: A sweep to be shown over them; None: none.
            outlives_terminal: Whether a live run goes on when the terminal is lost.
            theme_file: Where the theme is remembered; None: nowhere.
            sample_machine: Samples the machine, on a thread; None: as it is.
        """
        super().__init__()
        look = look or DisplayOptions()
        self.run_controller = RunController(
            plan,
            make_runner,
            lambda runner: RunThread(runner, self.call_later, self.presenter.take, self._end_of),
        )
        """The run that is shown."""
        self.dashboard = Dashboard(self.run_controller, sample_machine=sample_machine)
        """The screen under all others."""
        self.presenter = RunPresenter(self, self.run_controller, self.dashboard, rings=look.rings)
        """What shows the run."""
        self.goes_on = False
        """Whether the dashboard has ended, and its run goes on without a terminal."""
        self._outlives_terminal = outlives_terminal
        self._starts_at_once = start
        self._opens_runs = opens_runs or opens_sweep is not None
        self._opens_sweep = opens_sweep
        self._is_low_bandwidth = look.is_low_bandwidth
        self._poller = ProgressPoller(self, self.presenter.follow, pace=self._choose_pace)
        self._prints = ExitStack()
        """What is undone when printing is to reach the terminal again."""
        self._handler = PaneHandler(lambda: self._call_soon(self._show_records))
        self._theme_choice = ThemeChoice(theme_file) if theme_file else None
        for theme in (DARK, LIGHT):
            self.register_theme(theme)
        remembered = self._theme_choice.read() if self._theme_choice else None
        self.theme = remembered if remembered in self.available_themes else DARK.name

    # What the command line uses.

    def shut_down(self, stop: Stop) -> None:
        """End the run, then the dashboard. Any thread, and signal handlers."""
        self.run_controller.leave(stop)
        self._call_soon(self.leave_if_over)

    def lose_terminal(self) -> None:
        """End the dashboard, whose terminal is gone. Any thread, and signal handlers.

        A live run goes on, where that is wanted; it is saved and ended otherwise.
        """
        run = self.run_controller
        is_ours = run.is_busy and not run.outlives_viewer
        if self._outlives_terminal and is_ours and run.leaving is None:
            self.goes_on = True
            self._call_soon(self.exit)
        elif not self.goes_on:
            self.shut_down(LINE_LOST)

    async def run_async(self, **options: Any) -> None:
        """Run the dashboard; however it ends, the training thread has ended then, too."""
        try:
            return await super().run_async(**options)
        finally:
            self._prints.close()
            if not self.goes_on:
                self.end_run()

    def end_run(self) -> None:
        """Wait for the training thread. Only a dashboard that broke has a live run here.

        What it has learned is saved; nobody is there who could make room on a full disk.
        """
        run = self.run_controller
        while run.is_busy and run.thread is not None:
            leaving = run.leaving or Stop(reason="Ended with the dashboard")
            run.leave(replace(leaving, exit_code=leaving.exit_code or 1))
            run.thread.join(0.1)
        # Events that were handed to a dashboard that broke have not arrived.
        run.log = run.session.log

    # From the start to the end.

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Give each theme the colors of the curves."""
        return curve_colors(self.current_theme)

    def get_default_screen(self) -> Screen[None]:
        """The dashboard itself."""
        return self.dashboard

    def on_mount(self) -> None:
        """Begin to follow the run, and to listen."""
        self._handler.listen()
        self._prints.enter_context(prints_logged())
        self.theme_changed_signal.subscribe(self, self._remember_theme)
        self._poller.begin()
        self.call_after_refresh(self._open)

    def _open(self) -> None:
        self.presenter.show_run()
        if self.run_controller.leaving is not None:
            self.leave_if_over()
        elif self._starts_at_once:
            if self.run_controller.thread is None:
                self.begin_run(self.run_controller.plan)
        else:
            self.dashboard.log_pane.add(LogEntry("Ready. Space: start. ?: help."))
        if self._opens_runs:
            self.action_runs()
        if self._opens_sweep is not None:
            self.show_sweep(self._opens_sweep)

    def on_unmount(self) -> None:
        self._prints.close()
        self._handler.end()
        self.presenter.end()

    def _choose_pace(self) -> Pace:
        if self._is_low_bandwidth:
            return SLOW_LINE
        return ATTACHED if self.run_controller.place else OWN

    def _call_soon(self, callback: Callable[[], object]) -> None:
        """Have it called on the UI thread. Any thread, and signal handlers: it wakes the loop."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.call_later, callback)

    def _end_of(self, thread: RunThread) -> None:
        """Wait the moment until a thread is gone that has nothing left to do."""
        thread.join()
        self.leave_if_over()

    def _show_records(self) -> None:
        for entry in self._handler.take():
            self.dashboard.log_pane.add(entry)

    # What the user asks for.

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

    def on_key(self, event: events.Key) -> None:
        """Say of a letter of another alphabet, which nothing has taken, why nothing happens."""
        letter = event.character or ""
        if letter.isalpha() and not letter.isascii():
            why = "keys are Latin letters: switch the keyboard's layout, or use ctrl+p or the mouse"
            self.presenter.say(LogEntry(f"{letter}: {why}", "warning"))

    def _remember_theme(self, _theme: object) -> None:
        if self._theme_choice is not None:
            self._theme_choice.write(self.theme)
