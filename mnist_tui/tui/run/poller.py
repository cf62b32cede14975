"""How often the screen follows a run that it shares the processor with."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from textual.app import App


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How often a screen follows a run."""

    least_s: float
    """Seconds between two updates where they cost little."""
    longest_s: float
    """Seconds between two updates, at most."""
    latest_s: float
    """How old the chart of all batches may become while there are newer losses.

    Every loss changes all of it, so it is drawn as rarely as this allows.
    """


OWN: Final = Pace(least_s=0.25, longest_s=0.75, latest_s=0.9)
"""A run of this process: nobody reads numbers faster, and with the time that the terminal's frame
takes, a loss is on the screen within a second of being fetched."""
ATTACHED: Final = Pace(least_s=0.75, longest_s=1.5, latest_s=2.25)
"""A run of another process, which sends what is new each 0.75 s.

Two processes have timers and a connection beside what they draw: together they are to take no
more than one that trains and draws.
"""
SLOW_LINE: Final = Pace(least_s=1.0, longest_s=1.0, latest_s=4.0)
"""Any run, over a line that takes few bytes."""
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
        pace: Callable[[], Pace] = lambda: OWN,
        cpu_clock: Callable[[], float] = time.thread_time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Nothing happens before `begin`.

        Args:
            app: Gives the timers.
            follow: Shows the newest progress, and with True also the newest losses; UI thread.
            pace: How often, asked for before each update; UI thread.
            cpu_clock: Seconds of processor time that the UI thread has taken.
            clock: Seconds.
        """
        self._app = app
        self._follow = follow
        self._pace: Final = pace
        self._cpu_clock, self._clock = cpu_clock, clock
        self._taken_s = 0.0
        """The processor time at the last update."""
        self._drawn_s = float("-inf")
        """When the losses were drawn last."""
        self.wait_s = pace().least_s
        """Seconds to the next update, by what updates have cost lately."""

    def begin(self) -> None:
        """Update from now on. UI thread."""
        self._taken_s = self._cpu_clock()
        self._plan()

    def _plan(self) -> None:
        self._app.set_timer(self.wait_s, self._tick, name="follow the run")

    def _tick(self) -> None:
        pace, taken_s = self._pace(), self._cpu_clock()
        cost_s, self._taken_s = taken_s - self._taken_s, taken_s
        earned_s = min(max(cost_s / SHARE, pace.least_s), pace.longest_s)
        self.wait_s += (earned_s - self.wait_s) / _MEMORY
        self._plan()
        now_s = self._clock()
        # The next update would be too late for them.
        draws_losses = now_s + self.wait_s - self._drawn_s > pace.latest_s
        if draws_losses:
            self._drawn_s = now_s
        self._follow(draws_losses)
