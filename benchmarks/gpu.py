"""All that needs a GPU: what must hold of the recorded steps, and how fast they are.

    python -m benchmarks.gpu [--data-dir DIR] [--pairs N] [--seconds N] [--batches N]

Exits with 0 when all holds, whether or not the goals are reached; with 1 when something does
not hold; with 2 where there is no CUDA device. Takes some minutes.
"""

import argparse
import logging
import os
import platform
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import torch

from benchmarks import fast, steps
from benchmarks.pairs import Figure, tell
from devtools.gpu_checks import Bench, checks, some
from mnist_tui.config import recipe_config
from mnist_tui.data import read_mnist
from mnist_tui.data.files import find_files
from mnist_tui.devices import choose_device
from mnist_tui.engine.cuda.graphs import recorder_for
from mnist_tui.engine.runner import TrainingRunner
from mnist_tui.run.events import Event, RunEnded, StateChanged
from mnist_tui.run.plan import NewRun
from mnist_tui.run.requests import Pause, Resume, Stop
from mnist_tui.run.state import State

log = logging.getLogger(__name__)

_SOME_DIGITS = 3_210
"""As many batches of 32 as fill four chunks and a fifth in part, and ten digits over."""


def main() -> int:
    """Check and measure; the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--data-dir", type=Path, default=Path(os.environ.get("MNIST_TUI_DATA", "data"))
    )
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4, help="of each slice in the dashboard")
    parser.add_argument("--batches", type=int, default=300, help="of the tutorial's loop")
    arguments = parser.parse_args()
    if not torch.cuda.is_available():
        print("no CUDA device here, and this measures nothing else", file=sys.stderr)
        return 2
    if not find_files(arguments.data_dir).is_complete:
        print(f"no MNIST in {arguments.data_dir}; name it with --data-dir", file=sys.stderr)
        return 2
    device = choose_device("cuda").device
    print(
        f"{torch.cuda.get_device_name(device)}, PyTorch {torch.__version__}, "
        f"CUDA {torch.version.cuda}, Python {platform.python_version()}\n",
        flush=True,
    )
    digits = some(read_mnist(arguments.data_dir), _SOME_DIGITS)
    bench = Bench(digits, device, lambda: recorder_for(device))
    is_good = run_checks(bench)
    print()
    tell(measure(arguments.data_dir, arguments))
    return 0 if is_good else 1


def run_checks(bench: Bench) -> bool:
    """Do all checks, each told as it ends; whether all hold."""
    is_good = True
    for name, check in checks(bench):
        try:
            print(f"holds  {name}: {check()}", flush=True)
        except Exception as error:
            is_good = False
            print(f"FAILS  {name}: {type(error).__name__}: {error}", flush=True)
            log.exception("%s", name)
    return is_good


def measure(data_dir: Path, arguments: argparse.Namespace) -> Iterator[Figure]:
    """All figures of a GPU; one that cannot be had here is told on stderr instead."""
    parts = {
        "steps": lambda: steps.measure(data_dir, "cuda", arguments.pairs, arguments.batches),
        "fast": lambda: fast.measure(data_dir, "cuda", arguments.pairs),
        "pauses": lambda: pauses(data_dir, presses=20),
        "dashboard": lambda: dashboard(data_dir, 2 * arguments.pairs, arguments.seconds),
    }
    for name, part in parts.items():
        try:
            yield from part()
        except Exception:
            log.exception("%s: not measured", name)


def pauses(data_dir: Path, presses: int, device: str = "cuda") -> Iterator[Figure]:
    """Milliseconds from asking a run to pause until it stands still, under full load."""
    config = recipe_config(dataset="mnist", data_dir=str(data_dir), device=device, epochs=100_000)
    with tempfile.TemporaryDirectory() as folder:
        runner = TrainingRunner(NewRun(config=config, runs_dir=Path(folder), name="run"))
        session, is_paused, has_ended = runner.session, threading.Event(), threading.Event()

        def watch(event: Event) -> None:
            if isinstance(event, StateChanged) and event.state is State.PAUSED:
                is_paused.set()
            if isinstance(event, RunEnded):
                has_ended.set()
                is_paused.set()

        session.subscribe(watch)
        thread = threading.Thread(target=runner.run)
        thread.start()
        while session.progress.global_batch < 200 and not has_ended.is_set():
            time.sleep(0.05)
        waits = []
        for _ in range(presses):
            time.sleep(0.137)  # not in step with the run's own times
            is_paused.clear()
            asked = time.perf_counter()
            answer = session.request(Pause())
            if not answer.is_accepted or not is_paused.wait(60) or has_ended.is_set():
                raise RuntimeError(f"the run did not pause: {answer.message}")
            waits.append(1e3 * (time.perf_counter() - asked))
            session.request(Resume())
        session.request(Stop(save=False))
        thread.join(60)
        if thread.is_alive() or session.state is not State.STOPPED:
            raise RuntimeError(f"the run is {session.state.value} at its end")
    yield Figure(
        name=f"from asking to pause until training stands still, {device}",
        values=tuple(waits),
        goal=50,
        is_more_better=False,
        unit="ms",
        note=f"the longest: {max(waits):.1f} ms",
    )


def dashboard(data_dir: Path, pairs: int, seconds: int) -> Iterator[Figure]:
    """Throughput in the dashboard against --headless, on the GPU."""
    from benchmarks.dashboard import throughputs  # needs pexpect and pyte, the rest does not

    yield Figure(
        name="throughput in the dashboard at 120x36, cuda",
        values=throughputs(data_dir, pairs, seconds, "--device", "cuda"),
        goal=0.98,
        is_more_better=True,
        note="against --headless",
    )


if __name__ == "__main__":
    sys.exit(main())
