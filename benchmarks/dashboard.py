"""What the dashboard costs: throughput against --headless, answers to keys, bytes to the terminal.

    python -m benchmarks.dashboard [--data-dir DIR] [--pairs N] [--seconds N]

Everything runs in a real pseudo-terminal that is read, on the full MNIST.
"""

import itertools
import json
import os
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from typing import Any

import psutil

from benchmarks.arguments import parse
from benchmarks.pairs import Figure, interleave, ratios, tell
from benchmarks.screen import batch_on
from devtools.terminal import Terminal

_SLICE_S = 6.0
"""How long a command trains before the other one does."""


@contextmanager
def training(
    data_dir: Path, *args: str, size: tuple[int, int] = (120, 36)
) -> Iterator[tuple[Terminal, Path]]:
    """A command that trains, and the folder that it was started in."""
    with tempfile.TemporaryDirectory() as folder:
        options = ("--data-dir", str(data_dir.resolve()), "--name", "run")
        terminal = Terminal("train", *args, *options, cwd=Path(folder), size=size)
        try:
            yield terminal, Path(folder)
        finally:
            terminal.close()


def drain(terminal: Terminal, seconds: float) -> bytes:
    """Take what comes to the terminal for that long, without showing it.

    A screen in Python takes a good part of a core, and with two of them that is a good part of
    what trains. The terminal of a person has a core of its own.
    """
    came, end = [], time.perf_counter() + seconds
    while (left := end - time.perf_counter()) > 0:
        came.append(terminal.take(left))
    return b"".join(came)


def watch(terminal: Terminal, seconds: float) -> int:
    """Take what comes to the terminal for that long, then show it; how many bytes came."""
    came = drain(terminal, seconds)
    terminal.show(came)
    return len(came)


class Slices:
    """A command that trains while it is measured, and stands still in between."""

    def __init__(
        self, terminal: Terminal, folder: Path, seconds: float, viewer: Terminal | None = None
    ) -> None:
        """Let it train for as long as its start takes; a slice lasts `seconds` and some more.

        Args:
            terminal: The command's.
            folder: It was started in.
            seconds: Of training in one slice, at least.
            viewer: The terminal of a dashboard that is attached to it, which is read elsewhere.
        """
        self._terminal = terminal
        self._status = folder / "runs" / "run" / "status.json"
        self._seconds = seconds
        self._pids = [of.child.pid for of in (viewer, terminal) if of is not None]
        self.costs: list[float] = []
        """Processor seconds per batch in each slice so far, with what the viewer took."""
        self.beside: list[float] = []
        """In each slice so far, the part of one core that did anything but train, in percent."""
        self._trainer = terminal.child.pid
        terminal.wait_for(lambda text: batch_on(text) or "epoch 1/" in text)
        drain(terminal, 2.0)
        self._signal(signal.SIGSTOP)

    def _signal(self, number: signal.Signals) -> None:
        for pid in self._pids:
            os.kill(pid, number)

    def _processor_s(self) -> float:
        """Processor seconds that its processes have taken."""
        times = [psutil.Process(pid).cpu_times() for pid in self._pids]
        return float(sum(time.user + time.system for time in times))

    def _beside_s(self) -> float:
        """Processor seconds of all threads but those that train, which are the busiest two."""
        training = sorted(thread_seconds(self._trainer), reverse=True)[:2]
        return sum(sum(thread_seconds(pid)) for pid in self._pids) - sum(training)

    def throughput(self) -> float:
        """Batches per second of the next slice, by what the run writes of itself."""
        terminal = self._terminal
        self._signal(signal.SIGCONT)
        for _ in range(3):
            first, taken_s = next_status(terminal, self._status), self._processor_s()
            began_s, beside_s = time.perf_counter(), self._beside_s()
            drain(terminal, self._seconds)
            share = (self._beside_s() - beside_s) / (time.perf_counter() - began_s)
            last, cost_s = next_status(terminal, self._status), self._processor_s() - taken_s
            # One validation, or a part of it, makes a slice slow. Where epochs are long the next
            # slice has none; where they are short all have some.
            epochs = [told["global_batch"] // told["batches"] for told in (first, last)]
            if epochs[1] != epochs[0] + 1:
                break
        self._signal(signal.SIGSTOP)
        batches = last["global_batch"] - first["global_batch"]
        self.costs.append(cost_s / batches)
        self.beside.append(100 * share)
        return float(batches / (last["updated"] - first["updated"]))


def thread_seconds(pid: int) -> list[float]:
    """Processor seconds that each thread of a process has taken. Linux."""
    times = []
    for path in Path(f"/proc/{pid}/task").iterdir():
        with suppress(FileNotFoundError):  # it has ended
            times.append(int((path / "schedstat").read_text().split()[0]) / 1e9)
    return times


def throughputs(data_dir: Path, pairs: int, seconds: float, *args: str) -> tuple[float, ...]:
    """Batches per second in the dashboard against those without, pair by pair.

    Both are started once, and then one trains while the other stands still, for a few seconds at
    a time: what the machine does meanwhile, both have of it.
    """
    options = (*args, "--epochs", "100000")
    with training(data_dir, "--start", *options) as shown:
        in_dashboard = Slices(*shown, seconds)
        with training(data_dir, "--headless", *options) as plain:
            headless = Slices(*plain, seconds)
            return ratios(*interleave(in_dashboard.throughput, headless.throughput, pairs))


def next_status(terminal: Terminal, status: Path) -> dict[str, Any]:
    """What a run writes next of where it stands, as soon as it does."""
    before, end = status.stat().st_ino, time.perf_counter() + 60
    while status.stat().st_ino == before:
        drain(terminal, 0.005)
        assert time.perf_counter() < end, f"nothing more comes of the run:\n{terminal.text}"
    told: dict[str, Any] = json.loads(status.read_text())
    return told


@dataclass(frozen=True)
class Press:
    """A key, and what the screen says once it is answered."""

    key: str
    word: str
    is_shown: bool = True
    """Whether the word comes, or goes."""
    is_loaded: bool = True
    """Whether it is pressed under full training load."""


PRESSES = (
    Press(" ", "space Resume"),
    Press(" ", "space Pause", is_loaded=False),
    Press("2", "Loss per batch", is_shown=False),
    Press("3", "Loss per batch"),
)


def answers(data_dir: Path, presses: int) -> Iterator[float]:
    """Milliseconds from each key to the screen that shows its effect, under full training load."""
    with training(data_dir, "--start", size=(80, 24)) as (terminal, _):
        terminal.wait_for(batch_on)
        watch(terminal, 3.0)
        for number, press in enumerate(itertools.islice(itertools.cycle(PRESSES), presses)):
            # Of many lengths, so that no press is in step with the dashboard's own timers.
            answer_s = answer(terminal, press, 0.37 + 0.013 * (number % 7))
            if press.is_loaded:
                yield 1e3 * answer_s


def answer(terminal: Terminal, press: Press, seconds: float) -> float:
    """Seconds from the key to the bytes that show its effect; watches for `seconds` at least.

    What comes is only noted with its time, and put on the screen afterwards, as in `drain`.
    """
    started = time.perf_counter()
    terminal.press(press.key)
    answered_s: float | None = None
    while answered_s is None:
        assert time.perf_counter() < started + 60, terminal.text
        came = []
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            data = terminal.take(left)
            came.append((time.perf_counter(), data))
        for at, data in came:
            terminal.show(data)
            if answered_s is None and (press.word in terminal.text) is press.is_shown:
                answered_s = at - started
    return answered_s


def bytes_per_second(data_dir: Path, size: tuple[int, int], seconds: float, *keys: str) -> float:
    """Bytes to the terminal per second of training, or after `keys`."""
    with training(data_dir, "--start", size=size) as (terminal, _):
        terminal.wait_for(batch_on)
        terminal.press(*keys)
        watch(terminal, 5.0)
        return watch(terminal, seconds) / seconds


def wait_figures(what: str, waits: tuple[float, ...]) -> Iterator[Figure]:
    """How long keys took to change the screen, in milliseconds."""
    yield Figure(
        name=f"{what}, median",
        values=waits,
        goal=50,
        is_more_better=False,
        unit="ms",
        note="space to pause, 2 and 3 to change the pane",
    )
    yield Figure(
        name="the same, 99th percentile",
        values=(quantiles(waits, n=100)[-1],),
        goal=120,
        is_more_better=False,
        unit="ms",
    )


def measure(data_dir: Path, pairs: int, seconds: int) -> Iterator[Figure]:
    """The dashboard's costs: slices of some seconds, bytes of `seconds`."""
    yield Figure(
        name="throughput in the dashboard at 120x36",
        values=throughputs(data_dir, pairs, _SLICE_S),
        goal=0.97,
        is_more_better=True,
        note="against --headless",
    )
    yield from wait_figures("from a key to the changed screen", tuple(answers(data_dir, 160)))
    for size, goal in (((80, 24), 6.0), ((200, 50), 20.0)):
        rate = bytes_per_second(data_dir, size, seconds) / 1e3
        yield Figure(
            name=f"bytes to the terminal while training, {size[0]}x{size[1]}",
            values=(rate,),
            goal=goal,
            is_more_better=False,
            unit="kB/s",
        )
    yield Figure(
        name="bytes to the terminal while paused, 80x24",
        values=(bytes_per_second(data_dir, (80, 24), seconds, " "),),
        goal=200,
        is_more_better=False,
        unit="B/s",
    )


if __name__ == "__main__":
    arguments = parse(__doc__, pairs=15, seconds=8)
    tell(measure(arguments.data_dir, arguments.pairs, arguments.seconds))
