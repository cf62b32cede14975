"""Driving a learner as a run does: chunk by chunk, each step at its rate."""

from collections.abc import Callable

from mnist_tui.engine.learner import Learner
from mnist_tui.torch_runtime import freeze_objects, keep_freed_memory

Schedule = Callable[[int], float]
"""The learning rate of a step, by the number of steps before it."""


def settle() -> None:
    """Set for this process what a run sets for its own, torch being imported by now."""
    keep_freed_memory()
    freeze_objects()


def drive(learner: Learner, start: int, stop: int, rate: Schedule) -> int:
    """Train from one step to another, counted through all epochs; how many chunks that took.

    It ends at the first chunk's end that is not before `stop`.
    """
    chunks, at = 0, start
    while at < stop:
        epoch, batch = divmod(at, learner.batches)
        if batch == 0 or at == start:
            learner.open_epoch(epoch + 1)
        count = learner.stop_after(batch) - batch
        learner.train(batch, [rate(step) for step in range(at, at + count)])
        at += count
        chunks += 1
    return chunks
