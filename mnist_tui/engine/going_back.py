"""A run that goes back to an earlier checkpoint keeps what it drops."""

from mnist_tui import formatting
from mnist_tui.errors import CheckpointError
from mnist_tui.store.atomic import write_atomic
from mnist_tui.store.checkpoint import Checkpoint, read_checkpoint
from mnist_tui.store.directory import RunDirectory


def keep_dropped(directory: RunDirectory, chosen: Checkpoint) -> str | None:
    """Keep last.pt under another name where `chosen` is older, before last.pt is written over.

    Returns:
        One sentence that says what is dropped and where it is; None where nothing is.
    """
    try:
        last = read_checkpoint(directory.last)
    except CheckpointError:
        return None  # there is nothing that could be gone on from
    if last.global_batch <= chosen.global_batch:
        return None
    place = formatting.place(chosen.epoch, chosen.batch)
    dropped = f"resuming at {place} drops {_describe_loss(chosen, last)}"
    kept = directory.step(last.global_batch)
    try:
        if not kept.exists():
            write_atomic(kept, directory.last.read_bytes())
    except OSError as error:
        return f"{dropped}, which could not be kept: {error.strerror or error}"
    return f"{dropped}; they are kept in {kept}"


def _describe_loss(chosen: Checkpoint, last: Checkpoint) -> str:
    epochs = range(chosen.epoch, last.epoch)
    if not epochs:
        return f"{last.global_batch - chosen.global_batch:,} batches of epoch {last.epoch}"
    names = f"epoch {epochs[0]}" if len(epochs) == 1 else f"epochs {epochs[0]} to {epochs[-1]}"
    return f"{names} and {last.batch:,} batches of epoch {last.epoch}" if last.batch else names
