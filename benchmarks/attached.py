"""What it costs to serve a run to other processes, and to watch it from one.

    python -m benchmarks.attached [--data-dir DIR] [--pairs N] [--seconds N]

On the full MNIST; dashboards are in real pseudo-terminals that are read. Linux only: processor
time of single threads is read from /proc.
"""

import itertools
import os
import select
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.arguments import parse
from benchmarks.dashboard import PRESSES, Slices, answer, drain, training, wait_figures, watch
from benchmarks.pairs import Figure, interleave, ratios, tell
from benchmarks.screen import batch_on
from devtools.terminal import Terminal
from mnist_tui.config import TrainConfig
from mnist_tui.engine.runner import TrainingRunner
from mnist_tui.remote.connection import connect
from mnist_tui.remote.server import serve
from mnist_tui.run.plan import NewRun
from mnist_tui.run.protocol import Watch
from mnist_tui.run.requests import Stop
from mnist_tui.run.state import State
from mnist_tui.store.directory import RunDirectory

_SLICE_S = 6.0
"""How long a command trains before the other one does."""


@contextmanager
def attached(folder: Path, size: tuple[int, int]) -> Iterator[Terminal]:
    """A dashboard on the run in `folder`, which another process trains."""
    while not (folder / "runs" / "run" / "status.json").exists():
        time.sleep(0.1)
    terminal = Terminal("attach", "run", cwd=folder, size=size)
    try:
        terminal.wait_for(batch_on)
        yield terminal
    finally:
        terminal.close()


@contextmanager
def reading(terminal: Terminal) -> Iterator[None]:
    """While inside, take what comes to a terminal, on a thread, without showing it."""
    is_over = threading.Event()

    def read() -> None:
        while not is_over.is_set():
            terminal.take(0.1)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        yield
    finally:
        is_over.set()
        reader.join()


@dataclass(frozen=True)
class Comparison:
    """A run that an attached dashboard shows, against another one, pair by pair."""

    throughput: tuple[float, ...]
    """Batches per second."""
    processor_time: tuple[float, ...]
    """Per batch, the attached dashboard's own included."""
    beside: tuple[float, ...]
    """Of all that does not train, in processor time per second."""


def compare(data_dir: Path, pairs: int, seconds: float) -> tuple[Comparison, Comparison]:
    """Train under an attached dashboard, without one, and in a dashboard of the same process.

    Returns:
        The first against the second, and against the third.
    """

    def against(other: Slices) -> Comparison:
        throughput = ratios(*interleave(watched.throughput, other.throughput, pairs))
        return Comparison(
            throughput,
            ratios(watched.costs[-pairs:], other.costs),
            ratios(watched.beside[-pairs:], other.beside),
        )

    endless = ("--epochs", "100000")
    with (
        training(data_dir, "--headless", *endless) as served,
        attached(served[1], (120, 36)) as viewer,
        reading(viewer),
    ):
        watched = Slices(*served, seconds, viewer)
        with training(data_dir, "--headless", *endless) as plain:
            against_none = against(Slices(*plain, seconds))
        with training(data_dir, "--start", *endless) as shown:
            against_own = against(Slices(*shown, seconds))
    return against_none, against_own


def answers(data_dir: Path, presses: int) -> Iterator[float]:
    """Milliseconds from each key to the screen that shows its effect, through the socket."""
    with training(data_dir, "--headless", "--epochs", "100000") as (owner, folder):
        owner.wait_for("epoch 1/")
        with attached(folder, (80, 24)) as terminal:
            watch(terminal, 3.0)
            for number, press in enumerate(itertools.islice(itertools.cycle(PRESSES), presses)):
                drain(owner, 0.001)
                answer_s = answer(terminal, press, 0.37 + 0.013 * (number % 7))
                if press.is_loaded:
                    yield 1e3 * answer_s


def costs(data_dir: Path, seconds: float) -> Iterator[tuple[str, float]]:
    """Processor time of the server's thread, and bytes on the socket, by what they are of."""
    with tempfile.TemporaryDirectory() as folder:
        config = TrainConfig(epochs=100_000, data_dir=str(data_dir))
        runner = TrainingRunner(NewRun(config=config, runs_dir=Path(folder), name="run"), serve)
        thread = threading.Thread(target=runner.run)
        thread.start()
        while runner.session.state is not State.RUNNING or not len(runner.session.history):
            time.sleep(0.1)
        yield "no viewer", _share_of_server(seconds)
        connection = connect(RunDirectory(Path(folder) / "run"))
        connection.send(Watch())
        _count(connection.fileno(), 2.0)  # what has been so far
        done: list[float] = []
        counting = threading.Thread(
            target=lambda: done.append(_count(connection.fileno(), seconds) / seconds)
        )
        counting.start()
        yield "one viewer", _share_of_server(seconds)
        counting.join()
        yield "bytes", done[0]
        connection.close()
        runner.session.request(Stop())
        thread.join()


def _share_of_server(seconds: float) -> float:
    """The part of one core that the server's thread takes, in percent."""
    [server] = [thread for thread in threading.enumerate() if thread.name == "run-server"]
    path = Path(f"/proc/self/task/{server.native_id}/schedstat")

    def taken_s() -> float:
        return int(path.read_text().split()[0]) / 1e9

    before_s = taken_s()
    time.sleep(seconds)
    return 100 * (taken_s() - before_s) / seconds


def _count(descriptor: int, seconds: float) -> int:
    """How many bytes come in that time."""
    came, end = 0, time.perf_counter() + seconds
    while (left := end - time.perf_counter()) > 0:
        if select.select([descriptor], [], [], left)[0]:
            came += len(os.read(descriptor, 1 << 16))
    return came


def measure(data_dir: Path, pairs: int, seconds: int) -> Iterator[Figure]:
    """The costs of being served and of being watched."""
    found = dict(costs(data_dir, 3.0 * seconds))
    for what, goal in (("no viewer", 0.5), ("one viewer", 3.0)):
        yield Figure(
            name="processor time of the server's thread, of one core",
            values=(found[what],),
            goal=goal,
            is_more_better=False,
            unit="%",
            note=what,
        )
    yield Figure(
        name="bytes on the socket while training, one viewer",
        values=(found["bytes"] / 1e3,),
        goal=20,
        is_more_better=False,
        unit="kB/s",
    )
    yield from wait_figures(
        "from a key to the changed screen through the socket", tuple(answers(data_dir, 120))
    )
    against_none, against_own = compare(data_dir, pairs, _SLICE_S)
    for comparison, what, least, most in (
        (against_none, "none", 0.97, 1.03),
        (against_own, "one in the process that trains", 1.0, 1.0),
    ):
        yield Figure(
            name="throughput with an attached dashboard at 120x36",
            values=comparison.throughput,
            goal=least,
            is_more_better=True,
            note=f"against {what}",
        )
        yield Figure(
            name="processor time per batch with an attached dashboard, its own included",
            values=comparison.processor_time,
            goal=most,
            is_more_better=False,
            note=f"against {what}",
        )
    yield Figure(
        name="processor time of all that does not train, with an attached dashboard",
        values=against_own.beside,
        goal=1.0,
        is_more_better=False,
        note="against one in the process that trains",
    )


if __name__ == "__main__":
    arguments = parse(__doc__, pairs=5, seconds=8)
    tell(measure(arguments.data_dir, arguments.pairs, arguments.seconds))
