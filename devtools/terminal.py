"""A real pseudo-terminal with the installed command in it, and eyes on its screen."""

import os
import re
import select
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pexpect
import pyte

COMMAND = shutil.which("mnist-tui", path=str(Path(sys.executable).parent)) or "mnist-tui"
LIMIT_S = 120.0
"""How long something may take that a loaded machine is slow at, before a test fails."""


class Terminal:
    """Runs a command in a pseudo-terminal and shows what a person would see there."""

    def __init__(
        self,
        *args: str,
        cwd: Path,
        size: tuple[int, int] = (80, 24),
        command: str = COMMAND,
        **env: str,
    ) -> None:
        columns, rows = size
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self._hung_up = self._has_ended = False
        self.raw = b""
        """Everything that came."""
        # A terminal's own size counts, not what a test runner says of its.
        inherited = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES")}
        environment = {**inherited, "TERM": "xterm-256color", **env}
        self.child = pexpect.spawn(
            command, list(args), cwd=str(cwd), env=environment, dimensions=(rows, columns)
        )
        # pexpect would wait 50 ms before each key, for programs that turn echoing off late.
        self.child.delaybeforesend = None

    def look(self, timeout_s: float = 0.05) -> None:
        """Take in what has come since the last look."""
        self.show(self.take(timeout_s))

    def take(self, timeout_s: float) -> bytes:
        """What has come since the last time, as it is, waiting that long for it."""
        try:
            return bytes(self.child.read_nonblocking(65_536, timeout_s))
        except (pexpect.TIMEOUT, pexpect.EOF):
            return b""

    def show(self, data: bytes) -> None:
        """Bring the screen up to `data`."""
        self.raw += data
        # pyte takes the answer-back queries of newer terminals for text.
        self._stream.feed(data.replace(b"\x1b[>25u", b"").replace(b"\x1b[<u", b""))

    @property
    def text(self) -> str:
        """The screen, line by line."""
        return "\n".join(self.screen.display)

    def wait_for(self, what: str | Callable[[str], Any], limit_s: float = LIMIT_S) -> Any:
        """Look until `what` is on the screen, or until it gives something when asked.

        Raises:
            AssertionError: With the screen, when that does not come.
        """
        found = (lambda text: what in text) if isinstance(what, str) else what
        end = time.monotonic() + limit_s
        while time.monotonic() < end:
            self.look()
            if result := found(self.text):
                return result
            if not self.child.isalive():
                self.look(0.2)
                if result := found(self.text):
                    return result
                break
        raise AssertionError(f"did not see {what!r} on:\n{self.text}")

    def press(self, *keys: str) -> None:
        """Send keys as a terminal sends them."""
        for key in keys:
            self.child.send(key)

    def click(self, column: int, row: int) -> None:
        """Press and release the left button at a cell, counted from 0."""
        for end in "Mm":
            self.child.send(f"\x1b[<0;{column + 1};{row + 1}{end}")

    def find(self, text: str) -> tuple[int, int]:
        """The (column, row) where `text` begins on the screen."""
        for row, line in enumerate(self.screen.display):
            if text in line:
                return line.index(text), row
        raise AssertionError(f"{text!r} is not on:\n{self.text}")

    def resize(self, columns: int, rows: int) -> None:
        """Change the window's size, as a window manager does."""
        self.screen.resize(rows, columns)
        self.child.setwinsize(rows, columns)

    def exit_code(self, limit_s: float = LIMIT_S) -> int:
        """Wait for the command's end; its exit code, 128 + n after signal n."""
        end = time.monotonic() + limit_s
        while self.child.isalive():
            self.look()
            assert time.monotonic() < end, f"still running:\n{self.text}"
        self.look(0.2)
        self.child.close()
        return int(self.child.exitstatus if self.child.signalstatus is None else 128)

    def hang_up(self) -> None:
        """Drop the line: SIGHUP and errors at the other end."""
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, self.child.child_fd)
        os.close(nothing)
        self._hung_up = True

    def wait_after_hang_up(self, limit_s: float = LIMIT_S) -> int:
        """Wait for the end of a command whose line was dropped; its exit code."""
        process = os.pidfd_open(self.child.pid)
        ended, _, _ = select.select([process], [], [], limit_s)
        os.close(process)
        assert ended, "the command outlived its terminal"
        self._has_ended = True
        return os.waitstatus_to_exitcode(os.waitpid(self.child.pid, 0)[1])

    def assert_restored(self) -> None:
        """The terminal is as it was: main screen, cursor shown, mouse and paste modes off.

        And nothing is left on the screen that was given back.
        """
        for on, off in (
            (b"\x1b[?1049h", b"\x1b[?1049l"),
            (b"\x1b[?25l", b"\x1b[?25h"),
            (b"\x1b[?1000h", b"\x1b[?1000l"),
            (b"\x1b[?1003h", b"\x1b[?1003l"),
            (b"\x1b[?2004h", b"\x1b[?2004l"),
        ):
            assert self.raw.rfind(off) > self.raw.rfind(on), f"{on!r} was left on"
        # Some terminals leave what was on the one screen on the other when their size has changed.
        last = self.raw[self.raw.rfind(b"\x1b[2J") : self.raw.rfind(b"\x1b[?1049l")]
        assert last, "the screen was not cleared"
        assert not re.sub(rb"\x1b\[[0-9;?<>]*[A-Za-z]", b"", last), f"{last!r} came after that"

    def close(self) -> None:
        """End the command if it is still there."""
        if self._hung_up:
            if not self._has_ended:
                os.kill(self.child.pid, signal.SIGKILL)
                self.wait_after_hang_up()
            return
        try:
            self.child.close(force=True)
        except pexpect.ExceptionPexpect:
            # It has been killed, but on a loaded machine that takes its time.
            self.child.ptyproc.wait()
