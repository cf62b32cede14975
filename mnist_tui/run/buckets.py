"""The losses of consecutive batches as values: reduced to buckets, at one moment, or since then."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Self


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

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain values, for a file."""
        # By name: dataclasses.astuple takes a hundred times as long, and training waits.
        buckets = [(b.first, b.count, b.low, b.mean, b.high, b.bad) for b in self.buckets]
        return {
            "recent": list(self.recent),
            "buckets": buckets,
            "open": list(self.open),
            "width": self.width,
            "count": self.count,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Read what `to_dict` gave."""
        return cls(
            recent=tuple(values["recent"]),
            buckets=tuple(
                Bucket(int(first), int(count), low, mean, high, int(bad))
                for first, count, low, mean, high, bad in values["buckets"]
            ),
            open=tuple(values["open"]),
            width=int(values["width"]),
            count=int(values["count"]),
        )

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

    @classmethod
    def of(cls, increment: HistoryIncrement, most: int) -> "ReducedIncrement":
        """Reduce the losses to some `most` buckets.

        The buckets end at multiples of their width, a power of two, so that those of a viewer's
        history are made of whole ones.
        """
        losses, first = increment.losses, increment.first
        width = 1
        while width * most < len(losses):
            width *= 2
        edges = [first, *range(first - first % width + width, first + len(losses), width)]
        ends = [*edges[1:], first + len(losses)]
        buckets = [
            reduce_losses(start, losses[start - first : end - first])
            for start, end in zip(edges, ends, strict=True)
        ]
        return cls(
            first=first,
            width=width,
            counts=tuple(bucket.count for bucket in buckets),
            lows=tuple(bucket.low for bucket in buckets),
            means=tuple(bucket.mean for bucket in buckets),
            highs=tuple(bucket.high for bucket in buckets),
            bads=tuple(bucket.bad for bucket in buckets),
        )

    @property
    def buckets(self) -> tuple[Bucket, ...]:
        """One after the other, as in Bucket."""
        firsts = accumulate(self.counts, initial=self.first)
        columns = zip(self.counts, self.lows, self.means, self.highs, self.bads, strict=True)
        return tuple(Bucket(first, *column) for first, column in zip(firsts, columns, strict=False))
