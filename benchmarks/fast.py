"""The recipe `fast` against the one-epoch recipe of train_mnist_fast: time, and accuracy.

    python -m benchmarks.fast [--data-dir DIR] [--device DEVICE] [--pairs N]

Each pair trains both from the same seed; the time is that of the training loop alone.
"""

from collections.abc import Iterator
from pathlib import Path

import torch

from benchmarks import train_mnist_fast as baseline
from benchmarks.arguments import parse
from benchmarks.clock import timed
from benchmarks.pairs import Figure, interleave, ratios, table
from mnist_tui.config import recipe_config
from mnist_tui.data import read_mnist
from mnist_tui.engine.learner import Learner
from mnist_tui.engine.optimizers import scheduled_lr


def measure(data_dir: Path, device: str, pairs: int) -> Iterator[Figure]:
    """Training time as a ratio, and the mean validation accuracy of as many seeds."""
    target = torch.device(device)
    digits = read_mnist(data_dir)
    images = baseline.normalise(torch.tensor(digits.train.images)).to(target)
    labels = torch.tensor(digits.train.labels).to(target)
    accuracies: list[float] = []

    def ours() -> float:
        config = recipe_config("fast", seed=len(accuracies))
        learner = Learner(config, digits, target)
        learner.open_epoch(1)

        def train() -> None:
            for batch in range(learner.batches):
                learner.set_lr(scheduled_lr(config, batch, learner.batches))
                learner.train_batch(batch)

        seconds = timed(train, target)
        accuracies.append(100 * learner.validate(lambda batch: None).accuracy)
        return seconds

    def theirs() -> float:
        return baseline.train(images, labels, seed=len(accuracies))[1]

    times = interleave(ours, theirs, pairs)
    yield Figure(
        name=f"recipe fast, time of training, {device}",
        values=ratios(*times),
        goal=0.8 if device == "cpu" else 0.3,
        is_more_better=False,
        note="against train_mnist_fast",
    )
    mean = sum(accuracies) / len(accuracies)
    yield Figure(
        name=f"recipe fast, validation accuracy, {device}",
        values=tuple(accuracies),
        goal=99.0,
        is_more_better=True,
        unit="%",
        note=f"mean {mean:.3f} %",
    )


if __name__ == "__main__":
    arguments = parse(__doc__, pairs=5)
    print(table(list(measure(arguments.data_dir, arguments.device, arguments.pairs))))
