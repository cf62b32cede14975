"""What a client has been sent of a run, and what is new since then."""

import json
import zlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from mnist_tui.run.buckets import ReducedIncrement
from mnist_tui.run.log import CaughtUp
from mnist_tui.run.progress import Progress
from mnist_tui.run.protocol import Compressed, Past
from mnist_tui.run.session import PastEvent, Session, Subscription
from mnist_tui.run.state import State
from mnist_tui.run.validation import ValidationResults
from mnist_tui.run.wire import encode
from mnist_tui.store.atomic import to_json

INTERVAL_S: Final = 0.75
"""From one snapshot to the next."""
BULK_BYTES_PER_S: Final = 12_000
"""What a client is sent on average, as long as what is large can wait: validation results."""

_MOST_LOSSES: Final = 160
"""Losses in one increment that are sent as they are; more are reduced."""
_MOST_BUCKETS: Final = 40
"""Buckets of an increment of reduced losses, about."""


class Feed:
    """Latest-wins values for one client: progress, losses and validation results.

    The server's thread.
    """

    def __init__(self, session: Session, now_s: float) -> None:
        self._session: Final = session
        self._progress: Progress | None = None
        self._batches = 0
        self._is_reduced = False
        """Whether the client lacks losses that it was sent in buckets."""
        self._results = ValidationResults()
        self._budget: float = 0.0
        """Bytes that may be spent on what is large; below 0 while that is paid back."""
        self._seen_s = now_s
        self.due_s = now_s
        """When the next snapshot is to be sent."""

    def first(self, subscription: Subscription, now_s: float) -> Iterator[bytes]:
        """Everything that has been so far."""
        yield compressed(Past(lines=tuple(_line(event) for event in subscription.past)))
        snapshot = self._session.history.snapshot()
        self._batches, self._is_reduced = snapshot.count, False
        yield compressed(snapshot)
        self._progress = None
        self._results = ValidationResults()
        self._budget = BULK_BYTES_PER_S
        yield from self.changes(now_s)
        self._budget = 0.0
        # At last: what is shown of it is there before.
        yield encode(CaughtUp(log=subscription.log))

    def changes(self, now_s: float) -> Iterator[bytes]:
        """What is new since the last time."""
        self._budget += (now_s - self._seen_s) * BULK_BYTES_PER_S
        self._budget = min(self._budget, BULK_BYTES_PER_S)
        self._seen_s, self.due_s = now_s, now_s + INTERVAL_S
        progress = self._session.progress
        if progress is not self._progress:
            self._progress = progress
            yield self._spend(encode(progress))
        yield from self._losses()
        results = self._session.validation
        is_affordable = self._budget >= 0 or self._session.state.is_over
        if results is not self._results and is_affordable:
            yield self._spend(compressed(self._newer(results)))
            self._results = results

    def _losses(self) -> Iterator[bytes]:
        history, is_standing = self._session.history, self._session.state is not State.RUNNING
        if self._is_reduced and is_standing:
            snapshot = history.snapshot()
            self._batches, self._is_reduced = snapshot.count, False
            yield compressed(snapshot)
        if len(history) == self._batches:
            return
        increment: Any = history.since(self._batches)
        if increment is None:  # it has gone back, or far ahead
            increment = history.snapshot()
            self._batches, self._is_reduced = increment.count, False
        else:
            self._batches += len(increment.losses)
            if len(increment.losses) > _MOST_LOSSES:
                increment = ReducedIncrement.of(increment, _MOST_BUCKETS)
                self._is_reduced = True
        yield self._spend(encode(increment))

    def _newer(self, results: ValidationResults) -> ValidationResults:
        """Those that the client lacks."""
        last = self._results.last
        if last is None:
            return results
        epochs = tuple(known for known in results.epochs if known.epoch > last.epoch)
        return replace(results, epochs=epochs or results.epochs[-1:])

    def _spend(self, frame: bytes) -> bytes:
        self._budget -= len(frame)
        return frame


def compressed(value: Any) -> bytes:
    """The frame of `value` in a smaller one."""
    return encode(Compressed(zlib.compress(encode(value), 1)))


def _line(past: PastEvent) -> dict[str, Any]:
    time_s, event = past
    # As on disk, where nan is null.
    line: dict[str, Any] = json.loads(to_json({"time": round(time_s, 3), **event.to_dict()}))
    return line
