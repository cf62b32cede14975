"""Plain lines on stdout and stderr, with progress between them."""

import errno
import logging
import os
import shutil
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final, TextIO

from mnist_tui.process.streams import give_up, is_terminal

log: Final = logging.getLogger(__name__)

REDRAW_S: Final = 0.2
"""Between two looks at the progress."""
LINE_S: Final = 30.0
"""Between two lines of progress where no line can be written over."""


class PlainLines:
    """Lines on stdout and stderr; on a terminal, one live line of progress gives way to them.

    They are no more than a view of the run: one that cannot be written is reported once, where
    somebody can read it, and never ends training.
    """

    def __init__(
        self, describe_progress: Callable[[], str], clock: Callable[[], float] = time.monotonic
    ) -> None:
        """
        Args:
            describe_progress: Gives the line of progress; any thread.
            clock: Seconds.
        """
        self._describe = describe_progress
        self._clock = clock
        self._lock = threading.Lock()
        self._shown = ""
        """The live line that is on the terminal."""
        self._printed_at = clock()
        """When progress was last printed as a line of its own."""
        self._is_over = threading.Event()
        self._failed: set[TextIO] = set()
        """The streams that something could not be written to."""

    def print(self, text: str, stream: TextIO) -> None:
        """Print a whole line. Any thread."""
        with self._lock:
            self._erase()
            self._write(f"{text}\n", stream)

    def let_go(self) -> None:
        """Leave nothing behind that Python would fail to write at its exit."""
        for stream in self._failed:
            try:
                stream.flush()
            except OSError:
                give_up(stream)

    @contextmanager
    def live(self) -> Iterator[None]:
        """While inside, show the progress on stderr."""
        drawer = threading.Thread(target=self._keep_showing, name="progress-line", daemon=True)
        with suppress(RuntimeError):  # where no more threads may be started, there is no progress
            drawer.start()
        try:
            yield
        finally:
            self._is_over.set()
            if drawer.ident is not None:
                drawer.join()
            with self._lock:
                self._erase()

    def _keep_showing(self) -> None:
        while not self._is_over.wait(REDRAW_S):
            self.show_progress()

    def show_progress(self) -> None:
        """Bring the live line up to date, or print a line now and then where there is none."""
        line = self._describe()
        with self._lock:
            if is_in_foreground(sys.stderr):
                self._draw(line[: max(0, columns_of(sys.stderr) - 1)])
                return
            self._shown = ""  # what is on the terminal now is the shell's
            if line and self._clock() - self._printed_at >= LINE_S:
                self._printed_at = self._clock()
                self._write(f"{line}\n", sys.stderr)

    def _draw(self, line: str) -> None:
        if line != self._shown:
            self._erase()
            self._write(line, sys.stderr)
            self._shown = line

    def _erase(self) -> None:
        if self._shown:
            width = min(len(self._shown), max(0, columns_of(sys.stderr) - 1))
            self._write("\r" + " " * width + "\r", sys.stderr)
            self._shown = ""

    def _write(self, text: str, stream: TextIO) -> None:
        try:
            print(text, end="", file=stream, flush=True)
        except OSError as error:
            self._fail(stream, error)

    def _fail(self, stream: TextIO, error: OSError) -> None:
        """Report the first failure of a stream, and give it up when nobody reads it any more."""
        is_first = stream not in self._failed
        self._failed.add(stream)
        reason = error.strerror or str(error)
        if is_first:
            log.info("%s could not be written to: %s", stream.name, reason)
        if is_gone(stream, error):
            give_up(stream)
        elif is_first and stream is sys.stdout:
            self._write(
                f"note: could not write to stdout: {reason}; training continues, but lines are "
                "missing there\n",
                sys.stderr,
            )


def is_gone(stream: TextIO, error: OSError) -> bool:
    """Find out whether `error` means that the reader of a stream, or its terminal, is gone."""
    if error.errno != errno.EIO:
        return error.errno == errno.EPIPE
    try:
        return not stat.S_ISREG(os.fstat(stream.fileno()).st_mode)  # a file's disk is broken
    except (OSError, ValueError):
        return True


def is_in_foreground(stream: TextIO | None) -> bool:
    """Find out whether `stream` is a terminal and this process is not a background job of it."""
    if not is_terminal(stream):
        return False
    try:
        assert stream is not None
        return os.tcgetpgrp(stream.fileno()) == os.getpgrp()
    except (OSError, AttributeError):  # a terminal without jobs, or Windows
        return True


def columns_of(stream: TextIO) -> int:
    """The width of the terminal that `stream` writes to; 80 where it is unknown."""
    with suppress(OSError, ValueError):
        return os.get_terminal_size(stream.fileno()).columns or 80
    return shutil.get_terminal_size().columns
