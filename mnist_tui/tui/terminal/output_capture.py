"""Turns what is printed while the dashboard has the screen into log records.

Python's prints come through sys.stdout and sys.stderr, those of compiled libraries through the
descriptors 1 and 2. Either way each line becomes a record of the logger `stdout` or `stderr`,
which lands in the log pane and in the run's log.txt.
"""

import codecs
import io
import logging
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from types import TracebackType
from typing import Final, Self

from mnist_tui.store.logfile import PRINTED

_LEVELS: Final = {"stdout": logging.INFO, "stderr": logging.WARNING}
_LONGEST: Final = 4000
"""A line that grows longer than this is logged in parts."""


_within = threading.local()
"""Has `is_logging` while this thread logs what it printed."""


class Liner:
    """Assembles lines from chunks of text; of a line overwritten with CR, the last version."""

    def __init__(self, take: Callable[[str], object]) -> None:
        """`take` gets each line that holds anything but blanks, without its end."""
        self._take = take
        self._open = ""

    def add(self, text: str) -> None:
        """Take in more."""
        *lines, self._open = (self._open + text).split("\n")
        for line in lines:
            self._emit(line)
        if len(self._open) > _LONGEST:
            self._open = self._open.rstrip("\r").rpartition("\r")[2]
        if len(self._open) > _LONGEST:
            self.end()

    def end(self) -> None:
        """Emit what is left as a line."""
        line, self._open = self._open, ""
        self._emit(line)

    def _emit(self, line: str) -> None:
        line = line.rstrip().rpartition("\r")[2]
        if line.strip():
            self._take(line)


class LineStream(io.TextIOBase):
    """Stands in for sys.stdout or sys.stderr. Any thread; threads do not mix within a line."""

    encoding = "utf-8"

    def __init__(self, name: str) -> None:
        super().__init__()
        self._logger = PRINTED[name]
        self._level = _LEVELS[name]
        self._liners: dict[int, Liner] = {}

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        """Log every line that is whole now."""
        # A handler that cannot handle a record prints why: that must not become a record.
        if not getattr(_within, "is_logging", False):
            thread = threading.get_ident()
            liner = self._liners.get(thread) or self._liners.setdefault(thread, Liner(self._log))
            liner.add(text)
        return len(text)

    def _log(self, line: str) -> None:
        _within.is_logging = True
        try:
            self._logger.log(self._level, "%s", line)
        finally:
            _within.is_logging = False

    def end(self) -> None:
        """Log the lines that were never ended."""
        for liner in list(self._liners.values()):
            liner.end()


@contextmanager
def prints_logged() -> Iterator[None]:
    """While inside, what Python prints is logged."""
    before = sys.stdout, sys.stderr
    streams = LineStream("stdout"), LineStream("stderr")
    sys.stdout, sys.stderr = streams
    try:
        yield
    finally:
        # Whoever put something in their place since keeps it.
        if sys.stdout is streams[0]:
            sys.stdout = before[0]
        if sys.stderr is streams[1]:
            sys.stderr = before[1]
        for stream in streams:
            stream.end()


class DescriptorLog:
    """While entered, what is written to a descriptor is logged instead.

    A thread reads it from a pipe. The loggers hand nothing on to the root's handlers, one of
    which might write to this very descriptor, for ever.
    """

    def __init__(self, descriptor: int, name: str) -> None:
        self._descriptor = descriptor
        self._logger = PRINTED[name]
        self._level = _LEVELS[name]
        self._saved = -1
        self._thread = threading.Thread()

    def __enter__(self) -> Self:
        reading, writing = os.pipe()
        name = f"{self._logger.name}-reader"
        self._thread = threading.Thread(target=self._read, args=(reading,), name=name, daemon=True)
        try:
            self._thread.start()
        except RuntimeError:  # no more threads may be started
            os.close(reading)
            os.close(writing)
            raise
        self._saved = os.dup(self._descriptor)
        os.dup2(writing, self._descriptor)
        os.close(writing)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        os.dup2(self._saved, self._descriptor)
        os.close(self._saved)
        # The pipe ends here, unless a child process holds it open.
        self._thread.join(0.5)

    def _read(self, reading: int) -> None:
        decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        liner = Liner(lambda line: self._logger.log(self._level, "%s", line))
        with suppress(OSError):
            while data := os.read(reading, 65_536):
                liner.add(decode(data))
        liner.end()
        os.close(reading)


def descriptors_logged() -> ExitStack:
    """Log what is written to the descriptors 1 and 2 until the stack is closed."""
    stack = ExitStack()
    for stream, name in ((sys.__stdout__, "stdout"), (sys.__stderr__, "stderr")):
        if stream is not None:
            with suppress(OSError, ValueError, RuntimeError):
                stack.enter_context(DescriptorLog(stream.fileno(), name))
    return stack
