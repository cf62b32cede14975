"""Speed and what remains, by a clock that the test moves."""

import math
from dataclasses import dataclass

import pytest

from mnist_tui.engine.throughput import Throughput


class Clock:
    """Time that passes when the test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_pauses_do_not_count() -> None:
    clock = Clock()
    pace = Throughput(elapsed_s=5.0, clock=clock)
    pace.go()
    clock.now += 2
    pace.halt()
    clock.now += 50
    pace.go()
    clock.now += 1
    assert pace.active_s == pytest.approx(3)
    assert pace.elapsed_s == pytest.approx(8)


def test_nothing_is_known_before_the_first_block() -> None:
    pace = Throughput(clock=Clock())
    assert pace.samples_per_second is None
    assert pace.mean_samples_per_second is None
    assert pace.remaining_s(1000, 1, 100) is None


def test_now_is_the_last_second_and_mean_is_all() -> None:
    pace = Throughput(clock=Clock())
    for _ in range(20):
        pace.trained(100, 0.5)
    for _ in range(4):
        pace.trained(200, 0.5)
    assert pace.samples_per_second == pytest.approx(400)
    assert pace.mean_samples_per_second == pytest.approx(2800 / 12)


def test_what_remains_counts_training_and_validations() -> None:
    pace = Throughput(clock=Clock())
    for _ in range(10):
        pace.trained(100, 0.1)
    pace.validated(3.0)
    assert pace.remaining_s(5000, 2, 500) == pytest.approx(5 + 6)


def test_before_the_first_validation_its_time_is_estimated_from_training() -> None:
    pace = Throughput(clock=Clock())
    pace.trained(1000, 1.0)
    remaining = pace.remaining_s(1000, 1, 1000)
    assert remaining is not None
    assert 1.0 < remaining < 2.0


@dataclass
class Machine:
    """What a simulated machine needs for things, in seconds."""

    start_s: float = 0.6
    """Before the first batch is done: caches are cold, kernels are chosen."""
    block_s: float = 0.1
    samples_per_second: float = 3000.0
    wobble: float = 0.08
    """How much the speed goes up and down, every few seconds."""
    validation_cost: float = 0.3
    """A sample's forward pass against its training step; 0.3 as measured with MnistNet on a CPU."""
    course: tuple[int, ...] = ()
    """Its samples per second in each ten seconds, the last from then on; none: always as above."""

    def speed_at(self, seconds: float) -> float:
        """Samples per second so long after the start."""
        speed: float = self.samples_per_second
        if self.course:
            speed = self.course[min(int(seconds / 10), len(self.course) - 1)]
        return speed * (1 + self.wobble * math.sin(seconds))


SHARED = (
    Machine(wobble=0.0, course=(1731, 1654, 1488, 1548, 1964, 1851, 1671, 1728, 1634, 1569)),
    Machine(wobble=0.0, course=(1507, 1507, 1784, 1548, 1538, 1784, 1777, 1611, 1414, 1574, 1686)),
)
"""Machines with other users, as two cores of one went in two runs."""

TRAINING, VALIDATION, EPOCHS = 60_000, 10_000, 3


def estimates(machine: Machine) -> list[tuple[float, float]]:
    """(elapsed, remaining) at each publication of a run, as the trainer asks for them."""
    clock = Clock()
    began, pace = clock.now, Throughput(clock=clock)
    pace.go()
    published = []

    def publish(samples_left: int, validations_left: float) -> None:
        remaining_s = pace.remaining_s(samples_left, validations_left, VALIDATION)
        assert remaining_s is not None
        published.append((pace.elapsed_s, remaining_s))

    for epoch in range(EPOCHS):
        later = EPOCHS - epoch - 1
        done = 0
        while done < TRAINING:
            block_s = machine.block_s + (0.0 if published else machine.start_s)
            speed = machine.speed_at(clock.now - began)
            samples = min(round(machine.block_s * speed), TRAINING - done)
            clock.now += block_s
            done += samples
            pace.trained(samples, block_s)
            publish(later * TRAINING + TRAINING - done, later + 1)
        validation_s = machine.validation_cost * VALIDATION / machine.speed_at(clock.now - began)
        for part in range(1, 11):
            clock.now += validation_s / 10
            publish(later * TRAINING, later + 1 - part / 10)
        pace.validated(validation_s)
    return published


@pytest.mark.parametrize(
    "machine",
    [
        Machine(),
        Machine(samples_per_second=1000.0),
        Machine(samples_per_second=30_000.0, start_s=0.3, block_s=0.11),
        Machine(validation_cost=0.2),
        Machine(validation_cost=0.45),
        Machine(wobble=0.0, start_s=1.5),
        *SHARED,
    ],
    ids=repr,
)
def test_what_remains_is_right_within_a_tenth_from_the_fifth_second_on(machine: Machine) -> None:
    published = estimates(machine)
    end_s = published[-1][0]
    for elapsed_s, remaining_s in published:
        left_s = end_s - elapsed_s
        # Below a second nobody sees a tenth.
        if elapsed_s >= 5.0 and left_s >= 1.0:
            assert remaining_s == pytest.approx(left_s, rel=0.1), elapsed_s


def test_a_change_of_speed_that_lasts_is_believed_within_a_minute() -> None:
    published = estimates(Machine(wobble=0.0, course=(*(3000,) * 3, 1000)))
    end_s = published[-1][0]
    assert end_s > 120
    for elapsed_s, remaining_s in published:
        # The last validation, by itself, is judged by those before it, some of them quick.
        if elapsed_s >= 30 + 61 and end_s - elapsed_s >= 15.0:
            assert remaining_s == pytest.approx(end_s - elapsed_s, rel=0.1), elapsed_s


def test_many_small_blocks_are_timed_as_few_large_ones_are() -> None:
    small, large = Throughput(clock=Clock()), Throughput(clock=Clock())
    for second in range(40):
        speed = 5_000 if second < 20 else 10_000 + 100 * second
        for _ in range(10):
            large.trained(speed // 10, 0.1)
            for _ in range(50):
                small.trained(speed // 500, 0.002)
        for left in (5_000, 500_000):
            wanted = large.remaining_s(left, 1, 100)
            assert small.remaining_s(left, 1, 100) == pytest.approx(wanted, rel=0.02), second
        assert small.samples_per_second == pytest.approx(large.samples_per_second, rel=0.1)
