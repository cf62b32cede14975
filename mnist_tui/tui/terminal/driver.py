"""Textual's driver for terminals that may go away while the program runs."""

import os
import select
import selectors
import sys
import termios
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from functools import partial
from threading import Event
from typing import IO, Any, Final, TextIO, cast

from textual.app import App
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

from mnist_tui.process.streams import screen_stream
from mnist_tui.tui.terminal.input import LARGEST, TerminalInput
from mnist_tui.tui.terminal.input_filter import haste_of
from mnist_tui.tui.terminal.output_capture import descriptors_logged

CLEAR: Final = "\x1b[2J"
"""Clears the screen."""
LEAVE: Final = (
    b"\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l"  # the mouse
    b"\x1b[?1004l\x1b[?2004l\x1b[<u"  # focus, paste and key reports
    b"\x1b[?7h\x1b[?2026l\x1b[?25h\x1b[?1049l"  # wrapping, the cursor, the screen as it was
)
"""Resets every terminal mode that Textual sets."""
MOST_WAITING: Final = 1000
"""Keys that wait to be answered; more than that, typed by no hand, are left out."""


class DroppableFile:
    """The terminal's output, which takes everything once there is nobody to read it.

    Textual writes from a thread of its own and waits for that thread; an error there would
    leave the whole program waiting for ever.
    """

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def write(self, text: str) -> int:
        with suppress(OSError):
            return self._file.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._file.flush()

    def fileno(self) -> int:
        return self._file.fileno()


class ExitOrHangUp(Event):
    """An event that counts as set, too, when the terminal behind a descriptor has hung up.

    Textual's input thread checks its exit event between two reads. At the end of a hung-up
    terminal every read returns at once with nothing, and the thread would spin.
    """

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor

    @property
    def is_hung_up(self) -> bool:
        """Whether the terminal is gone. Any thread."""
        # One for each call: two threads that poll the same one at once get an error.
        poll = select.poll()
        poll.register(self._descriptor, 0)  # hang-ups and errors are always reported
        return bool(poll.poll(0))

    def is_set(self) -> bool:
        """Whether the input thread should end."""
        return super().is_set() or self.is_hung_up


class SturdyDriver(LinuxDriver):
    """LinuxDriver that survives any input, and tells the app when the terminal is lost."""

    def __init__(self, app: App[Any], **settings: Any) -> None:
        super().__init__(app, **settings)
        # A descriptor of our own: while the dashboard shows, 1 and 2 lead to the log.
        stream = cast("TextIO", screen_stream())
        self._terminal = os.dup(stream.fileno())
        file = os.fdopen(self._terminal, "w", encoding=stream.encoding, errors="replace")
        self._file = cast("Any", DroppableFile(file))
        self._prints = ExitStack()
        self._exit_or_hang_up = ExitOrHangUp(self.fileno)
        self.exit_event = self._exit_or_hang_up

    def start_application_mode(self) -> None:
        """Take the screen; what is printed from here on is logged."""
        self._prints.close()  # where SIGCONT follows no suspension
        self._prints = descriptors_logged()
        try:
            super().start_application_mode()  # type: ignore[no-untyped-call]
        except BaseException:
            self.abandon()
            raise

    def abandon(self) -> None:
        """Give the terminal back without Textual's threads, which could not be started."""
        with suppress(OSError):
            os.write(self._terminal, LEAVE)
        if self.attrs_before is not None:
            with suppress(termios.error):
                termios.tcsetattr(self.fileno, termios.TCSANOW, self.attrs_before)
        self._prints.close()

    def stop_application_mode(self) -> None:
        """Give the screen back; what is printed from here on is seen."""
        # Where its window has grown meanwhile, tmux 3.3 leaves rows of this screen on the other.
        self.write(CLEAR)
        super().stop_application_mode()
        self._prints.close()

    def resume_application_mode(self) -> None:
        """Take the screen again after SIGCONT, and paint all of it. Signal handler.

        A terminal that hangs up sends SIGCONT, too, after SIGHUP.
        """
        if self.is_hung_up or not self._app.is_running:
            return
        super().resume_application_mode()
        repaint = partial(self._app.call_later, self._app.refresh)
        self._loop.call_soon_threadsafe(repaint)

    def fall_silent(self) -> None:
        """Let nothing more reach the terminal, whatever is on its way. Signal handlers, too.

        Textual's writing thread has things to write until the process is gone.
        """
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._terminal)

    def _get_terminal_size(self) -> tuple[int, int]:
        """The columns and lines, limited to LARGEST.

        LinuxDriver would believe COLUMNS and LINES, which a container may have from elsewhere, and
        which follow no window; they count where the terminal does not know.
        """
        columns = lines = 0
        with suppress(OSError):
            columns, lines = os.get_terminal_size(self._terminal)
        if not (columns and lines):
            columns, lines = super()._get_terminal_size()
        return min(columns or 80, LARGEST[0]), min(lines or 25, LARGEST[1])

    def run_input_thread(self) -> None:
        """Read keys until the dashboard ends or the terminal goes away. Input thread."""
        with suppress(OSError):
            self._read_keys()
        if self.is_hung_up:
            self.fall_silent()
            lose_terminal = getattr(self._app, "lose_terminal", None)
            if lose_terminal is not None:
                lose_terminal()

    @property
    def is_hung_up(self) -> bool:
        """Whether the terminal is gone. Any thread, and signal handlers."""
        return self._exit_or_hang_up.is_hung_up

    def _read_keys(self) -> None:
        encoding = getattr(sys.__stdin__, "encoding", None) or "utf-8"
        parser = TerminalInput(encoding, debug=self._debug, haste=haste_of(os.environ))
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                if selector.select(0.1):
                    self._hand_on(parser.feed(os.read(self.fileno, 4096)))
                self._hand_on(parser.tick())

    def _hand_on(self, messages: Iterable[Message]) -> None:
        """Send what came to the app, as much as it can answer in good time."""
        waiting = getattr(self._app, "keys_waiting", 0)
        for message in messages:
            if waiting < MOST_WAITING:
                self.process_message(message)
