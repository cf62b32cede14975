"""Training steps of the recipe `tutorial` against the tutorial's own loop, on one device.

python -m benchmarks.steps [--data-dir DIR] [--device DEVICE] [--pairs N] [--batches N]
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import torch

from benchmarks.apart import Apart, Measure
from benchmarks.arguments import parse
from benchmarks.clock import timed
from benchmarks.pairs import Figure, interleave, ratios, tell
from benchmarks.tutorial_loop import build, fit
from devtools.drive import drive, settle
from devtools.gpu_checks import refuse
from mnist_tui.config import recipe_config
from mnist_tui.data import read_mnist
from mnist_tui.data.dataset import Dataset
from mnist_tui.devices import choose_device, set_determinism
from mnist_tui.engine.cuda.graphs import recorder_for
from mnist_tui.engine.learner import Learner
from mnist_tui.engine.steps.base import AutogradStep

_CPU_GOALS = {"fp32": 2.2, "bf16": 3.0}


def tutorials(data_dir: Path, device: str, batches: int) -> Measure:
    """Measures the tutorial's samples per second."""
    tutorial = build(data_dir, device=device)
    return lambda: fit(tutorial, "training", batches=batches).samples_per_second


def measure(data_dir: Path, device: str, pairs: int, batches: int) -> Iterator[Figure]:
    """Samples per second in each precision, each against the tutorial's loop in fp32.

    The loop has a process of its own, and ours is as a run's is. On a GPU ours are those of
    whole epochs, which are more steady there, and the seconds of an epoch's training come as
    figures of their own.
    """
    is_cuda = torch.device(device).type == "cuda"
    goals = dict.fromkeys(("fp32", "tf32", "bf16"), 50.0) if is_cuda else _CPU_GOALS
    digits = read_mnist(data_dir)
    settle()
    with Apart(tutorials, data_dir, device, batches) as theirs:
        yield from _each(digits, device, goals, theirs, pairs, batches)


def _each(
    digits: Dataset, device: str, goals: dict[str, float], theirs: Measure, pairs: int, batches: int
) -> Iterator[Figure]:
    is_cuda = torch.device(device).type == "cuda"
    for precision, goal in goals.items():
        config = recipe_config("tutorial", precision=precision)
        target = choose_device(device).device
        if is_cuda:
            set_determinism(target, config.deterministic, precision)
        learner = Learner(config, digits, target, recorder_for(target), refuse)
        if precision == "bf16" and not is_cuda and learner.kernels == AutogradStep.kernels:
            print("bf16 is left out: this processor does not compute in it", file=sys.stderr)
            continue
        steps = learner.batches if is_cuda else batches
        seconds: list[float] = []

        def ours(
            learner: Learner = learner, steps: int = steps, told: list[float] = seconds
        ) -> float:
            told.append(timed(lambda: drive(learner, 0, steps, lambda step: 0.01), device))
            return learner.samples_up_to(steps) / told[-1]

        # The first passes find kernels and memory, and record the graphs; they do not count.
        ours(), ours(), theirs()
        seconds.clear()
        yield Figure(
            name=f"training samples/s, {precision}, {device}",
            values=ratios(*interleave(ours, theirs, pairs)),
            goal=goal,
            is_more_better=True,
            note="against the tutorial's loop",
        )
        if is_cuda:
            yield Figure(
                name=f"seconds of training per epoch, {precision}, {device}",
                values=tuple(seconds),
                goal=0.15,
                is_more_better=False,
                unit="s",
                note=f"{learner.batches:,} steps; the goal is an H100's",
            )


if __name__ == "__main__":
    arguments = parse(__doc__, pairs=15, batches=100)
    tell(measure(arguments.data_dir, arguments.device, arguments.pairs, arguments.batches))
