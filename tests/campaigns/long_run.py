"""A long run: memory, the cost of an epoch and the cost of drawing stay what they were.

    python -m tests.campaigns.long_run --count 2 --seed 0

An attempt is a million batches in 200 epochs, or 20,000 epochs of 4 batches. The step is a stub;
validation, session, history, events, files and charts are the real ones. After the first
twentieth, and ten checkpoints, memory may grow by 10 MB at most, or by 20 MB where there are
20,000 rows to keep, of about 0.5 kB each, and a chart of all batches has no more points than
before. The training thread makes no more calls in an epoch of the last quarter, nor the writer for
a checkpoint, than in the second: calls, and not seconds, which other work on a machine changes.
"""

import gc
import random
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import torch

from mnist_tui.config import TrainConfig
from mnist_tui.data.dataset import Dataset, Split
from mnist_tui.data.registry import SAMPLE
from mnist_tui.engine.learner import Learner
from mnist_tui.engine.run_state import RunState
from mnist_tui.engine.trainer import Trainer
from mnist_tui.run.events import CheckpointSaved, Event
from mnist_tui.run.session import Session
from mnist_tui.run.state import State
from mnist_tui.store.atomic import read_lines
from mnist_tui.store.checkpoint import read_checkpoint
from mnist_tui.store.new_run import create_run
from mnist_tui.store.writer import RunWriter
from mnist_tui.torch_runtime import keep_freed_memory
from tests.campaigns.campaign import main

COLUMNS = 160
SAVES = 10
"""A process keeps the memory that it took at most, and has taken it after some checkpoints."""
MOST_GROWTH = 1.7
"""The last quarter against the second: what grows with the epochs would more than double."""


class StubLearner(Learner):
    """Steps that cost nothing, with losses like a real run's."""

    def __init__(self, *args: Any, each_epoch: Callable[[], None]) -> None:
        super().__init__(*args)
        self._each_epoch = each_epoch

    def open_epoch(self, epoch: int) -> None:
        """Look around between two epochs, where nobody waits for the training thread."""
        self._each_epoch()
        super().open_epoch(epoch)

    def train(self, start: int, lrs: Sequence[float]) -> None:
        """Take no step."""
        if start == 0:
            self._losses = torch.rand(self.batches) + 0.1


class Calls:
    """How many functions a thread has called, of Python and of C: a profile function."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, frame: FrameType, event: str, argument: object) -> None:
        """Count one call."""
        self.count += event in ("call", "c_call")


class Measurements:
    """What is measured before each epoch of a run, on the training thread."""

    def __init__(self, session: Session, writer: RunWriter, epochs: int) -> None:
        self.memory: list[int] = []
        self.points: list[int] = []
        self.training, self.writing = Calls(), Calls()
        self.saves = 0
        self._counts: list[tuple[int, int, int]] = []
        """Calls of the training thread, of the writer, and checkpoints, at each epoch's start."""
        self._session, self._writer, self._epochs = session, writer, epochs
        session.subscribe(self._count)

    def _count(self, event: Event) -> None:
        self.saves += isinstance(event, CheckpointSaved)

    def take(self) -> None:
        """Measure, between two epochs."""
        sys.setprofile(None)
        self._look()
        self._counts.append((self.training.count, self.writing.count, self.saves))
        sys.setprofile(self.training)

    def _look(self) -> None:
        done = len(self._counts)
        if done % max(1, self._epochs // 40) and done < self._epochs - 3:
            return
        self.points.append(drawn_points(self._session))
        if done >= self._epochs // 20 and (self.saves >= SAVES or done > self._epochs - 3):
            self._writer.flush()  # a checkpoint on its way takes memory, or none, as it happens
            gc.collect()
            self.memory.append(resident_bytes())

    def calls(self, start: float, stop: float) -> tuple[float, float]:
        """Calls for an epoch and calls for a checkpoint, between two parts of the run."""
        first, last = (int(part * (len(self._counts) - 1)) for part in (start, stop))
        training, writing, saves = (
            after - before
            for before, after in zip(self._counts[first], self._counts[last], strict=True)
        )
        return training / (last - first), writing / saves


def attempt(dice: random.Random, folder: Path) -> None:
    """Train many batches, or many epochs."""
    if dice.random() < 0.5:
        train(folder, epochs=200, batches_per_epoch=5000)
    else:
        train(folder, epochs=20_000, batches_per_epoch=4, every_s=1.0, most_mb=20.0)


def train(
    folder: Path,
    *,
    epochs: int,
    batches_per_epoch: int,
    every_s: float = 0.05,
    most_mb: float = 10.0,
) -> None:
    """Train, and look at memory, charts and the work that is done on the way.

    Args:
        folder: An empty one.
        epochs: In the whole run.
        batches_per_epoch: Of one example each.
        every_s: Seconds between two checkpoints.
        most_mb: How much the memory may grow.
    """
    images = np.zeros((batches_per_epoch, 28, 28), np.uint8)
    split = Split(images, np.zeros(batches_per_epoch, np.int64))
    dataset = Dataset(SAMPLE, "", split, Split(images[:4], split.labels[:4]), "0" * 64)
    config = TrainConfig(epochs=epochs, batch_size=1, device="cpu", checkpoint_every_s=every_s)
    directory = create_run(folder, "long", config)
    session = Session()
    writer = RunWriter(directory, session)
    measured = Measurements(session, writer, epochs)
    learner = StubLearner(config, dataset, torch.device("cpu"), each_epoch=measured.take)
    trainer = Trainer(
        state=RunState(config, learner, session.history, SAMPLE, dataset.fingerprint),
        learner=learner,
        session=session,
        directory=directory,
        writer=writer,
    )
    keep_freed_memory()  # as a run does
    session.move(State.LOADING)
    threading.setprofile(measured.writing)
    writer.start({"config": config.to_dict()})
    threading.setprofile(None)
    try:
        ended = trainer.run()
    finally:
        sys.setprofile(None)
    session.end(ended)
    writer.close()
    assert ended.state is State.FINISHED
    growth = (max(measured.memory[-3:]) - min(measured.memory[:3])) / 1e6
    points = measured.points
    earlier, late = measured.calls(0.25, 0.5), measured.calls(0.75, 1.0)
    print(
        f"{epochs:,} epochs of {batches_per_epoch:,} batches: memory grew by {growth:.1f} MB, "
        f"charts {points[0]} to {max(points)} points, calls for an epoch {earlier[0]:,.0f} to "
        f"{late[0]:,.0f}, for a checkpoint {earlier[1]:,.0f} to {late[1]:,.0f}"
    )
    assert growth < most_mb, f"memory grew by {growth:.1f} MB"
    assert max(points) <= 2 * COLUMNS, f"a chart has {max(points)} points"
    for what, before, after in zip(("an epoch", "a checkpoint"), earlier, late, strict=True):
        assert after < MOST_GROWTH * before, f"{what} took {before:,.0f} calls, then {after:,.0f}"
    assert len(read_lines(directory.metrics)) == epochs
    assert read_checkpoint(directory.last).global_batch == epochs * batches_per_epoch
    assert read_lines(directory.events)


def drawn_points(session: Session) -> int:
    """How many buckets a chart of all batches is made of."""
    history = session.history
    return len(history.envelope(0, len(history), COLUMNS))


def resident_bytes() -> int:
    """The memory of this process that is in use."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) * 1024
    raise AssertionError("/proc says nothing about this process's memory")


if __name__ == "__main__":
    main(attempt, 2)
