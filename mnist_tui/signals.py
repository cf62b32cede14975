"""Signals as requests to stop: the first one saves, a second one does not wait."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

from mnist_tui.engine.control import Stop

_NAMES: Final = ("SIGHUP", "SIGINT", "SIGTERM")


@contextmanager
def stop_on_signals(
    ask: Callable[[Stop], object], give_up: Callable[[], None] = lambda: None
) -> Iterator[None]:
    """While inside, a signal asks for a stop that saves, with exit code 128 + its number.

    Main thread only, as Python wants it.

    Args:
        ask: Called in the signal handler with what to do.
        give_up: Called when a second signal comes, just before the process ends at once.
    """
    asked: list[int] = []

    def handle(number: int, frame: FrameType | None) -> None:
        if asked:
            # Files are written beside and renamed: ending here leaves the older ones good.
            give_up()
            os._exit(128 + number)
        asked.append(number)
        ask(Stop(reason=f"ended by {signal.Signals(number).name}", exit_code=128 + number))

    numbers = [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]
    before = {number: signal.signal(number, handle) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
