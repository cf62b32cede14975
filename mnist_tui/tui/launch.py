"""The dashboard as a command: the terminal, the signals, and what is said after it."""

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import platformdirs

from mnist_tui.process.signals import stop_on_signals
from mnist_tui.process.streams import give_up
from mnist_tui.run.plan import MakeRunner, RunPlan
from mnist_tui.tui.app import DashboardApp
from mnist_tui.tui.display_options import DisplayOptions

_LEAVE: Final = (
    b"\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l"  # the mouse
    b"\x1b[?1004l\x1b[?2004l\x1b[<u"  # focus, paste and key reports
    b"\x1b[?2026l\x1b[?25h\x1b[?1049l"  # the cursor, and the screen as it was
)
"""What takes back all that Textual asks of a terminal."""


def run_dashboard(
    plan: RunPlan, make_runner: MakeRunner, look: DisplayOptions, *, start: bool
) -> int:
    """Show the dashboard until the person leaves it. Main thread.

    Returns:
        The exit code.
    """
    app = DashboardApp(
        plan,
        make_runner,
        start=start,
        low_bandwidth=look.is_low_bandwidth,
        bell=look.rings,
        theme_file=platformdirs.user_config_path("mnist-tui") / "theme",
    )
    if sys.platform != "win32":
        from mnist_tui.tui.terminal.driver import SturdyDriver

        app.driver_class = SturdyDriver
    way_back = _way_back()

    def end_at_once() -> None:
        # First, so that nothing asks the terminal for the mouse again after it was given back.
        fall_silent = getattr(app._driver, "fall_silent", None)
        if fall_silent is not None:
            fall_silent()
        way_back()

    with stop_on_signals(app.shut_down, end_at_once):
        app.run(mouse=look.has_mouse)
    report = app.exit_report()
    if report:
        _say(report, is_error=bool(app.exit_code))
    return app.exit_code


def _way_back() -> Callable[[], None]:
    """What puts the terminal back as it is now, for an end that waits for nothing."""
    if sys.platform == "win32":
        return lambda: None
    import termios

    stdin, screen = sys.__stdin__, sys.__stderr__
    if stdin is None or screen is None:
        return lambda: None
    before = termios.tcgetattr(stdin.fileno())
    # A descriptor of its own: the dashboard leads the usual ones elsewhere while it is shown.
    terminal = os.dup(screen.fileno())

    def restore() -> None:
        # Straight to the terminal: whoever holds Python's locks will not give them back.
        with suppress(OSError, termios.error):
            termios.tcsetattr(stdin.fileno(), termios.TCSANOW, before)
            os.write(terminal, _LEAVE)

    return restore


def _say(text: str, *, is_error: bool) -> None:
    """Print a last word, if there still is somebody to read it."""
    stream = sys.stderr if is_error else sys.stdout
    try:
        print(text, file=stream, flush=True)
    except OSError:
        # The terminal went away.
        give_up(stream)
