"""A clock that does not count the time in which the process was stopped."""

import time
from collections.abc import Callable
from typing import Final

LONG_S: Final = 3.0
"""Shorter gaps between two readings count in any case."""
LEAST_USE: Final = 0.02
"""The part of a core that a process uses at least while it works at anything."""


class AwakeClock:
    """Seconds in which this process was not stopped, as by ctrl+z or SIGSTOP. One thread.

    Nothing tells a process how long it was stopped. But a long gap between two readings in which
    it used no processor time was no work. Read it often.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.perf_counter,
        processor_clock: Callable[[], float] = time.process_time,
    ) -> None:
        """Take the clocks to compare: seconds that pass, and seconds of processor time."""
        self._clock = clock
        self._processor_clock = processor_clock
        self._stopped_s = 0.0
        self._last_s, self._last_used_s = clock(), processor_clock()

    def __call__(self) -> float:
        """The seconds so far, from an arbitrary start."""
        now_s, used_s = self._clock(), self._processor_clock()
        gap_s = now_s - self._last_s
        if gap_s > LONG_S and used_s - self._last_used_s < LEAST_USE * gap_s:
            self._stopped_s += gap_s
        self._last_s, self._last_used_s = now_s, used_s
        return now_s - self._stopped_s
