"""Signals as requests to stop: the first one saves, one that comes later does not wait."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

from mnist_tui.run.requests import Stop

_NAMES: Final = ("SIGHUP", "SIGINT", "SIGTERM")
ECHO_S: Final = 1.0
"""Signals that come so soon after the first are part of the same request: who signals a group of
processes reaches this one directly and, through a parent that passes it on, once more."""


@contextmanager
def stop_on_signals(
    ask: Callable[[Stop], object],
    give_up: Callable[[], None] = lambda: None,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[None]:
    """While inside, a signal asks for a stop that saves, with exit code 128 + its number.

    Main thread only, as Python wants it.

    Args:
        ask: Called in the signal handler with what to do.
        give_up: Called when one comes again after that, just before the process ends at once.
        clock: Seconds.
    """
    asked_at: list[float] = []

    def handle(number: int, frame: FrameType | None) -> None:
        if asked_at:
            if clock() - asked_at[0] > ECHO_S:
                # Files are written beside and renamed: ending here leaves the older ones good.
                give_up()
                os._exit(128 + number)
            return
        asked_at.append(clock())
        ask(Stop(reason=f"ended by {signal.Signals(number).name}", exit_code=128 + number))

    numbers = [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]
    before = {number: signal.signal(number, handle) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
