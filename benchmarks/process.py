"""What saving and a whole epoch cost the process that trains: stalls, and memory.

python -m benchmarks.process [--data-dir DIR] [--pairs N]
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import torch

from benchmarks.arguments import parse
from benchmarks.clock import timed
from benchmarks.pairs import Figure, interleave, tell
from devtools.drive import settle
from mnist_tui.config import recipe_config
from mnist_tui.data import read_mnist
from mnist_tui.engine.learner import Learner
from mnist_tui.run.events import SaveReason
from mnist_tui.run.session import Session
from mnist_tui.store.checkpoint import Checkpoint
from mnist_tui.store.new_run import create_run
from mnist_tui.store.writer import RunWriter

_BATCHES = 60
_SAVES = 10

# Not by getrusage: a process begins there with what its parent had.
_PEAK = (
    "import atexit, re; atexit.register(lambda: print(re.search("
    "r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1])); "
)
"""Tells the peak of the process that runs it, in kB, as its last word."""
IMPORT = "import torch, numpy; digits = numpy.ones(70_000 * 784 + 70_000 * 8, numpy.uint8)"
"""What a process needs for torch and the data set."""
EPOCH = (
    "import sys; from mnist_tui.cli import main; "
    "main(['train', '--headless', '--epochs', '1', '--data-dir', sys.argv[1], "
    "'--runs-dir', sys.argv[2]])"
)


def stalls(data_dir: Path, pairs: int) -> tuple[float, ...]:
    """Milliseconds that each save takes from training, by blocks with and without saves."""
    config = recipe_config("tutorial")
    settle()
    learner = Learner(config, read_mnist(data_dir), torch.device("cpu"))
    learner.open_epoch(1)
    with tempfile.TemporaryDirectory() as folder:
        directory = create_run(Path(folder), "run", config)
        writer = RunWriter(directory, Session())
        writer.start({})

        def block(saves: int) -> float:
            def train() -> None:
                for batch in range(_BATCHES):
                    learner.train(batch, [config.lr])
                    if saves and batch % (_BATCHES // saves) == 0:
                        assert learner.has_finite_weights()
                        writer.save(directory.last, SaveReason.SCHEDULE, _checkpoint(learner))

            return timed(train, "cpu")

        block(_SAVES)
        with_saves, without = interleave(lambda: block(_SAVES), lambda: block(0), pairs)
        writer.close()
    pairwise = zip(with_saves, without, strict=True)
    return tuple(1e3 * (saving - plain) / _SAVES for saving, plain in pairwise)


def _checkpoint(learner: Learner) -> Checkpoint:
    return Checkpoint(
        **learner.capture(),
        config=recipe_config("tutorial"),
        fingerprint="",
        epoch=1,
        batch=1,
        global_batch=1,
        loss_sum=0.0,
        correct=0,
        lr_scale=1.0,
        rows=(),
        elapsed_s=0.0,
        epoch_train_s=0.0,
    )


def peak_memory(code: str, *args: str) -> float:
    """Peak resident memory, in MB, of a fresh process that runs `code`."""
    done = subprocess.run(
        [sys.executable, "-c", _PEAK + code, *args], stdout=subprocess.PIPE, text=True, check=True
    )
    return int(done.stdout.split()[-1]) / 1e3


def measure(data_dir: Path, pairs: int) -> Iterator[Figure]:
    """The stall per save, and the memory beyond torch and the data set."""
    yield Figure(
        name="stall of training per save, cpu",
        values=stalls(data_dir, pairs),
        goal=10,
        is_more_better=False,
        unit="ms",
    )
    plain = peak_memory(IMPORT)
    with tempfile.TemporaryDirectory() as folder:
        epoch = peak_memory(EPOCH, str(data_dir), folder)
    yield Figure(
        name="peak memory of an epoch",
        values=(epoch - plain,),
        goal=150,
        is_more_better=False,
        unit="MB",
        note="more than `import torch` plus the data set",
    )


if __name__ == "__main__":
    arguments = parse(__doc__, pairs=15)
    tell(measure(arguments.data_dir, arguments.pairs))
