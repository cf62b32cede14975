"""The three x axes of the charts, and what leads from one to another."""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from enum import StrEnum
from itertools import accumulate
from typing import Final

from mnist_tui.run.events import EpochRow
from mnist_tui.tui.charts.series import XFormat

_ROUND: Final = (1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)


class Axis(StrEnum):
    """What the charts' x is, as the key b goes through it."""

    EPOCH = "epoch"
    BATCH = "batch"
    TIME = "time"

    @property
    def plural(self) -> str:
        """Several of them."""
        return {"epoch": "epochs", "batch": "batches", "time": "time"}[self]

    @property
    def next(self) -> "Axis":
        """The one that follows."""
        members = list(Axis)
        return members[(members.index(self) + 1) % len(members)]

    @property
    def x_format(self) -> XFormat:
        """How its numbers are written."""
        return "time" if self is Axis.TIME else "count"


class Timeline:
    """At how many seconds of training and validation each batch of a run was done.

    It knows what the dashboard saw, several times a second, and the ends of all epochs; in
    between it interpolates. Its memory is bounded. UI thread.
    """

    MOST = 2048
    """How many places are kept; when there are more, every other one is let go."""

    def __init__(self, batches: int = 0) -> None:
        self.batches = batches
        """Batches in one epoch; 0 while it is not known."""
        self._done: list[int] = [0]
        self._first_s: list[float] = [0.0]
        self._last_s: list[float] = [0.0]
        """From first to last: the time goes on at a batch while its epoch is validated."""

    def observe(self, batch: int, seconds: float) -> None:
        """Learn that `batch` batches of the run were done after `seconds`."""
        if batch < self._done[-1] or seconds < self._last_s[-1]:
            return
        if batch == self._done[-1]:
            self._last_s[-1] = seconds
            return
        if len(self._done) >= self.MOST:
            for places in (self._done, self._first_s, self._last_s):
                del places[1:-1:2]
        self._done.append(batch)
        self._first_s.append(seconds)
        self._last_s.append(seconds)

    def observe_rows(self, rows: Sequence[EpochRow]) -> None:
        """Learn when each epoch ended; `rows` are all so far, oldest first."""
        for row, end_s in zip(rows, ends_s(rows), strict=True):
            self.observe(row.epoch * self.batches, end_s)

    def seconds(self, batch: float) -> float:
        """When that batch was done; what is beyond the newest is at its time."""
        index = bisect_left(self._done, batch)
        if index == len(self._done):
            return self._last_s[-1]
        if self._done[index] == batch or index == 0:
            return self._first_s[index]
        before, after = self._done[index - 1], self._done[index]
        start_s, end_s = self._last_s[index - 1], self._first_s[index]
        return start_s + (batch - before) / (after - before) * (end_s - start_s)

    def batch(self, seconds: float) -> float:
        """The batch that was being trained then."""
        index = bisect_left(self._last_s, seconds)
        if index == len(self._last_s):
            return self._done[-1]
        if index == 0 or seconds >= self._first_s[index]:
            return self._done[index]
        start_s, end_s = self._last_s[index - 1], self._first_s[index]
        before, after = self._done[index - 1], self._done[index]
        return before + (seconds - start_s) / (end_s - start_s) * (after - before)

    def x(self, axis: Axis, batch: float) -> float:
        """The place of a batch, counted from 1, on `axis`."""
        if axis is Axis.TIME:
            return self.seconds(batch)
        return batch if axis is Axis.BATCH else batch / max(self.batches, 1)

    def batch_at(self, axis: Axis, x: float) -> float:
        """The batch at `x`."""
        if axis is Axis.TIME:
            return self.batch(x)
        return x if axis is Axis.BATCH else x * max(self.batches, 1)


def ends_s(rows: Sequence[EpochRow]) -> list[float]:
    """After how many seconds of training and validation each epoch ended."""
    return list(accumulate(row.seconds for row in rows))


def epoch_xs(axis: Axis, rows: Sequence[EpochRow], batches: int) -> tuple[float, ...]:
    """The places of the ends of the epochs on `axis`."""
    if axis is Axis.TIME:
        return tuple(ends_s(rows))
    size = batches if axis is Axis.BATCH else 1
    return tuple(float(row.epoch * size) for row in rows)


def round_end(value: float, axis: Axis) -> float:
    """An end of the axis a little beyond `value`, which moves seldom while that grows.

    What is drawn stays where it is between two moves, so only what is new is sent.
    """
    if value <= 0:
        return 1.0
    unit = 1.0
    if axis is Axis.TIME:
        unit = next((float(size) for size in (3600, 60) if value >= size), 1.0)
    decade = 10.0 ** math.floor(math.log10(value / unit))
    share = value / unit / decade
    return unit * decade * _ROUND[min(bisect_right(_ROUND, share - 1e-9), len(_ROUND) - 1)]
