"""How often the screen follows the run, and how late a loss may be on it."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from mnist_tui.tui.run.poller import ATTACHED, OWN, SHARE, SLOW_LINE, Pace, ProgressPoller


class Thread:
    """The dashboard's thread on clocks of its own: its looks, its timers, and whatever else."""

    def __init__(self, look_s: float, *, chart_s: float = 0.0, pace: Pace = OWN) -> None:
        self.look_s, self.chart_s = look_s, chart_s
        self.pace = pace
        self.taken_s = self.now_s = 0.0
        self.looks = 0
        self.drawn_at_s: list[float] = []
        self._timers: list[tuple[float, Callable[[], None]]] = []
        app: Any = self
        poller = ProgressPoller(
            app,
            self._follow,
            cpu_clock=lambda: self.taken_s,
            clock=lambda: self.now_s,
            pace=lambda: self.pace,
        )
        poller.begin()

    def set_timer(self, delay: float, callback: Callable[[], None], *, name: str) -> None:
        """As App."""
        self._timers.append((delay, callback))

    def _follow(self, draws_losses: bool) -> None:
        self.looks += 1
        cost_s = self.look_s + (self.chart_s if draws_losses else 0.0)
        self.taken_s += cost_s
        self.now_s += cost_s
        if draws_losses:
            self.drawn_at_s.append(self.now_s)

    def waits(self, count: int, *, beside: float = 0.0) -> list[float]:
        """How long so many looks waited; `beside`: what else the thread takes of a core."""
        waited = []
        for _ in range(count):
            [(delay, callback)] = self._timers
            self._timers.clear()
            self.now_s += delay
            callback()
            waited.append(delay)
            self.taken_s += beside * delay
        return waited


def test_a_cheap_poll_comes_as_often_as_it_can_be_read() -> None:
    thread = Thread(look_s=0.5 * SHARE * OWN.least_s)
    assert set(thread.waits(20)) == {OWN.least_s}
    assert thread.looks == 20


def test_expensive_polls_take_no_more_than_their_share() -> None:
    thread = Thread(look_s=0.6 * SHARE)
    assert thread.waits(60)[-1] == pytest.approx(0.6, rel=0.01)


def test_what_the_user_does_counts() -> None:
    thread = Thread(look_s=0.3 * SHARE)
    assert thread.waits(60, beside=SHARE / 2)[-1] == pytest.approx(0.6, rel=0.01)


def test_polls_never_end_however_expensive() -> None:
    thread = Thread(look_s=100 * SHARE)
    assert max(thread.waits(60)) <= OWN.longest_s
    thread.look_s = 0.0
    assert thread.waits(60)[-1] == pytest.approx(OWN.least_s, rel=0.01)


@pytest.mark.parametrize("pace", [OWN, ATTACHED])
@pytest.mark.parametrize("look_ms", [0.1, 1, 2, 3, 4, 6, 12])
def test_losses_are_drawn_within_their_time_whatever_a_poll_costs(
    look_ms: float, pace: Pace
) -> None:
    thread = Thread(look_s=look_ms / 1000, chart_s=0.004, pace=pace)
    thread.waits(200)
    drawn = thread.drawn_at_s
    apart = [later - earlier for earlier, later in pairwise(drawn)]
    assert max(apart) < pace.latest_s + 0.05
    assert min(apart) > pace.latest_s - pace.longest_s, "and not in every cheap look"


def test_cheap_polls_leave_the_losses_out_until_they_would_be_late() -> None:
    thread = Thread(look_s=0.0001)
    thread.waits(30)
    assert len(thread.drawn_at_s) == 10


def test_a_slow_line_is_never_polled_faster() -> None:
    thread = Thread(look_s=0.0, pace=SLOW_LINE)
    assert set(thread.waits(20)) == {1.0}
    assert len(thread.drawn_at_s) == 5


def test_the_pace_may_change_with_the_run_that_is_followed() -> None:
    thread = Thread(look_s=0.0)
    thread.waits(5)
    thread.pace = ATTACHED
    assert thread.waits(40)[-1] == pytest.approx(ATTACHED.least_s, rel=0.01)
