"""Photographs of digits, made anew: how many of each kind `predict` answers rightly.

    python -m benchmarks.photos [--data-dir DIR] [--digits N] [--seed S] CHECKPOINT

The kinds are those of devtools/photographs.py, of the first N test digits each. Right is the
digit that was written, of several the first, and on a blank sheet a refusal. A wrong answer is
silent when it came without a warning.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.arguments import parse
from devtools.photographs import KINDS, photographs
from mnist_tui.data import read_mnist
from mnist_tui.data.dataset import Split
from mnist_tui.inference.predict import Prediction, predict_pictures


@dataclass
class Score:
    """How the photographs of one kind were answered."""

    kind: str
    count: int = 0
    right: int = 0
    refused: int = 0
    warned: int = 0
    silent: int = 0
    """Wrong without a warning."""
    seconds: float = 0.0

    def cells(self) -> tuple[str, ...]:
        """The line of the table."""
        numbers = (self.right, self.refused, self.warned, self.silent)
        share = f"{100 * self.right / self.count:.0f} %"
        each = f"{1000 * self.seconds / self.count:.0f} ms"
        return (self.kind, str(self.count), share, *(str(number) for number in numbers[1:]), each)


def measure(digits: Split, checkpoint: Path, device: str, count: int, seed: int) -> Iterator[Score]:
    """Make and answer `count` photographs of each kind."""
    labels = digits.labels[:count].tolist()
    for kind, shot in KINDS.items():
        score = Score(kind)
        with TemporaryDirectory() as folder:
            for number, content in enumerate(photographs(kind, digits.images[:count], seed)):
                Path(folder, f"{number:05d}.jpg").write_bytes(content)
            started = time.perf_counter()
            answers = list(predict_pictures(checkpoint, [folder], device))
            score.seconds = time.perf_counter() - started
        for answer, label in zip(answers, labels, strict=True):
            is_read = isinstance(answer, Prediction)
            is_right = not is_read if shot.is_blank else is_read and answer.predicted == label
            warnings = answer.warnings if isinstance(answer, Prediction) else ()
            score.count += 1
            score.right += is_right
            score.refused += not is_read
            score.warned += bool(warnings)
            score.silent += is_read and not is_right and not warnings
        yield score


if __name__ == "__main__":
    arguments = parse(__doc__, "checkpoint", digits=100, seed=0)
    header = (
        "kind",
        "photographs",
        "right",
        "refused",
        "with a warning",
        "wrong and silent",
        "each",
    )
    print(f"| {' | '.join(header)} |\n|{'---|' * len(header)}", flush=True)
    digits = read_mnist(arguments.data_dir).validation
    for score in measure(
        digits, arguments.checkpoint, arguments.device, arguments.digits, arguments.seed
    ):
        print(f"| {' | '.join(score.cells())} |", flush=True)
