"""From the command to the first frame, and to the first trained batch, against importing torch.

python -m benchmarks.start [--data-dir DIR] [--pairs N]
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.arguments import parse
from benchmarks.pairs import Figure, interleave, ratios, tell
from benchmarks.screen import batch_on
from devtools.terminal import Terminal


def import_torch() -> float:
    """Seconds that a fresh process takes to import torch."""
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import torch"], check=True)
    return time.perf_counter() - started


def first_frame() -> float:
    """Seconds from the command to a dashboard that is ready."""
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        terminal = Terminal(cwd=Path(folder))
        terminal.wait_for("ready")
        seconds = time.perf_counter() - started
        terminal.close()
    return seconds


def first_batch(data_dir: Path, **environment: str) -> float:
    """Seconds from the command to a batch on the screen."""
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        terminal = Terminal(
            "--start", "--data-dir", str(data_dir.resolve()), cwd=Path(folder), **environment
        )
        terminal.wait_for(batch_on)
        seconds = time.perf_counter() - started
        terminal.close()
    return seconds


def first_batch_of_all(data_dir: Path) -> float:
    """The same on a machine that has never had a run, where the C is compiled first (Linux)."""
    with tempfile.TemporaryDirectory() as cache:
        return first_batch(data_dir, XDG_CACHE_HOME=cache)


def measure(data_dir: Path, pairs: int) -> Iterator[Figure]:
    """All as ratios to the import of torch."""
    first_batch(data_dir), import_torch()  # files into the page cache
    yield Figure(
        name="first frame",
        values=ratios(*interleave(first_frame, import_torch, pairs)),
        goal=0.35,
        is_more_better=False,
        note="against `import torch`",
    )
    yield Figure(
        name="first training batch after --start",
        values=ratios(*interleave(lambda: first_batch(data_dir), import_torch, pairs)),
        goal=1.4,
        is_more_better=False,
        note="against `import torch`",
    )
    yield Figure(
        name="the same with the compiling of the steps in C",
        values=ratios(*interleave(lambda: first_batch_of_all(data_dir), import_torch, pairs)),
        goal=1.4,
        is_more_better=False,
        note="against `import torch`",
    )


if __name__ == "__main__":
    arguments = parse(__doc__, pairs=5)
    tell(measure(arguments.data_dir, arguments.pairs))
