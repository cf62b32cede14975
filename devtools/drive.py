"""Driving a learner as a run does: chunk by chunk, each step at its learning rate."""

from collections.abc import Callable

from mnist_tui.engine.learner import Learner
from mnist_tui.torch_runtime import freeze_objects, keep_freed_memory

Schedule = Callable[[int], float]
"""The learning rate of a step, by the number of steps before it."""


def settle() -> None:
    """Set for this process what a run sets for its own, torch being imported by now."""
    keep_freed_memory()
    freeze_objects()


def drive(learner: Learner, start: int, stop: int, lr_at: Schedule) -> list[tuple[int, int]]:
    """Train from one step to another, counted through all epochs; the chunks, as (start, stop).

    It ends at the first chunk's end that is not before `stop`.
    """
    chunks = []
    while start < stop:
        epoch, batch = divmod(start, learner.batches)
        first = epoch * learner.batches
        learner.open_epoch(epoch + 1)
        for done in learner.train_from(batch, lambda batch, first=first: lr_at(first + batch)):
            chunks.append((start, first + done))
            start = first + done
            if start >= stop:
                break
    return chunks
