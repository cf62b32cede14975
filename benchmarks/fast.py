"""The recipe `fast` against the one-epoch recipe of train_mnist_fast: time, and accuracy.

    python -m benchmarks.fast [--data-dir DIR] [--device DEVICE] [--pairs N]

Each pair trains both from the same seed; the time is that of the training loop alone.
"""

import itertools
from collections.abc import Iterator
from pathlib import Path

import torch

from benchmarks import train_mnist_fast as baseline
from benchmarks.apart import Apart, Measure
from benchmarks.arguments import parse
from benchmarks.clock import timed
from benchmarks.pairs import Figure, interleave, ratios, tell
from devtools.drive import drive, settle
from devtools.gpu_checks import refuse
from mnist_tui.config import recipe_config
from mnist_tui.data import read_mnist
from mnist_tui.devices import choose_device, resolve_precision, set_determinism
from mnist_tui.engine.cuda.graphs import recorder_for
from mnist_tui.engine.learner import Learner
from mnist_tui.engine.optimizers import scheduled_lr


def baselines(data_dir: Path, device: str) -> Measure:
    """Measures the baseline's seconds of training from a seed."""
    target = choose_device(device).device
    train = read_mnist(data_dir).train
    images = baseline.normalize(torch.tensor(train.images)).to(target)
    labels = torch.tensor(train.labels).to(target)
    return lambda seed: baseline.train(images, labels, seed=seed)[1]


def measure(data_dir: Path, device: str, pairs: int) -> Iterator[Figure]:
    """Training time as a ratio, and the mean validation accuracy of as many seeds."""
    target = choose_device(device).device
    digits = read_mnist(data_dir)
    accuracies: list[float] = []
    is_cuda = target.type == "cuda"

    def ours() -> float:
        config = recipe_config("fast", seed=len(accuracies))
        if is_cuda:
            precision = resolve_precision(target, config.precision)
            set_determinism(target, config.deterministic, precision)
        learner = Learner(config, digits, target, recorder_for(target), refuse)

        def train() -> None:
            steps = learner.batches
            drive(learner, 0, steps, lambda step: scheduled_lr(config, step, steps))

        seconds = timed(train, target)
        accuracies.append(100 * learner.validate(lambda batch: None).accuracy)
        return seconds

    settle()
    with Apart(baselines, data_dir, device) as theirs:
        # Once without counting it: a process's first steps load libraries and find memory. What
        # each run does anew, recording its graphs among it, is in the times below.
        ours(), theirs(0)
        accuracies.clear()
        seeds = itertools.count()
        times = interleave(ours, lambda: theirs(next(seeds)), pairs)
    yield Figure(
        name=f"recipe fast, time of training, {device}",
        values=ratios(*times),
        goal=0.3 if is_cuda else 0.2,
        is_more_better=False,
        note="against train_mnist_fast",
    )
    if is_cuda:
        yield Figure(
            name=f"recipe fast, seconds of training, {device}",
            values=times[0],
            goal=0.25,
            is_more_better=False,
            unit="s",
            note="recording included, loading libraries not; the goal is an H100's",
        )
    mean = sum(accuracies) / len(accuracies)
    yield Figure(
        name=f"recipe fast, validation accuracy, {device}",
        values=tuple(accuracies),
        goal=99.1,
        is_more_better=True,
        unit="%",
        note=f"mean {mean:.3f} %",
    )


if __name__ == "__main__":
    arguments = parse(__doc__, pairs=5)
    tell(measure(arguments.data_dir, arguments.device, arguments.pairs))
