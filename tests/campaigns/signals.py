"""SIGINT, SIGTERM and SIGHUP at any instant: the state is saved and the terminal restored.

    python -m tests.campaigns.signals --count 150 --seed 0

By turns: each signal, in a headless run or a dashboard, spread over start, training and
saving; in every third attempt it comes twice, as it does where a whole group of processes is
signalled, and counts once. Afterwards the run resumes to the same end as the run that was left
alone.

No attempt fails for being slow; as a command it says how long the exits took.
"""

import random
import signal
import time
from pathlib import Path

from mnist_tui.store.atomic import read_json
from mnist_tui.store.checkpoint import read_checkpoint
from mnist_tui.store.directory import RunDirectory
from tests.campaigns.campaign import main, spread
from tests.campaigns.kills import (
    EPOCHS,
    LIMIT_S,
    assert_insight,
    assert_whole,
    has_come,
    options,
    resume,
    whole_run,
)
from tests.campaigns.processes import InTerminal, in_child
from tests.campaigns.sameness import assert_same_run

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

seconds: list[float] = []
"""From a signal to the end of its process, all saved."""


def attempt(dice: random.Random, folder: Path) -> None:
    """Start, send a signal, look at the end of the process and what it left, resume, compare."""
    whole, _ = whole_run()
    number = dice.choice(SIGNALS)
    is_dashboard = dice.random() < 0.5
    mode = ["--start", "--on-hangup", "save"] if is_dashboard else ["--headless"]
    run = RunDirectory(folder / "runs" / "a")
    when = dice.choice(("start", "config", "scratch", "last", "row"))
    is_twice = dice.random() < 1 / 3
    with InTerminal(["train", *mode, *options("a")], folder) as process:
        if when == "start":
            # Not before the handlers stand: until then there is nothing that could be saved.
            process.watch(LIMIT_S, lambda: catches(process.pid, number))
        else:
            nth = dice.randint(1, 2)
            process.watch(LIMIT_S, lambda: has_come(run, when, nth))
        process.watch(dice.choice((0.0, dice.uniform(0, 0.1))))
        sent_at = time.time()
        process.send(number)
        if is_twice:
            process.watch(dice.choice((0.0, dice.uniform(0, 0.02))))
            process.send(number)
        code = process.wait(LIMIT_S)
        if code != 0:
            seconds.append(process.ended_at - sent_at)
        what = f"{number.name}, {mode}, {when}, twice: {is_twice}, code {code}"
        assert "Traceback" not in process.text, process.text
        if is_dashboard:
            assert_restored(process.raw, what)
    is_ended = code in (128 + number, 0) or (is_twice and code == -number)
    assert is_ended, f"{what}: {process.text[-300:]}"
    if not run.path.exists():
        return
    assert_whole(run)
    assert_insight(run)
    state = read_json(run.status).get("state")
    if code > 0:
        assert state in ("stopped", None), f"{what}: the state is {state}"
        if run.last.exists():
            status = read_json(run.status)
            done = read_checkpoint(run.last).global_batch
            assert done == status["global_batch"], f"{what}: {done} of {status['global_batch']}"
    assert in_child(lambda: resume(folder)) == 0, what
    assert run.is_over(EPOCHS)
    assert_same_run(whole, run.path)


def catches(pid: int, number: int) -> bool:
    """Whether that process has a handler of its own for the signal."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
    caught = int(status.partition("SigCgt:")[2].split()[0], 16)
    # SIGINT has one from the start, Python's, which gives way to ours together with the others.
    return all(caught >> (each - 1) & 1 for each in SIGNALS)


def assert_restored(raw: bytes, what: str) -> None:
    """The main screen, the cursor and the mouse are as they were."""
    for on, off in (
        (b"\x1b[?1049h", b"\x1b[?1049l"),
        (b"\x1b[?25l", b"\x1b[?25h"),
        (b"\x1b[?1000h", b"\x1b[?1000l"),
        (b"\x1b[?2004h", b"\x1b[?2004l"),
    ):
        assert raw.rfind(off) >= raw.rfind(on), f"{on!r} was left on: {what}"


if __name__ == "__main__":
    main(
        attempt,
        150,
        measured=lambda: (f"from the signal to the exit: {spread(seconds)}",),
    )
