"""Per-batch losses in bounded memory: full detail recently, honest buckets before that."""

import math
import threading
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, islice
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Bucket:
    """The losses of some consecutive batches, reduced without leaving any out."""

    first: int
    """Global index of the first batch, counted from 0."""
    count: int
    """Batches in it."""
    low: float
    """The smallest finite loss; nan when there is none."""
    mean: float
    """The mean of the finite losses; nan when there is none."""
    high: float
    """The largest finite loss; nan when there is none."""
    bad: int
    """How many losses were nan or infinite."""


def reduce_losses(first: int, losses: Sequence[float]) -> Bucket:
    """One bucket of `losses`, the losses of the batches from `first` on."""
    finite = [loss for loss in losses if math.isfinite(loss)]
    if not finite:
        return Bucket(first, len(losses), math.nan, math.nan, math.nan, len(losses))
    mean = math.fsum(finite) / len(finite)
    return Bucket(first, len(losses), min(finite), mean, max(finite), len(losses) - len(finite))


def merge(buckets: Sequence[Bucket]) -> Bucket:
    """One bucket in place of `buckets`, which follow each other."""
    if len(buckets) == 1:
        return buckets[0]
    count = sum(bucket.count for bucket in buckets)
    bad = sum(bucket.bad for bucket in buckets)
    good = [bucket for bucket in buckets if bucket.count > bucket.bad]
    if not good:
        return Bucket(buckets[0].first, count, math.nan, math.nan, math.nan, bad)
    total = math.fsum(bucket.mean * (bucket.count - bucket.bad) for bucket in good)
    low = min(bucket.low for bucket in good)
    high = max(bucket.high for bucket in good)
    return Bucket(buckets[0].first, count, low, total / (count - bad), high, bad)


class LossHistory:
    """The training loss of every batch of a run, in memory that does not grow.

    The last `recent` losses are kept as they are. All of them are also in buckets of equal
    width, at most `buckets` of them: when those are full, neighbors are merged and the
    width doubles, so that no batch is ever left out of a minimum, mean or maximum.

    Written by the training thread, read from any thread.
    """

    def __init__(self, *, recent: int = 4096, buckets: int = 2048) -> None:
        self._max_recent: Final = recent
        self._max_buckets: Final = buckets
        self._lock = threading.Lock()
        self._recent: deque[float] = deque(maxlen=recent)
        self._buckets: list[Bucket] = []
        self._open: list[float] = []
        """Losses that do not fill a bucket yet."""
        self._open_reduced: Bucket | None = None
        """Reduced losses before those, which do not fill a bucket yet, either."""
        self._width = 1
        self._count = 0

    def __len__(self) -> int:
        """Batches in it."""
        return self._count

    def extend(self, losses: Iterable[float]) -> None:
        """Add the losses of the next batches. Training thread."""
        with self._lock:
            for loss in losses:
                self._recent.append(loss)
                self._open.append(loss)
                self._count += 1
                if self._open_count == self._width:
                    self._close_bucket()

    def extend_reduced(self, increment: "ReducedIncrement") -> None:
        """Add the losses of the next batches, of which not each one is known.

        The newest losses are then known in buckets only, as all older ones.
        """
        with self._lock:
            self._recent.clear()
            while self._width < increment.width:
                self._widen()
            for bucket in increment.buckets:
                self._open_reduced = merge([*self._open_buckets(), bucket])
                self._open = []
                self._count += bucket.count
                if self._open_count == self._width:
                    self._close_bucket()

    @property
    def _open_count(self) -> int:
        return len(self._open) + (self._open_reduced.count if self._open_reduced else 0)

    def _open_buckets(self) -> list[Bucket]:
        """What does not fill a bucket yet, as buckets."""
        found = [self._open_reduced] if self._open_reduced else []
        if self._open:
            found.append(reduce_losses(self._count - len(self._open), self._open))
        return found

    def _close_bucket(self) -> None:
        self._buckets.append(merge(self._open_buckets()))
        self._open, self._open_reduced = [], None
        if len(self._buckets) == self._max_buckets:
            self._widen()

    def _widen(self) -> None:
        """Merge neighbors; a bucket without one becomes a part of what fills the next."""
        if len(self._buckets) % 2:
            self._open_reduced = merge([self._buckets.pop(), *self._open_buckets()])
            self._open = []
        pairs = zip(self._buckets[::2], self._buckets[1::2], strict=True)
        self._buckets = [merge(pair) for pair in pairs]
        self._width *= 2

    def envelope(self, start: int, stop: int, columns: int) -> tuple[Bucket, ...]:
        """The batches from `start` up to `stop` as at most `columns` buckets, in order.

        The cost is bounded by the history's size, whatever the number of batches. Where
        full detail is no longer kept, a bucket at either end may reach past the range.
        """
        with self._lock:
            stop = min(stop, self._count)
            start = max(start, 0)
            if stop <= start or columns < 1:
                return ()
            width = math.ceil((stop - start) / columns)
            if start >= self._count - len(self._recent):
                return self._from_recent(start, stop, width)
            return self._from_buckets(start, stop, width)

    def _from_recent(self, start: int, stop: int, width: int) -> tuple[Bucket, ...]:
        offset = self._count - len(self._recent)
        losses = list(islice(self._recent, start - offset, stop - offset))
        spans = range(0, len(losses), width)
        return tuple(reduce_losses(start + i, losses[i : i + width]) for i in spans)

    def _from_buckets(self, start: int, stop: int, width: int) -> tuple[Bucket, ...]:
        inside = self._buckets[start // self._width : math.ceil(stop / self._width)]
        if self._open_count and stop > self._count - self._open_count:
            inside.append(merge(self._open_buckets()))
        step = math.ceil(width / self._width)
        return tuple(merge(inside[i : i + step]) for i in range(0, len(inside), step))

    def snapshot(self) -> "HistorySnapshot":
        """Everything in it. Any thread."""
        with self._lock:
            return HistorySnapshot(
                recent=tuple(self._recent),
                buckets=tuple(self._buckets),
                open=tuple(self._open),
                width=self._width,
                count=self._count,
            )

    def since(self, count: int) -> "HistoryIncrement | None":
        """The losses after the first `count`; None where they are not all kept. Any thread."""
        with self._lock:
            missing = self._count - count
            if not 0 <= missing <= len(self._recent):
                return None
            skipped = len(self._recent) - missing
            return HistoryIncrement(first=count, losses=tuple(islice(self._recent, skipped, None)))

    def reduced_since(self, count: int, most: int) -> "ReducedIncrement | None":
        """The losses after the first `count`, as some `most` buckets; None as `since`. Any thread.

        The buckets end at multiples of their width, a power of two, so that those of a viewer's
        history are made of whole ones.
        """
        increment = self.since(count)
        if increment is None:
            return None
        losses, first = increment.losses, count
        width = 1
        while width * most < len(losses):
            width *= 2
        edges = [first, *range(first - first % width + width, first + len(losses), width)]
        ends = [*edges[1:], first + len(losses)]
        buckets = [
            reduce_losses(start, losses[start - first : end - first])
            for start, end in zip(edges, ends, strict=True)
        ]
        return ReducedIncrement(
            first=first,
            width=width,
            counts=tuple(bucket.count for bucket in buckets),
            lows=tuple(bucket.low for bucket in buckets),
            means=tuple(bucket.mean for bucket in buckets),
            highs=tuple(bucket.high for bucket in buckets),
            bads=tuple(bucket.bad for bucket in buckets),
        )

    def restore(self, snapshot: "HistorySnapshot") -> None:
        """Replace everything by what is in `snapshot`. Training thread."""
        with self._lock:
            self._recent = deque(snapshot.recent, maxlen=self._max_recent)
            self._buckets = list(snapshot.buckets)
            self._open, self._open_reduced = list(snapshot.open), None
            self._width = snapshot.width
            self._count = snapshot.count

    def state_dict(self) -> dict[str, Any]:
        """Everything in it as plain values, for a checkpoint. Training thread."""
        snapshot = self.snapshot()
        # By name: dataclasses.astuple takes a hundred times as long, and training waits.
        buckets = [(b.first, b.count, b.low, b.mean, b.high, b.bad) for b in snapshot.buckets]
        return {
            "recent": list(snapshot.recent),
            "buckets": buckets,
            "open": list(snapshot.open),
            "width": snapshot.width,
            "count": snapshot.count,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Replace everything by what `state_dict` returned. Training thread."""
        self.restore(
            HistorySnapshot(
                recent=tuple(state["recent"]),
                buckets=tuple(Bucket(*row) for row in state["buckets"]),
                open=tuple(state["open"]),
                width=int(state["width"]),
                count=int(state["count"]),
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class HistorySnapshot:
    """A LossHistory at one moment."""

    recent: tuple[float, ...]
    """The newest losses."""
    buckets: tuple[Bucket, ...]
    """All losses that fill a bucket, oldest first."""
    open: tuple[float, ...]
    """The losses after those."""
    width: int
    """Losses per bucket."""
    count: int
    """All losses, kept or not."""

    @property
    def all_buckets(self) -> tuple[Bucket, ...]:
        """Every loss in one of the buckets, the newest ones in a smaller bucket at the end."""
        if not self.open:
            return self.buckets
        return (*self.buckets, reduce_losses(self.count - len(self.open), self.open))


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryIncrement:
    """The losses of some consecutive batches, to extend the history of a viewer with."""

    first: int
    """Global index of the first batch, counted from 0."""
    losses: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReducedIncrement:
    """The losses of some consecutive batches, reduced without leaving any out."""

    first: int
    """Global index of the first batch, counted from 0."""
    width: int
    """Each bucket ends at a multiple of it; a power of two."""
    counts: tuple[int, ...]
    lows: tuple[float, ...]
    means: tuple[float, ...]
    highs: tuple[float, ...]
    bads: tuple[int, ...]

    @property
    def buckets(self) -> tuple[Bucket, ...]:
        """One after the other, as in Bucket."""
        firsts = accumulate(self.counts, initial=self.first)
        columns = zip(self.counts, self.lows, self.means, self.highs, self.bads, strict=True)
        return tuple(Bucket(first, *column) for first, column in zip(firsts, columns, strict=False))
