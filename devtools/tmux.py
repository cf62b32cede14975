"""A real tmux server of its own, and what a person sees and types in it."""

import os
import shlex
import subprocess
import time
from pathlib import Path

from devtools.terminal import COMMAND, LIMIT_S


class Tmux:
    """A tmux server with one window, in which a shell waits."""

    def __init__(self, socket: Path, cwd: Path, size: tuple[int, int] = (80, 24)) -> None:
        """Start it.

        Args:
            socket: Where its socket goes; a short path.
            cwd: The shell's folder.
            size: Columns and lines of the window.
        """
        self._socket = socket
        columns, lines = size
        path = f"{Path(COMMAND).parent}{os.pathsep}{os.environ.get('PATH', '')}"
        shell = f"cd {shlex.quote(str(cwd))} && PS1='$ ' PATH={shlex.quote(path)} bash --norc"
        self._do(
            "-f", "/dev/null", "new-session", "-d", "-x", str(columns), "-y", str(lines), shell
        )

    def _do(self, *words: str) -> str:
        command = ["tmux", "-S", str(self._socket), *words]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        return done.stdout

    @property
    def text(self) -> str:
        """What is on the screen."""
        return self._do("capture-pane", "-p")

    def press(self, *keys: str) -> None:
        """Press keys, by tmux's names of them."""
        self._do("send-keys", *keys)

    def type_line(self, line: str) -> None:
        """Type a line and enter."""
        self._do("send-keys", "-l", line)
        self.press("Enter")

    def wait_for(self, text: str) -> str:
        """Look until `text` is on the screen; the whole screen.

        Raises:
            AssertionError: With the screen, when that does not come.
        """
        end = time.monotonic() + LIMIT_S
        while text not in (seen := self.text):
            assert time.monotonic() < end, f"did not see {text!r} on:\n{seen}"
            time.sleep(0.1)
        return seen

    def kill(self) -> None:
        """End the server, as when its machine loses it: everything in it loses its terminal."""
        subprocess.run(
            ["tmux", "-S", str(self._socket), "kill-server"], check=False, capture_output=True
        )
