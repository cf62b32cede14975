"""Accuracy in bf16 against fp32 after some epochs of the recipe `tutorial`, from the same seeds.

    python -m benchmarks.precision [--data-dir DIR] [--seeds N] [--epochs N] [--threads N]

One seed says little: two runs that differ in their last bits only can end a tenth of a
point apart. Takes minutes, and is not part of `python -m benchmarks`.
"""

from collections.abc import Iterator
from statistics import mean, stdev

import torch

from benchmarks.arguments import parse
from benchmarks.pairs import Figure, tell
from mnist_tui.config import recipe_config
from mnist_tui.data import read_mnist
from mnist_tui.data.dataset import Dataset
from mnist_tui.engine.learner import Learner


def accuracy(digits: Dataset, device: str, precision: str, seed: int, epochs: int) -> float:
    """Validation accuracy in percent after `epochs` epochs."""
    config = recipe_config("tutorial", precision=precision, seed=seed)
    learner = Learner(config, digits, torch.device(device))
    for epoch in range(1, epochs + 1):
        learner.open_epoch(epoch)
        for batch in range(learner.batches):
            learner.train(batch, [config.lr])
    return 100 * learner.validate(lambda batch: None).accuracy


def spread(values: tuple[float, ...]) -> str:
    """The mean and the standard deviation, in words."""
    deviation = f", standard deviation {stdev(values):.3f}" if len(values) > 1 else ""
    return f"mean {mean(values):.3f}{deviation}"


def measure(digits: Dataset, device: str, seeds: int, epochs: int) -> Iterator[Figure]:
    """The points that bf16 loses, seed by seed; each seed is told as it comes."""
    lost, plain = [], []
    for seed in range(seeds):
        fp32, bf16 = (accuracy(digits, device, p, seed, epochs) for p in ("fp32", "bf16"))
        print(f"seed {seed}: fp32 {fp32:.2f} %, bf16 {bf16:.2f} %", flush=True)
        lost.append(fp32 - bf16)
        plain.append(fp32)
    yield Figure(
        name=f"accuracy that bf16 loses in {epochs} epochs, {device}",
        values=tuple(lost),
        goal=0.2,
        is_more_better=False,
        unit="points",
        note=f"{spread(tuple(lost))}; fp32: {spread(tuple(plain))}",
    )


if __name__ == "__main__":
    arguments = parse(__doc__, seeds=5, epochs=3, threads=torch.get_num_threads())
    torch.set_num_threads(arguments.threads)
    loaded = read_mnist(arguments.data_dir)
    tell(measure(loaded, arguments.device, arguments.seeds, arguments.epochs))
