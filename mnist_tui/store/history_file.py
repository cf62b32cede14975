"""The curves of a run's batches as one file of plain arrays, readable without torch."""

from dataclasses import astuple, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from mnist_tui.errors import DataError
from mnist_tui.run.buckets import HistorySnapshot
from mnist_tui.run.events import LearningRateChanged
from mnist_tui.store.arrays_file import Arrays, arrays_bytes, read_arrays
from mnist_tui.store.directory import RunDirectory
from mnist_tui.torch_runtime import loading_torch

if TYPE_CHECKING:
    from mnist_tui.store.checkpoint import Checkpoint

_LARGEST_BYTES: Final = 16_000_000
"""No file of ours is larger, whatever its entries say."""


@dataclass(frozen=True, slots=True)
class BatchCurves:
    """What the charts draw over a run's batches."""

    losses: HistorySnapshot
    rates: tuple[LearningRateChanged, ...]
    """The user's changes of the learning rate, oldest first."""


def history_bytes(curves: BatchCurves) -> bytes:
    """The file's content. Takes a millisecond or two; keep it off the training thread."""
    losses = curves.losses.to_dict()
    return arrays_bytes(
        {
            "recent": np.array(losses["recent"], "<f8"),
            "buckets": np.array(losses["buckets"], "<f8").reshape(-1, 6),
            "open": np.array(losses["open"], "<f8"),
            "width_and_count": np.array([losses["width"], losses["count"]], "<i8"),
            "rates": np.array([astuple(change) for change in curves.rates], "<f8").reshape(-1, 4),
        }
    )


def read_history(path: Path) -> BatchCurves | None:
    """The curves in the file; None where there is no file. Runs no code from it.

    Raises:
        DataError: When the file cannot be read or is damaged.
    """
    return read_arrays(path, _LARGEST_BYTES, _curves, "the next save replaces it")


def read_batch_curves(directory: RunDirectory) -> BatchCurves | None:
    """The curves of a run; those of an earlier version are in its last checkpoint. Blocks.

    Returns:
        None where nothing has been saved.

    Raises:
        DataError: When the file of curves cannot be read or is damaged.
        CheckpointError: When that is so of the checkpoint.
    """
    curves = read_history(directory.history)
    if curves is not None or not directory.last.exists():
        return curves
    with loading_torch():
        from mnist_tui.store.checkpoint import read_checkpoint
    return curves_of(read_checkpoint(directory.last))


def curves_of(checkpoint: "Checkpoint") -> BatchCurves:
    """The curves up to a checkpoint, from that itself."""
    return BatchCurves(HistorySnapshot.from_dict(checkpoint.history), checkpoint.rates)


def read_losses(directory: RunDirectory) -> HistorySnapshot | None:
    """The losses of a run's batches; None where it has no file of them that can be read."""
    try:
        curves = read_history(directory.history)
    except DataError:
        return None
    return curves.losses if curves is not None else None


def _curves(arrays: Arrays) -> BatchCurves:
    width, count = arrays["width_and_count"]
    rows = {name: arrays[name].astype(float).ravel().tolist() for name in ("recent", "open")}
    buckets = arrays["buckets"].tolist()
    losses = HistorySnapshot.from_dict({**rows, "buckets": buckets, "width": width, "count": count})
    _check(losses)
    rates = tuple(
        LearningRateChanged(lr=lr, previous=previous, epoch=int(epoch), global_batch=int(batch))
        for lr, previous, epoch, batch in arrays["rates"].tolist()
    )
    return BatchCurves(losses, rates)


def _check(losses: HistorySnapshot) -> None:
    """Refuse what a LossHistory cannot have been."""
    sizes = [bucket.count for bucket in losses.buckets]
    if losses.width < 1 or any(size != losses.width for size in sizes):
        raise ValueError("its buckets are not of one width")
    if sum(sizes) + len(losses.open) != losses.count or len(losses.recent) > losses.count:
        raise ValueError("its losses are not as many as it says")
    firsts = [bucket.first for bucket in losses.buckets]
    if firsts != list(range(0, sum(sizes), losses.width)):
        raise ValueError("its buckets are not in order")
