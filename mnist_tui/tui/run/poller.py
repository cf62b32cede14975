"""How often the dashboard looks at a run that it shares the processor with."""

import time
from collections.abc import Callable
from typing import Any, Final

from textual.app import App

LOOK_INTERVAL_S: Final = 0.25
"""From one look to the next, at least; faster than this nobody reads numbers."""
LONGEST_S: Final = 1.0
"""From one look to the next, at most."""
SHARE: Final = 0.009
"""Of one core, what the dashboard's thread may take before looks become rarer.

With two cores that train, each moment that is taken from one of them lets the other wait.
"""

_MEMORY: Final = 4
"""Over how many looks the wait is averaged; every fourth draws the chart of all batches."""


class ProgressPoller:
    """Looks again and again, as often as the dashboard's share of the processor allows.

    What counts is all that the thread did since the last look: what it showed, and whatever a
    person did, which is answered at once at any time.
    """

    def __init__(
        self,
        app: App[Any],
        look: Callable[[], None],
        interval_s: float = LOOK_INTERVAL_S,
        clock: Callable[[], float] = time.thread_time,
    ) -> None:
        """Nothing happens before `begin`.

        Args:
            app: Gives the timers.
            look: Called on the UI thread.
            interval_s: From one look to the next where it costs little.
            clock: Seconds of processor time that the UI thread has taken.
        """
        self._app = app
        self._look = look
        self._least_s: Final = interval_s
        self._clock = clock
        self._taken_s = 0.0
        """What the clock said at the last look."""
        self.wait_s = interval_s
        """From one look to the next, as things stand."""

    def begin(self) -> None:
        """Look from now on. UI thread."""
        self._taken_s = self._clock()
        self._plan()

    def _plan(self) -> None:
        self._app.set_timer(self.wait_s, self._tick, name="look at the run")

    def _tick(self) -> None:
        taken_s = self._clock()
        cost_s, self._taken_s = taken_s - self._taken_s, taken_s
        earned_s = min(max(cost_s / SHARE, self._least_s), LONGEST_S)
        self.wait_s += (earned_s - self.wait_s) / _MEMORY
        self._plan()
        self._look()
