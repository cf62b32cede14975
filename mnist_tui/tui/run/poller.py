"""How often the screen follows a run that it shares the processor with."""

import time
from collections.abc import Callable
from typing import Any, Final

from textual.app import App

INTERVAL_S: Final = 0.25
"""Seconds between two updates, at least: nobody reads numbers faster."""
LONGEST_S: Final = 0.75
"""Seconds between two updates, at most."""
LATEST_S: Final = 0.9
"""How old the chart of all batches may become while there are newer losses.

Every loss changes all of it, so it is drawn as rarely as this allows; with the time that the
terminal's frame takes, a loss is on the screen within a second of being fetched.
"""
SHARE: Final = 0.009
"""Of one core, what the dashboard's thread may take before updates become rarer.

With two cores that train, each moment that is taken from one of them lets the other wait.
"""

_MEMORY: Final = 4
"""Over how many updates the wait is averaged."""


class ProgressPoller:
    """Updates the screen again and again, as often as the dashboard's share of a core allows.

    Everything that the UI thread did since the last update counts: what it showed, and what
    the user did, which is answered at once at any time.
    """

    def __init__(
        self,
        app: App[Any],
        follow: Callable[[bool], None],
        *,
        interval_s: float = INTERVAL_S,
        longest_s: float = LONGEST_S,
        latest_s: float = LATEST_S,
        cpu_clock: Callable[[], float] = time.thread_time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Nothing happens before `begin`.

        Args:
            app: Gives the timers.
            follow: Shows the newest progress, and with True also the newest losses; UI thread.
            interval_s: Between two updates where one costs little.
            longest_s: Between two updates where one costs much.
            latest_s: From one drawing of the losses to the next, at most.
            cpu_clock: Seconds of processor time that the UI thread has taken.
            clock: Seconds.
        """
        self._app = app
        self._follow = follow
        self._least_s: Final = interval_s
        self._longest_s: Final = max(longest_s, interval_s)
        self._latest_s: Final = latest_s
        self._cpu_clock, self._clock = cpu_clock, clock
        self._taken_s = 0.0
        """The processor time at the last update."""
        self._drawn_s = float("-inf")
        """When the losses were drawn last."""
        self.wait_s = interval_s
        """Seconds to the next update, by what updates have cost lately."""

    def begin(self) -> None:
        """Update from now on. UI thread."""
        self._taken_s = self._cpu_clock()
        self._plan()

    def _plan(self) -> None:
        self._app.set_timer(self.wait_s, self._tick, name="follow the run")

    def _tick(self) -> None:
        taken_s = self._cpu_clock()
        cost_s, self._taken_s = taken_s - self._taken_s, taken_s
        earned_s = min(max(cost_s / SHARE, self._least_s), self._longest_s)
        self.wait_s += (earned_s - self.wait_s) / _MEMORY
        self._plan()
        now_s = self._clock()
        # The next update would be too late for them.
        draws_losses = now_s + self.wait_s - self._drawn_s > self._latest_s
        if draws_losses:
            self._drawn_s = now_s
        self._follow(draws_losses)
