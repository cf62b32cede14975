"""What a paused run waits for."""

import time
from collections.abc import Callable
from typing import Final

from mnist_tui import formatting
from mnist_tui.run.requests import Request, Stop
from mnist_tui.run.session import Session

_LOOK_S: Final = 10.0
"""Between two looks whether somebody watches."""


def wait_for_request(
    session: Session, idle_timeout_s: float, clock: Callable[[], float] = time.monotonic
) -> Request:
    """Wait for the next request to a paused run. The training thread.

    Args:
        session: The run's.
        idle_timeout_s: Seconds without any viewer after which the request is to save and stop;
            0: there is no such limit.
        clock: Seconds.
    """
    if not idle_timeout_s:
        return session.mailbox.wait()
    watched_at = clock()
    while True:
        if session.viewers:
            watched_at = clock()
        left_s = watched_at + idle_timeout_s - clock()
        if left_s <= 0:
            waited = formatting.duration(idle_timeout_s)
            return Stop(reason=f"Paused, and watched by nobody for {waited}: stopped")
        request = session.mailbox.wait_for(min(left_s, _LOOK_S))
        if request is not None:
            return request
