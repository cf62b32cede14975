"""How this program starts itself in another process."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from multiprocessing import Pipe
from pathlib import Path
from typing import Final

_USERS_PATH: Final = "MNIST_TUI_USERS_PYTHONPATH"
"""Has the user's PYTHONPATH in a process that was started with one of ours."""
_LAST_WORDS: Final = 4096
"""Bytes of what a process printed that are looked at when it has died."""


def own_command(module: str, *words: str) -> list[str]:
    """The command line that runs one of this program's modules with `words`."""
    # -P: nothing of the current folder is imported.
    return [sys.executable, "-P", "-m", module, *words]


def own_environment() -> dict[str, str]:
    """The environment in which that imports what this process does, wherever that is."""
    users_path = os.environ.get(_USERS_PATH, os.environ.get("PYTHONPATH", ""))
    path = os.pathsep.join(filter(None, sys.path))
    return {**os.environ, _USERS_PATH: users_path, "PYTHONPATH": path}


def users_environment() -> dict[str, str]:
    """The environment for a command of the user's, whose Python may be another one."""
    environment = dict(os.environ)
    users_path = environment.pop(_USERS_PATH, None)
    if users_path is not None:
        environment["PYTHONPATH"] = users_path  # an empty one is none
    return environment


class Child:
    """One of this program's modules in a process without a terminal, and a connection to it.

    It is in a session of its own, so that nothing that happens to the terminal, or to this
    process, ends it.
    """

    def __init__(
        self,
        module: str,
        descriptors: Sequence[int] = (),
        folder: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Start it. Its arguments are the numbers of the connection's descriptor and of others.

        Args:
            descriptors: The others, which it inherits.
            folder: As of Popen's `cwd`.
            environment: The variables that it has beside, or in place of, those of this process.

        Raises:
            OSError: When it cannot be started.
        """
        self.connection, theirs = Pipe()
        inherited = [theirs.fileno(), *descriptors]
        try:
            # Not a pipe: nobody reads it once this process has ended.
            self._printed = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the connection
            self.process = subprocess.Popen(
                own_command(module, *map(str, inherited)),
                stdin=subprocess.DEVNULL,
                stdout=self._printed,
                stderr=self._printed,
                env={**own_environment(), **(environment or {})},
                cwd=folder,
                pass_fds=inherited,
                start_new_session=True,
            )
        except OSError:
            self.connection.close()
            raise
        finally:
            theirs.close()

    def kill(self) -> int:
        """End it at once; what it has ended with, which is certain when this returns."""
        self.process.kill()
        return self.process.wait()

    def last_line(self) -> str:
        """The last line that it printed, behind a colon; empty where it printed nothing."""
        size = self._printed.seek(0, os.SEEK_END)
        self._printed.seek(max(0, size - _LAST_WORDS))
        lines = self._printed.read().decode(errors="replace").strip().splitlines()
        return f": {lines[-1].strip()}" if lines else ""

    def close(self) -> None:
        """Close the connection; the process goes on, if it is alive."""
        self.connection.close()
        self._printed.close()
