"""Processes that start at once: forked from this one, which has torch loaded already."""

import fcntl
import os
import select
import signal
import struct
import sys
import termios
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

BROKEN = (1, 70)
"""Exit codes of a run that failed, and of `leave`: what a campaign does to a run causes neither."""


def in_child(act: Callable[[], int]) -> int:
    """Run `act` in a process of its own, silently; its exit code, or minus the signal's number."""
    pid = os.fork()
    if pid == 0:
        leave(act)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def leave(act: Callable[[], int]) -> None:
    """In a forked process: run `act` with nobody listening, and end with what it returns."""
    code = 70
    try:
        with open(os.devnull, "r+b", buffering=0) as nothing:  # noqa: PTH123
            for descriptor in (0, 1, 2):
                os.dup2(nothing.fileno(), descriptor)
        sys.stdout = os.fdopen(1, "w", closefd=False)
        sys.stderr = os.fdopen(2, "w", closefd=False)
        code = act()
    except BaseException:  # noqa: BLE001 - nothing of this process may go on behind it
        traceback.print_exc()
    finally:
        os._exit(code)


class InTerminal:
    """`mnist-tui` in a pseudo-terminal and in a process of its own, forked or `fresh`.

    A forked one is past its imports at once, so that hundreds can be tried in minutes; a fresh
    one is started as a person starts it, and ends as Python ends.
    """

    def __init__(
        self,
        args: list[str],
        folder: Path,
        *,
        fresh: bool = False,
        term: str = "xterm-256color",
        prepare: Callable[[], object] = lambda: None,
        size: tuple[int, int] = (80, 24),
    ) -> None:
        """Start it in `folder`, after `prepare` was called in the new process."""
        self.raw = b""
        """Everything that it showed."""
        self.code: int | None = None
        """Its exit code, or minus the number of the signal that killed it."""
        self.ended_at = 0.0
        """`time.time()` when its end was seen."""
        # Loaded before the fork, for both kinds: it is then in the child too.

        # This process keeps the inner end open, too: what was written there is then never lost.
        self._terminal, self._inside = os.openpty()
        fcntl.ioctl(self._inside, termios.TIOCSWINSZ, struct.pack("HHHH", *reversed(size), 0, 0))
        self.pid = os.fork()
        if self.pid == 0:
            for descriptor in (0, 1, 2):
                os.dup2(self._inside, descriptor)
            os.closerange(3, 64)
            self._become(args, folder, fresh, term, prepare)
        os.set_blocking(self._terminal, False)
        self._process = os.pidfd_open(self.pid)

    def __enter__(self) -> "InTerminal":
        return self

    def __exit__(self, *_: object) -> None:
        if self.code is None:
            self.kill(signal.SIGKILL)
        os.close(self._terminal)
        os.close(self._inside)
        os.close(self._process)

    @property
    def text(self) -> str:
        """What it showed last."""
        return self.raw[-2000:].decode(errors="replace")

    def watch(self, limit_s: float, is_time: Callable[[], bool] = lambda: False) -> bool:
        """Read what it shows until `is_time`, its end, or the limit; whether it lives on."""
        end = time.monotonic() + limit_s
        while self.code is None and not is_time() and (left := end - time.monotonic()) > 0:
            ready, _, _ = select.select([self._terminal, self._process], [], [], min(left, 0.002))
            if self._terminal in ready:
                self._read()
            if self._process in ready:
                self._reap()
        return self.code is None

    def wait(self, limit_s: float) -> int:
        """Wait for its end; its exit code."""
        assert not self.watch(limit_s), f"still running: {self.text}"
        assert self.code is not None
        return self.code

    def type(self, data: bytes) -> None:
        """Send what somebody, or the terminal itself, types."""
        with suppress(BlockingIOError):
            os.write(self._terminal, data)

    def send(self, number: int) -> None:
        """Send a signal, if it is still there."""
        if self.code is None:
            signal.pidfd_send_signal(self._process, number)

    def kill(self, number: int) -> None:
        """Send a signal and wait for the end that it brings."""
        self.send(number)
        if self.code is None:
            self._reap()

    def _read(self) -> None:
        """Take in what it has shown since the last time."""
        with suppress(BlockingIOError):
            self.raw += os.read(self._terminal, 65_536)

    def _reap(self) -> None:
        self.code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        self.ended_at = time.time()
        # What it wrote at last may still be on its way.
        while select.select([self._terminal], [], [], 0.1)[0]:
            self._read()

    def _become(
        self,
        args: list[str],
        folder: Path,
        fresh: bool,
        term: str,
        prepare: Callable[[], object],
    ) -> None:
        """In the child: run the command, and end as it does."""
        try:
            # As for any terminal's program: this one's terminal, and a group in its foreground.
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
            os.chdir(folder)
            os.environ["TERM"] = term
            prepare()
            if fresh:
                os.execv(sys.executable, [sys.executable, "-m", "mnist_tui", *args])
            from mnist_tui.cli import main

            for name in ("stdin", "stdout", "stderr"):
                number = ("stdin", "stdout", "stderr").index(name)
                encoding = os.environ.get("PYTHONIOENCODING")
                mode = "r" if name == "stdin" else "w"
                file = os.fdopen(number, mode, encoding=encoding, closefd=False)
                setattr(sys, name, file)
                setattr(sys, f"__{name}__", file)
            code = 0
            try:
                main(args)
            except SystemExit as end:
                code = int(end.code or 0)
            sys.stdout.flush()
            os._exit(code)
        except BaseException:  # noqa: BLE001 - nothing of this process may go on behind it
            traceback.print_exc()
        finally:
            os._exit(70)
