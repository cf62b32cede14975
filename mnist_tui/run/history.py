"""Per-batch losses in bounded memory: full detail recently, honest buckets before that."""

import math
import threading
from collections import deque
from collections.abc import Iterable
from itertools import islice
from typing import Final

from mnist_tui.run.buckets import (
    Bucket,
    HistoryIncrement,
    HistorySnapshot,
    ReducedIncrement,
    merge,
    reduce_losses,
)


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

    def extend_reduced(self, increment: ReducedIncrement) -> None:
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

    def snapshot(self) -> HistorySnapshot:
        """Everything in it. Any thread."""
        with self._lock:
            return HistorySnapshot(
                recent=tuple(self._recent),
                buckets=tuple(self._buckets),
                open=tuple(self._open),
                width=self._width,
                count=self._count,
            )

    def since(self, count: int) -> HistoryIncrement | None:
        """The losses after the first `count`; None where they are not all kept. Any thread."""
        with self._lock:
            missing = self._count - count
            if not 0 <= missing <= len(self._recent):
                return None
            skipped = len(self._recent) - missing
            return HistoryIncrement(first=count, losses=tuple(islice(self._recent, skipped, None)))

    def restore(self, snapshot: HistorySnapshot) -> None:
        """Replace everything by what is in `snapshot`. Training thread."""
        with self._lock:
            self._recent = deque(snapshot.recent, maxlen=self._max_recent)
            self._buckets = list(snapshot.buckets)
            self._open, self._open_reduced = list(snapshot.open), None
            self._width = snapshot.width
            self._count = snapshot.count
