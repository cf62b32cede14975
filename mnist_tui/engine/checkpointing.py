"""When a checkpoint is due, and to which files it goes."""

import time
from collections.abc import Callable
from typing import Final

from mnist_tui.run.events import SaveReason
from mnist_tui.store.checkpoint import Checkpoint
from mnist_tui.store.directory import RunDirectory
from mnist_tui.store.writer import RunWriter

_EPOCH_S: Final = 1.0
"""The end of an epoch is saved unless a save was requested less than this ago."""


class CheckpointSchedule:
    """Hands a run's checkpoints to its writer in time. Training thread only.

    A crash loses everything since the last checkpoint that reached the disk. To keep that below
    the interval, the next save starts early: by the last write's time plus the time between two
    boundaries.
    """

    def __init__(
        self,
        directory: RunDirectory,
        writer: RunWriter,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._directory = directory
        self._writer = writer
        self._clock = clock
        self._saved_at = self._checked_at = clock()

    def is_due(self, every_s: float) -> bool:
        """Whether to save now, so that the newest file is never older than `every_s`.

        That holds while a write takes less than half of it. Call it at each boundary. 0: never.
        """
        now = self._clock()
        until_next_s, self._checked_at = now - self._checked_at, now
        # Twice the time of the last write, since none takes as long as the one before; but at
        # least half the interval lies between two, on whatever disk.
        early_s = min(2.0 * self._writer.save_s + until_next_s, 0.5 * every_s)
        return every_s > 0.0 and now - self._saved_at >= every_s - early_s

    @property
    def is_due_after_epoch(self) -> bool:
        """Whether the end of an epoch is far enough from the last save."""
        return self._clock() - self._saved_at > _EPOCH_S

    def save(self, reason: SaveReason, checkpoint: Checkpoint) -> None:
        """Have `checkpoint` written soon; last.pt is always brought up to it."""
        self._saved_at = self._clock()
        if reason is SaveReason.BEST:
            self._writer.save(self._directory.best, reason, checkpoint)
            reason = SaveReason.EPOCH
        elif reason is SaveReason.MANUAL:
            path = self._directory.step(checkpoint.global_batch)
            self._writer.save(path, reason, checkpoint)
            reason = SaveReason.SCHEDULE
        self._writer.save(self._directory.last, reason, checkpoint)
