"""How often the dashboard looks, by what it costs."""

from collections.abc import Callable
from typing import Any

import pytest

from mnist_tui.tui.run.poller import LONGEST_S, LOOK_INTERVAL_S, SHARE, ProgressPoller


class Timers:
    """An app's timers, which go off when they are told to."""

    def __init__(self) -> None:
        self.planned: list[tuple[float, Callable[[], None]]] = []

    def set_timer(self, delay: float, callback: Callable[[], None], *, name: str) -> None:
        self.planned.append((delay, callback))

    def go_off(self) -> float:
        """Let the one that is planned go off; how long it waited."""
        [(delay, callback)] = self.planned
        self.planned.clear()
        callback()
        return delay


class Thread:
    """What the dashboard's thread does: its looks, and whatever else."""

    def __init__(self, look_s: float, *, interval_s: float = LOOK_INTERVAL_S) -> None:
        self.look_s = look_s
        self.taken_s = 0.0
        self.looks = 0
        self.timers = Timers()
        app: Any = self.timers
        self.looking = ProgressPoller(app, self._look, interval_s, lambda: self.taken_s)
        self.looking.begin()

    def _look(self) -> None:
        self.looks += 1
        self.taken_s += self.look_s

    def waits(self, count: int, *, beside: float = 0.0) -> list[float]:
        """How long so many looks waited; `beside`: what else the thread takes of a core."""
        waited = []
        for _ in range(count):
            waited.append(self.timers.go_off())
            self.taken_s += beside * waited[-1]
        return waited


def test_a_cheap_look_comes_as_often_as_it_can_be_read() -> None:
    thread = Thread(look_s=0.5 * SHARE * LOOK_INTERVAL_S)
    assert set(thread.waits(20)) == {LOOK_INTERVAL_S}
    assert thread.looks == 20


def test_dear_looks_take_no_more_than_their_share() -> None:
    thread = Thread(look_s=0.6 * SHARE)
    assert thread.waits(60)[-1] == pytest.approx(0.6, rel=0.01)


def test_what_a_person_does_counts() -> None:
    thread = Thread(look_s=0.3 * SHARE)
    assert thread.waits(60, beside=SHARE / 2)[-1] == pytest.approx(0.6, rel=0.01)


def test_looks_never_end_however_dear() -> None:
    thread = Thread(look_s=100 * SHARE)
    assert max(thread.waits(60)) <= LONGEST_S
    thread.look_s = 0.0
    assert thread.waits(60)[-1] == pytest.approx(LOOK_INTERVAL_S, rel=0.01)


def test_a_slow_line_is_never_asked_for_more() -> None:
    thread = Thread(look_s=0.0, interval_s=LONGEST_S)
    assert set(thread.waits(20)) == {LONGEST_S}
