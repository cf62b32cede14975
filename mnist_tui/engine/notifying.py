"""The user's own command at the end of a run."""

import os
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any, Final

from mnist_tui.process.child import users_environment
from mnist_tui.run.events import Event, RunEnded
from mnist_tui.run.session import Session
from mnist_tui.store.atomic import to_json

PATIENCE_S: Final = 2.0
"""How long the end of a run waits to hear that the command has failed."""
_NOT_FOUND: Final = 127
"""The exit code of a shell that does not find what it is to run."""
_LONGEST: Final = 200
"""Characters of the command's last line that are repeated."""


class EndCommand:
    """A shell command that is run once a run has ended, however it did. One thread.

    Its stdin is the facts as JSON. A run that goes on in another process has not ended.
    """

    def __init__(self, command: str, session: Session) -> None:
        """
        Args:
            command: The user's; empty: none.
            session: The run's, whose last event starts it.
        """
        self._command = command
        self._session = session
        self._started: StartedCommand | None = None
        self._problem = ""
        if command:
            session.subscribe(self._on_event)

    def _on_event(self, event: Event) -> None:
        match event:
            case RunEnded(elsewhere=None):
                run = self._session.log.prepared
                place = {"run": run.run, "directory": run.directory} if run else {"run": None}
                facts = {**place, **asdict(event), "event": "run_ended"}
                try:
                    self._started = StartedCommand(self._command, facts)
                except OSError as error:
                    self._problem = f"could not be started ({error.strerror or error})"

    def problem(self) -> str:
        """Why it has failed, in one line; empty where it has not. Waits PATIENCE_S at most."""
        problem = self._problem
        if self._started is not None:
            problem = self._started.problem(PATIENCE_S)
        return f"the command at the run's end {problem}: check {self._command!r}" if problem else ""


class StartedCommand:
    """A shell command that runs, and may outlive this process."""

    def __init__(self, command: str, facts: Mapping[str, Any]) -> None:
        """Start it; nobody waits for it.

        Raises:
            OSError: When it cannot be started.
        """
        text = to_json(facts)
        # A file, not a pipe: nobody empties that once this process has ended.
        self._errors = _open_scratch()
        self._process = subprocess.Popen(
            command,
            shell=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=self._errors,
            env=users_environment(),
            start_new_session=True,
            text=True,
        )
        assert self._process.stdin is not None
        with suppress(OSError):  # it reads nothing
            self._process.stdin.write(text)
        with suppress(OSError):
            self._process.stdin.close()

    def problem(self, patience_s: float) -> str:
        """What became of it where that is no success: `failed with exit code 3 (no mail)`.

        Empty where it has succeeded, or goes on after `patience_s` seconds. Blocks that long.
        """
        with self._errors:
            try:
                code = self._process.wait(patience_s)
            except subprocess.TimeoutExpired:
                return ""
            if code == 0:
                return ""
            said = self._last_line()
        ending = f"failed with exit code {code}" if code > 0 else f"was ended by signal {-code}"
        ending = "was not found" if code == _NOT_FOUND else ending
        return f"{ending} ({said})" if said else ending

    def _last_line(self) -> str:
        """What it has written last to stderr, as far as it can be printed."""
        with suppress(OSError):
            end = self._errors.seek(0, 2)
            self._errors.seek(max(0, end - 10_000))
            lines = self._errors.read().decode("utf-8", "replace").split("\n")
            last = next((line for line in reversed(lines) if line.strip()), "")
            return "".join(c for c in last if c.isprintable()).strip()[:_LONGEST]
        return ""


def _open_scratch() -> IO[bytes]:
    """A file that has no name; where none can be made, on a full disk, one that stays empty."""
    try:
        return tempfile.TemporaryFile()
    except OSError:
        return Path(os.devnull).open("r+b")
