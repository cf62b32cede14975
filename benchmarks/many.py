"""How soon thousands of runs are listed, what that costs training beside it, and one run shown.

    python -m benchmarks.many [--data-dir DIR] [--pairs N] [--seconds N]

In real pseudo-terminals that are read. The runs are copies of a few that were really trained.
"""

import re
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.arguments import parse
from benchmarks.dashboard import drain, next_status, watch
from benchmarks.pairs import Figure, interleave, ratios, tell
from benchmarks.screen import batch_on
from benchmarks.start import import_torch
from devtools.many_runs import make_many_runs
from devtools.terminal import Terminal

_COUNT = 5000
_SIZE = (120, 36)
_SETTLE_S = 2.0


def listed(runs: Path) -> tuple[float, float]:
    """Seconds from the key to the first rows on the screen, and to all of them."""
    terminal = Terminal("--runs-dir", str(runs), cwd=runs.parent, size=_SIZE)
    try:
        terminal.wait_for("ready")
        drain(terminal, _SETTLE_S)
        started = time.perf_counter()
        terminal.press("r")
        terminal.wait_for(lambda text: re.search(r"run-\d{4} ", text))
        first_s = time.perf_counter() - started
        terminal.wait_for(f"{_COUNT:,} runs ")
        terminal.wait_for(lambda text: "reading" not in text)
        return first_s, time.perf_counter() - started
    finally:
        terminal.close()


def moved(runs: Path, presses: int) -> Iterator[float]:
    """Milliseconds from a key that goes to the list's other end to it, while runs are read."""
    terminal = Terminal("--runs-dir", str(runs), cwd=runs.parent, size=_SIZE)
    try:
        terminal.wait_for("ready")
        terminal.press("r")
        terminal.wait_for(lambda text: re.search(r"run-\d{4} ", text))
        for number in range(presses):
            before = _first_name(terminal.text)
            watch(terminal, 0.1)
            started = time.perf_counter()
            terminal.press("\x1b[H" if number % 2 else "\x1b[F")
            terminal.wait_for(lambda text, before=before: _first_name(text) != before)
            yield 1e3 * (time.perf_counter() - started)
    finally:
        terminal.close()


def _first_name(text: str) -> str:
    """The first run in sight."""
    found = re.search(r"run-\d{4} ", text)
    return found[0] if found else ""


def throughputs(data_dir: Path, runs: Path, pairs: int, seconds: float) -> tuple[float, ...]:
    """Batches per second with the list over the dashboard against without it, pair by pair.

    The first slice with it is the one in which all runs are read.
    """
    options = ("--start", "--epochs", "100000", "--name", "run")
    place = ("--runs-dir", str(runs), "--data-dir", str(data_dir.resolve()))
    terminal = Terminal("train", *options, *place, cwd=runs.parent, size=_SIZE)
    status = runs / "run" / "status.json"

    def throughput() -> float:
        first = next_status(terminal, status)
        drain(terminal, seconds)
        last = next_status(terminal, status)
        batches = last["global_batch"] - first["global_batch"]
        return float(batches / (last["updated"] - first["updated"]))

    def with_list() -> float:
        terminal.press("r")
        try:
            return throughput()
        finally:
            terminal.press("\x1b")

    try:
        terminal.wait_for(batch_on)
        drain(terminal, _SETTLE_S)
        return ratios(*interleave(with_list, throughput, pairs))
    finally:
        terminal.close()


def shown(runs: Path) -> float:
    """Seconds from the command `show` to the curves on the screen."""
    started = time.perf_counter()
    terminal = Terminal("show", "last", "--runs-dir", str(runs), cwd=runs.parent, size=_SIZE)
    try:
        terminal.wait_for(lambda text: re.search("[\u2801-\u28ff]", text))
        return time.perf_counter() - started
    finally:
        terminal.close()


def measure(data_dir: Path, pairs: int, seconds: int) -> Iterator[Figure]:
    """The list's times and cost, and how soon curves are shown."""
    with tempfile.TemporaryDirectory() as folder:
        runs = Path(folder) / "runs"
        make_many_runs(runs, _COUNT)
        first_s, all_s = zip(*(listed(runs) for _ in range(pairs)), strict=True)
        yield Figure(
            name=f"from the key to the first rows of {_COUNT:,} runs",
            values=first_s,
            goal=0.5,
            is_more_better=False,
            unit="s",
        )
        yield Figure(
            name="the same to all of them", values=all_s, goal=5, is_more_better=False, unit="s"
        )
        yield Figure(
            name="from a key to the other end of them, while they are read",
            values=tuple(moved(runs, 10 * pairs)),
            goal=50,
            is_more_better=False,
            unit="ms",
        )
        shown(runs), import_torch()  # files into the page cache
        yield Figure(
            name="curves of the newest of them on the screen by `show`",
            values=ratios(*interleave(lambda: shown(runs), import_torch, pairs)),
            goal=0.35,
            is_more_better=False,
            note="against `import torch`",
        )
        yield Figure(
            name="throughput with their list over the dashboard at 120x36",
            values=throughputs(data_dir, runs, pairs, seconds),
            goal=0.97,
            is_more_better=True,
            note="against without it",
        )


if __name__ == "__main__":
    arguments = parse(__doc__, pairs=5, seconds=6)
    tell(measure(arguments.data_dir, arguments.pairs, arguments.seconds))
