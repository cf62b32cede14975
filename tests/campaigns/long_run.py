"""A run of a million batches: memory and the cost of drawing stay what they were.

    python -m tests.campaigns.long_run --count 1 --seed 0

The step is a stub; session, history, events, files and charts are the real ones. After the
first twentieth, and ten checkpoints, memory may grow by 10 MB at most, and a chart of all
batches has no more points than before.
"""

import gc
import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from mnist_tui.config import TrainConfig
from mnist_tui.data.dataset import Dataset, Split
from mnist_tui.engine.learner import Learner
from mnist_tui.engine.trainer import Trainer
from mnist_tui.run.events import CheckpointSaved, EpochFinished, Event
from mnist_tui.run.session import Session
from mnist_tui.run.state import State
from mnist_tui.store.atomic import read_lines
from mnist_tui.store.checkpoint import read_checkpoint
from mnist_tui.store.directory import create_run
from mnist_tui.store.writer import RunWriter
from mnist_tui.torch_runtime import keep_freed_memory
from tests.campaigns.campaign import main

BATCHES_PER_EPOCH = 5000
COLUMNS = 160
SAVES = 10
"""A process keeps the memory that it took at most, and has taken it after some checkpoints."""


class StubLearner(Learner):
    """Steps that cost nothing, with losses like a real run's."""

    def train(self, start: int, rates: Sequence[float]) -> None:
        """Take no step."""
        if start == 0:
            self._losses = torch.rand(self.batches) + 0.1


def attempt(dice: random.Random, folder: Path, batches: int = 1_000_000) -> None:
    """Train that many batches, and look at memory and charts on the way."""
    epochs = batches // BATCHES_PER_EPOCH
    images = np.zeros((BATCHES_PER_EPOCH, 28, 28), np.uint8)
    split = Split(images, np.zeros(BATCHES_PER_EPOCH, np.int64))
    digits = Dataset("sample", "", split, Split(images[:10], split.labels[:10]), "0" * 64)
    config = TrainConfig(epochs=epochs, batch_size=1, checkpoint_every_s=0.05, device="cpu")
    directory = create_run(folder, "long", config)
    session = Session()
    writer = RunWriter(directory, session)
    trainer = Trainer(
        config=config,
        learner=StubLearner(config, digits, torch.device("cpu")),
        fingerprint=digits.fingerprint,
        session=session,
        directory=directory,
        writer=writer,
    )
    sizes: list[int] = []
    points: list[int] = []
    finished = saved = 0

    def look(event: Event) -> None:
        nonlocal finished, saved
        saved += isinstance(event, CheckpointSaved)
        if not isinstance(event, EpochFinished):
            return
        finished += 1
        points.append(drawn_points(session))
        if finished >= max(1, epochs // 20) and (saved >= SAVES or finished > epochs - 3):
            writer.flush()  # a checkpoint on its way takes memory, or none, as it happens
            gc.collect()
            sizes.append(resident_bytes())

    keep_freed_memory()  # as a run does
    session.subscribe(look)
    session.move(State.LOADING)
    writer.start()
    ended = trainer.run()
    session.end(ended)
    writer.close()
    assert ended.state is State.FINISHED
    growth = (max(sizes[-3:]) - min(sizes[:3])) / 1e6
    print(
        f"{batches:,} batches: memory grew by {growth:.1f} MB, charts {points[0]}"
        f" to {max(points)} points"
    )
    assert growth < 10, f"memory grew by {growth:.1f} MB"
    assert max(points) <= 2 * COLUMNS, f"a chart has {max(points)} points"
    assert len(read_lines(directory.metrics)) == epochs
    assert read_checkpoint(directory.last).global_batch == batches
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
    main(attempt, 1)
