"""The whole recipe `tutorial`, from the command to its end, against the tutorial's own script.

    python -m benchmarks.recipe [--data-dir DIR] [--epochs N] [--loops N]

Each is a process of its own, the script for fewer epochs, one after the other: both have the
machine alone. Some minutes, and not part of `python -m benchmarks`.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks.arguments import parse

_REPORTED: Final = (1, 2, 3, 5, 10, 19)
"""Epochs whose accuracy is printed."""


class Trained(NamedTuple):
    """A process that trained."""

    seconds: float
    """From its start to its end."""
    accuracies: list[float]
    """Validation accuracy in percent after each epoch."""


def train(data_dir: Path, epochs: int) -> Trained:
    """Train by the command, with all that a run writes."""
    with tempfile.TemporaryDirectory() as folder:
        options = ["--data-dir", str(data_dir), "--runs-dir", folder, "--name", "run"]
        command = ["mnist_tui", "train", "--headless", "--device", "cpu", *options]
        seconds = _run([*command, "--epochs", str(epochs)])[0]
        rows = (Path(folder) / "run" / "metrics.jsonl").read_text("utf-8").splitlines()
    return Trained(seconds, [100 * json.loads(row)["val_accuracy"] for row in rows])


def loop(data_dir: Path, epochs: int) -> Trained:
    """Train by the tutorial's script."""
    options = ["--data-dir", str(data_dir), "--epochs", str(epochs), "--device", "cpu", "--json"]
    seconds, lines = _run(["benchmarks.tutorial_loop", *options])
    return Trained(seconds, [100 * json.loads(line)["validation"]["accuracy"] for line in lines])


def _run(module: list[str]) -> tuple[float, list[str]]:
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", *module], check=True, stdout=subprocess.PIPE, text=True
    )
    return time.perf_counter() - started, done.stdout.splitlines()


def _line(name: str, trained: Trained) -> str:
    count = len(trained.accuracies)
    shown = sorted({epoch for epoch in (*_REPORTED, count) if epoch <= count})
    accuracies = ", ".join(f"{epoch}: {trained.accuracies[epoch - 1]:.2f} %" for epoch in shown)
    per_epoch = trained.seconds / count
    return (
        f"{name}, {count} epochs: {trained.seconds:.1f} s, {per_epoch:.2f} s an epoch; "
        f"validation accuracy after epochs {accuracies}"
    )


def main() -> None:
    """Measure and print."""
    arguments = parse(__doc__, epochs=19, loops=3)
    data_dir = arguments.data_dir.resolve()
    theirs = loop(data_dir, arguments.loops)
    print(_line("the tutorial's script", theirs), flush=True)
    ours = train(data_dir, arguments.epochs)
    print(_line("mnist-tui train", ours))
    ratio = (theirs.seconds / arguments.loops) / (ours.seconds / arguments.epochs)
    print(
        f"{ratio:.2f} x as fast an epoch, starting, validating and saving included; all of "
        f"ours takes {ours.seconds / theirs.seconds:.2f} x what {arguments.loops} epochs of "
        "the script take"
    )


if __name__ == "__main__":
    main()
