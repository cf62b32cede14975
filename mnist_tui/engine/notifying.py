"""The user's own command at the end of a run."""

import logging
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from typing import Any, Final

from mnist_tui.process.child import users_environment
from mnist_tui.run.events import Event, RunEnded
from mnist_tui.run.session import Session
from mnist_tui.store.atomic import to_json

log: Final = logging.getLogger(__name__)


def notify_at_end(command: str, session: Session) -> None:
    """Run a shell command once a run has ended, however it did; its stdin is the facts as JSON.

    A run that goes on in another process has not ended.
    """

    def on_event(event: Event) -> None:
        match event:
            case RunEnded(elsewhere=None):
                run = session.log.prepared
                place = {"run": run.run, "directory": run.directory} if run else {"run": None}
                notify(command, {**place, **asdict(event), "event": "run_ended"})

    session.subscribe(on_event)


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
