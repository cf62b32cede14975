"""A run's throughput, how long it has taken, and how long it will take."""

from collections import deque
from collections.abc import Callable
from typing import Final

from mnist_tui.process.awake_clock import AwakeClock

_NOW_S: Final = 1.0
"""The current throughput is measured over about this long."""
_WARM_UP_S: Final = 1.0
"""About the first second of training says nothing of the rest: caches are cold."""
_WINDOW_S: Final = 60.0
"""The remaining time is estimated from the throughput over this long.

A machine that others use too is faster and slower for ten or twenty seconds at a time, which
says little of the minutes to come; a lasting change counts within a minute. The tests have two such
courses, which shorter windows do not pass.
"""
_GRAIN_S: Final = 0.1
"""Blocks that end within about this long are merged, so that a device that takes a millisecond
for each does not fill the memory with them."""
_VALIDATION_COST: Final = 0.3
"""A sample's forward pass against its training step, until a validation has been timed."""

Clock = Callable[[], float]


class Throughput:
    """Times training and validation; pauses do not count. Training thread only.

    It counts samples, not batches, since the last batch of an epoch may be smaller.
    """

    def __init__(self, elapsed_s: float = 0.0, clock: Clock | None = None) -> None:
        self._clock = clock or AwakeClock()
        self._elapsed_before = elapsed_s
        self._active_s = 0.0
        self._since: float | None = None
        self._trained = 0
        self._train_s = 0.0
        self._marks: deque[tuple[float, int]] = deque([(0.0, 0)])
        """(seconds of training, samples trained by then), of the last `_WINDOW_S`."""
        self._validation_s: float | None = None

    def go(self) -> None:
        """Start the clock."""
        if self._since is None:
            self._since = self._clock()

    def halt(self) -> None:
        """Stop the clock."""
        if self._since is not None:
            self._active_s += self._clock() - self._since
            self._since = None

    @property
    def active_s(self) -> float:
        """Seconds of training and validation in this process."""
        running = 0.0 if self._since is None else self._clock() - self._since
        return self._active_s + running

    @property
    def elapsed_s(self) -> float:
        """Seconds of training and validation in the whole run."""
        return self._elapsed_before + self.active_s

    def trained(self, samples: int, seconds: float) -> None:
        """Count `samples` more that were trained on in `seconds`."""
        self._trained += samples
        self._train_s += seconds
        if len(self._marks) >= 2 and self._train_s - self._marks[-2][0] < _GRAIN_S:
            self._marks.pop()
        self._marks.append((self._train_s, self._trained))
        while len(self._marks) > 2 and self._is_stale():
            self._marks.popleft()

    def _is_stale(self) -> bool:
        """Whether the oldest mark should not count any more."""
        (oldest_s, _), (next_s, _) = self._marks[0], self._marks[1]
        is_cold = oldest_s < _WARM_UP_S and next_s <= self._train_s - _NOW_S
        return is_cold or next_s < self._train_s - _WINDOW_S

    def validated(self, seconds: float) -> None:
        """Take in how long a whole validation took."""
        before = self._validation_s
        self._validation_s = seconds if before is None else 0.5 * (before + seconds)

    @property
    def samples_per_second(self) -> float | None:
        """Over about the last second of training."""
        from_s = self._train_s - _NOW_S
        marks = (mark for mark in reversed(self._marks) if mark[0] <= from_s)
        return self._throughput_since(next(marks, self._marks[0]))

    @property
    def mean_samples_per_second(self) -> float | None:
        """Over all training in this process."""
        return self._trained / self._train_s if self._train_s else None

    def remaining_s(
        self, samples: int, validations: float, validation_samples: int
    ) -> float | None:
        """Estimate the seconds that are left; None before anything was trained.

        Args:
            samples: Training samples left in the run.
            validations: Validations left, the current one as a fraction.
            validation_samples: Samples in one validation.
        """
        throughput = self._throughput_since(self._marks[0])
        if throughput is None:
            return None
        validation_s = self._validation_s
        if validation_s is None:
            validation_s = validation_samples * _VALIDATION_COST / throughput
        return samples / throughput + validations * validation_s

    def _throughput_since(self, mark: tuple[float, int]) -> float | None:
        """Samples per second of training since `mark`; None if there were none."""
        start_s, start = mark
        end_s, end = self._marks[-1]
        return (end - start) / (end_s - start_s) if end_s > start_s else None
