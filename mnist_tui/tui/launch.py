"""The dashboard as a command: terminal, signals, and the summary after it."""

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from shutil import get_terminal_size

from mnist_tui.process import places
from mnist_tui.process.crash import log_crash
from mnist_tui.process.logout import describe_limit
from mnist_tui.process.signals import signals_as_requests
from mnist_tui.process.streams import is_in_page, let_go_of_terminal, say, screen_stream
from mnist_tui.run.plan import MakeRunner, RunPlan
from mnist_tui.run.requests import Save, Stop
from mnist_tui.sweep.record import SweepFolder
from mnist_tui.tui import DisplayOptions
from mnist_tui.tui.app import DashboardApp
from mnist_tui.tui.characters import limit_characters
from mnist_tui.tui.text.exit_summary import exit_report


def run_dashboard(
    plan: RunPlan,
    make_runner: MakeRunner,
    look: DisplayOptions,
    *,
    start: bool,
    outlives_terminal: bool = True,
    opens_runs: bool = False,
    opens_sweep: SweepFolder | None = None,
) -> int:
    """Show the dashboard until the user leaves it, or until its terminal goes away. Main thread.

    Args:
        plan: What to run.
        make_runner: Gives a runner for each run.
        look: How to show it.
        start: Whether to begin at once.
        outlives_terminal: Whether a live run goes on when the terminal is lost; this returns at
            its end then.
        opens_runs: Whether to show all runs at first.
        opens_sweep: A sweep to be shown over them; None: none.

    Returns:
        The exit code.
    """
    app = DashboardApp(
        plan,
        make_runner,
        look,
        start=start,
        opens_runs=opens_runs,
        opens_sweep=opens_sweep,
        outlives_terminal=outlives_terminal,
        theme_file=places.theme_file(),
    )
    limit_characters(app, is_ascii=look.is_ascii, term=os.environ.get("TERM", ""))
    if sys.platform != "win32" and not is_in_page():
        from mnist_tui.tui.terminal.driver import SturdyDriver

        app.driver_class = SturdyDriver
    way_back = _way_back()

    def end_at_once() -> None:
        # First, so that nothing asks the terminal for the mouse again after it was given back.
        fall_silent = getattr(app._driver, "fall_silent", None)
        if fall_silent is not None:
            fall_silent()
        way_back()

    def on_signal(request: Stop | Save) -> None:
        if isinstance(request, Stop):
            app.shut_down(request)
        else:
            app.run_controller.session.request(request)

    hang_up = app.lose_terminal if outlives_terminal else None
    with signals_as_requests(on_signal, end_at_once, hang_up=hang_up):
        try:
            app.run(mouse=look.has_mouse)
        except Exception as error:  # noqa: BLE001 - whatever it is, the terminal is given back
            app.note_break(error)
        if app.goes_on:
            return _train_on(app)
    if app.broken_by is not None:
        way_back()
    return _say_how_it_ended(app)


def _say_how_it_ended(app: DashboardApp) -> int:
    """Print the summary, and what broke, if anything did; the exit code."""
    run = app.run_controller
    report, code = exit_report(run.log, get_terminal_size().columns), run.exit_code
    if app.broken_by is not None:
        code = code or 1
        log = Path(run.log.prepared.directory) / "log.txt" if run.log.prepared else None
        say(log_crash(app.broken_by, "the dashboard broke", log), sys.stderr)
    limit = describe_limit() if run.is_detached else ""
    if limit:
        report += f"\nnote: {limit}"
    if run.thread is not None and run.thread.runner.afterword:
        report += f"\nnote: {run.thread.runner.afterword}"
    if report:
        say(report, sys.stderr if code else sys.stdout)
    return code


def _train_on(app: DashboardApp) -> int:
    """Let the run of a dashboard whose terminal is gone come to its end; its exit code."""
    let_go_of_terminal()
    thread = app.run_controller.thread
    assert thread is not None, "a dashboard without a run does not go on"
    thread.close()
    thread.join()
    ended = thread.runner.session.log.ended
    return ended.exit_code if ended is not None else 1


def _way_back() -> Callable[[], None]:
    """What puts the terminal back as it is now, for an end that waits for nothing."""
    if sys.platform == "win32" or is_in_page():
        return lambda: None
    import termios

    from mnist_tui.tui.terminal.driver import LEAVE

    stdin, screen = sys.__stdin__, screen_stream()
    if stdin is None or screen is None:
        return lambda: None
    before = termios.tcgetattr(stdin.fileno())
    # A descriptor of its own: the dashboard leads the usual ones elsewhere while it is shown.
    terminal = os.dup(screen.fileno())

    def restore() -> None:
        # Straight to the terminal: whoever holds Python's locks will not give them back.
        with suppress(OSError, termios.error):
            termios.tcsetattr(stdin.fileno(), termios.TCSANOW, before)
            os.write(terminal, LEAVE)

    return restore
