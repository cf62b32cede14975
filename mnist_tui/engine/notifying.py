"""The user's own command at the end of a run."""

import logging
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from typing import Any, Final

from mnist_tui.process.child import users_environment
from mnist_tui.run.events import Event, RunEnded, RunPrepared
from mnist_tui.run.session import Session
from mnist_tui.store.atomic import to_json

log: Final = logging.getLogger(__name__)


class Notifier:
    """Runs a shell command once a run has ended, however it did; its stdin is the facts as JSON.

    A run that goes on in another process has not ended.
    """

    def __init__(self, command: str, session: Session) -> None:
        self._command = command
        self._run: RunPrepared | None = None
        session.subscribe(self._on_event)

    def _on_event(self, event: Event) -> None:
        match event:
            case RunPrepared():
                self._run = event
            case RunEnded(elsewhere=None):
                notify(self._command, facts_of(self._run, event))


def facts_of(run: RunPrepared | None, ended: RunEnded) -> dict[str, Any]:
    """What the command gets: how the run ended, and where it is."""
    place = {"run": run.run, "directory": run.directory} if run else {"run": None}
    return {**place, **asdict(ended), "event": "run_ended"}


def notify(command: str, facts: Mapping[str, Any]) -> None:
    """Start the command; nobody waits for it, and it may outlive this process."""
    text = to_json(facts)
    try:
        process = subprocess.Popen(
            command,
            shell=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=users_environment(),
            start_new_session=True,
            text=True,
        )
    except OSError as error:
        log.warning("the command to notify could not be started: %s", error.strerror)
        return
    assert process.stdin is not None
    with suppress(OSError):  # it reads nothing
        process.stdin.write(text)
    with suppress(OSError):
        process.stdin.close()
