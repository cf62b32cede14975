"""Training steps of the recipe `tutorial` against the tutorial's own loop, on one device.

python -m benchmarks.steps [--data-dir DIR] [--device DEVICE] [--pairs N] [--batches N]
"""

from collections.abc import Iterator
from pathlib import Path

import torch

from benchmarks.arguments import parse
from benchmarks.clock import timed
from benchmarks.pairs import Figure, interleave, ratios, table
from benchmarks.tutorial_loop import build, fit
from mnist_tui.config import recipe_config
from mnist_tui.data import read_mnist
from mnist_tui.engine.learner import Learner


def measure(data_dir: Path, device: str, pairs: int, batches: int) -> Iterator[Figure]:
    """Samples per second in fp32 and in bf16, each against the tutorial's loop."""
    goals = {"fp32": 1.25, "bf16": 2.2} if device == "cpu" else {"fp32": 50.0}
    digits = read_mnist(data_dir)
    tutorial = build(data_dir, device=device)
    for precision, goal in goals.items():
        config = recipe_config("tutorial", precision=precision)
        learner = Learner(config, digits, torch.device(device))
        learner.open_epoch(1)

        def ours(learner: Learner = learner) -> float:
            def train() -> None:
                for batch in range(batches):
                    learner.train_batch(batch)

            return learner.samples_up_to(batches) / timed(train, device)

        def theirs() -> float:
            return fit(tutorial, "training", batches=batches).samples_per_second

        ours(), theirs()  # the first pass finds kernels and memory, and does not count
        yield Figure(
            name=f"training samples/s, {precision}, {device}",
            values=ratios(*interleave(ours, theirs, pairs)),
            goal=goal,
            is_more_better=True,
            note="against the tutorial's loop",
        )


if __name__ == "__main__":
    arguments = parse(__doc__, pairs=9, batches=60)
    print(
        table(
            list(measure(arguments.data_dir, arguments.device, arguments.pairs, arguments.batches))
        )
    )
