"""Notices that the process at the other end of a connection says nothing any more."""

import time
from collections.abc import Callable
from typing import Final

QUIET_S: Final = 5.0
"""Seconds without a word after which the other process is asked for one; it has as long again."""


class Silence:
    """How long nothing has been heard. A run that is paused says nothing by itself: it is asked.

    One that does not answer is stopped (by SIGSTOP, or a debugger), or its machine is very slow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._since_s = clock()
        """When something was heard last, or the other process was asked."""
        self._was_asked = False
        self.is_unanswered = False
        """Whether the other process was asked, and has not answered in time."""

    @property
    def wait_s(self) -> float:
        """Seconds to wait for a word until it is time to look again."""
        return max(0.0, self._since_s + QUIET_S - self._clock())

    def hear(self) -> None:
        """Note that something has come."""
        self._since_s, self._was_asked, self.is_unanswered = self._clock(), False, False

    def look(self) -> bool:
        """Whether it is time to ask the other process something."""
        if self.wait_s:
            return False
        self._since_s = self._clock()
        if self._was_asked:
            self.is_unanswered = True
            return False
        self._was_asked = True
        return True
