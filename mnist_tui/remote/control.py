"""One request to a run of another process, without watching it."""

import select
import time
from collections.abc import Iterator
from typing import Any, Final

from mnist_tui.errors import MnistTuiError, UsageError
from mnist_tui.remote.connection import PATIENCE_S, Connection, ConnectionLostError, connect
from mnist_tui.run.protocol import Done, Failed, StatusAsked
from mnist_tui.run.requests import Answer, Request, Stop
from mnist_tui.run.state import State
from mnist_tui.store.directory import RunDirectory

_LOOK_S: Final = 0.05
"""Between two looks whether a run is loaded."""


class ControlError(MnistTuiError):
    """A request was accepted, and could not be honored."""


def control(directory: RunDirectory, request: Request) -> Done:
    """Have a live run honor `request`; waits until it has.

    A run that is still loading takes nothing but a stop, and is waited for.

    Raises:
        UsageError: When the run is not live, cannot be reached, or refuses.
        ControlError: When it has accepted, and could not do it.
    """
    connection = connect(directory, asks_frozen=isinstance(request, Stop))
    try:
        if not isinstance(request, Stop):
            _wait_until_loaded(connection)
        return _ask(connection, request)
    except ConnectionLostError as error:
        raise ControlError(
            f"the process that trains run {directory.name} has gone before it had answered: {error}"
        ) from error
    finally:
        connection.close()


_NO_ANSWER: Final = f"the run's process did not answer within {PATIENCE_S:.0f} s: it may be stopped"


def _wait_until_loaded(connection: Connection) -> None:
    while next(_replies(connection, StatusAsked())).state in (State.READY, State.LOADING):
        time.sleep(_LOOK_S)


def _ask(connection: Connection, request: Request) -> Done:
    replies = _replies(connection, request)
    while True:
        match next(replies):
            case Answer(is_accepted=False, message=reason):
                raise UsageError(reason)
            case Done() as done:
                return done
            case Failed(message=reason):
                raise ControlError(reason)


def _replies(connection: Connection, message: Request | StatusAsked) -> Iterator[Any]:
    """Send a message, and return what is answered to it, without an end."""
    number = connection.send(message)
    until_s: float | None = time.monotonic() + PATIENCE_S
    while True:
        wait_s = None if until_s is None else max(0.0, until_s - time.monotonic())
        if not connection.has_early and not select.select([connection], [], [], wait_s)[0]:
            raise UsageError(_NO_ANSWER)
        for reply in connection.receive():
            if reply.id == number:
                until_s = None  # from here on it may take as long as a batch, or a disk
                yield reply.value
