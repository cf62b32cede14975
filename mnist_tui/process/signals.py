"""Signals as requests to a run: to stop after saving, or only to save."""

import logging
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

from mnist_tui.run.requests import Save, Stop

log: Final = logging.getLogger(__name__)

_ENDING: Final = ("SIGHUP", "SIGINT", "SIGTERM", "SIGQUIT")
_WARNING: Final = ("SIGUSR1", "SIGUSR2", "SIGXCPU")
"""Sent by batch systems before they end a job; SIGXCPU again each second."""
ECHO_S: Final = 1.0
"""Signals that come so soon after the first are part of the same request: who signals a group of
processes reaches this one directly and, through a parent that passes it on, once more."""
WARNING_S: Final = 60.0
"""Warnings within this time of one that was answered are part of it."""


@contextmanager
def signals_as_requests(
    request: Callable[[Stop | Save], object],
    give_up: Callable[[], None] = lambda: None,
    clock: Callable[[], float] = time.monotonic,
    hang_up: Callable[[], None] | None = None,
) -> Iterator[None]:
    """While inside, turn signals into requests: to stop after saving, or to save.

    SIGHUP, SIGINT, SIGTERM and SIGQUIT end the run, with exit code 128 + their number, but for
    SIGHUP where `hang_up` is given. SIGUSR1, SIGUSR2 and SIGXCPU save it, and it continues. A
    signal that was ignored when this process started, as nohup does with SIGHUP, stays ignored.
    Main thread only, as Python wants it.

    Args:
        request: Called in the signal handler with what to do.
        give_up: Called when another one ends the process without waiting, just before.
        clock: Seconds.
        hang_up: Called in the signal handler of SIGHUP in place of a request to stop.
    """
    asked_at: list[float] = []
    warned_at: list[float] = []

    def end(number: int, frame: FrameType | None) -> None:
        if hang_up is not None and number == getattr(signal, "SIGHUP", None):
            hang_up()
            return
        if asked_at:
            if clock() - asked_at[0] > ECHO_S:
                # Files are written beside and renamed: ending here leaves the older ones good.
                give_up()
                os._exit(128 + number)
            return
        asked_at.append(clock())
        request(Stop(reason=f"Ended by {signal.Signals(number).name}", exit_code=128 + number))

    def save(number: int, frame: FrameType | None) -> None:
        now = clock()
        if not warned_at or now - warned_at[-1] > WARNING_S:
            warned_at[:] = [now]
            log.warning("%s: saving a checkpoint; training continues", signal.Signals(number).name)
            request(Save())

    before = {}
    for names, handler in ((_ENDING, end), (_WARNING, save)):
        for number in [getattr(signal, name) for name in names if hasattr(signal, name)]:
            if signal.getsignal(number) is not signal.SIG_IGN:
                before[number] = signal.signal(number, handler)
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, signal.SIG_DFL if previous is None else previous)
