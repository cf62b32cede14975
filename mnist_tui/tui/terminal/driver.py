"""Textual's driver for terminals that may go away while the program runs."""

import os
import select
import sys
from contextlib import ExitStack, suppress
from threading import Event
from typing import IO, Any, Final, TextIO, cast

from textual.app import App
from textual.drivers.linux_driver import LinuxDriver

from mnist_tui.run.requests import Stop
from mnist_tui.tui.terminal.output_capture import descriptors_logged

LINE_LOST: Final = Stop(reason="the terminal went away", exit_code=129)
"""What the run is asked when nobody can see it any more: SIGHUP's code, since it means that."""


CLEAR: Final = "\x1b[2J"
"""Clears the screen."""


class DroppableFile:
    """The terminal's output, which takes everything once there is nobody to read it.

    Textual writes from a thread of its own and waits for that thread; an error there would
    leave the whole program waiting for ever.
    """

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def write(self, text: str) -> int:
        """Write what can be written."""
        with suppress(OSError):
            return self._file.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush what can be flushed."""
        with suppress(OSError):
            self._file.flush()

    def fileno(self) -> int:
        """The terminal's descriptor."""
        return self._file.fileno()


class ExitOrHangUp(Event):
    """An event that counts as set, too, when the terminal behind a descriptor has hung up.

    Textual's input thread asks its exit event between two reads. At the end of a hung-up
    terminal every read returns at once with nothing, and the thread would spin.
    """

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor

    @property
    def is_hung_up(self) -> bool:
        """Whether the terminal has gone away. Any thread."""
        # One for each call: two threads that ask the same one at once get an error.
        poll = select.poll()
        poll.register(self._descriptor, 0)  # hang-ups and errors are told unasked
        return bool(poll.poll(0))

    def is_set(self) -> bool:
        """Whether the input thread should end."""
        return super().is_set() or self.is_hung_up


class SturdyDriver(LinuxDriver):
    """LinuxDriver that outlives its terminal, and then asks the dashboard to save and leave."""

    def __init__(self, app: App[Any], **settings: Any) -> None:
        super().__init__(app, **settings)
        # A descriptor of our own: while the dashboard shows, 1 and 2 lead to the log.
        stderr = cast("TextIO", sys.__stderr__)
        self._terminal = os.dup(stderr.fileno())
        file = os.fdopen(self._terminal, "w", encoding=stderr.encoding, errors="backslashreplace")
        self._file = cast("Any", DroppableFile(file))
        self._prints = ExitStack()
        self._exit_or_hang_up = ExitOrHangUp(self.fileno)
        self.exit_event = self._exit_or_hang_up

    def start_application_mode(self) -> None:
        """Take the screen; what is printed from here on is logged."""
        self._prints = descriptors_logged()
        super().start_application_mode()  # type: ignore[no-untyped-call]

    def stop_application_mode(self) -> None:
        """Give the screen back; what is printed from here on is seen."""
        # Where its window has grown meanwhile, tmux 3.3 leaves rows of this screen on the other.
        self.write(CLEAR)
        super().stop_application_mode()
        self._prints.close()

    def fall_silent(self) -> None:
        """Let nothing more reach the terminal, whatever is on its way. Signal handlers, too.

        Textual's writing thread has things to write until the process is gone.
        """
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._terminal)

    def _get_terminal_size(self) -> tuple[int, int]:
        """As LinuxDriver, which would ask descriptor 1."""
        if "COLUMNS" not in os.environ and "LINES" not in os.environ:
            with suppress(OSError):
                columns, lines = os.get_terminal_size(self._terminal)
                return columns or 80, lines or 25
        return super()._get_terminal_size()

    def run_input_thread(self) -> None:
        """Read keys until the dashboard ends or the terminal goes away. Input thread."""
        with suppress(OSError):
            super().run_input_thread()
        if self._exit_or_hang_up.is_hung_up:
            shut_down = getattr(self._app, "shut_down", None)
            if shut_down is not None:
                shut_down(LINE_LOST)
