"""kill -9 at any instant, in headless runs and dashboards by turns; then `resume last`.

    python -m tests.campaigns.kills --count 200 --seed 0

The instants are spread over start, training, saving, evaluation and exit: some by the clock,
some by what has just appeared in the run's directory. Afterwards every file there is whole,
the checkpoint is no older than the newest one that was told of, and the resumed run ends as
the one that was never killed.
"""

import json
import os
import random
import signal
import time
from functools import cache
from pathlib import Path

from mnist_tui.store.atomic import read_lines
from mnist_tui.store.checkpoint import read_checkpoint
from mnist_tui.store.directory import RunDirectory
from mnist_tui.store.validation_file import read_validation
from tests.campaigns.campaign import few_digits, kept_folder, main, spread
from tests.campaigns.processes import InTerminal, in_child
from tests.campaigns.sameness import assert_same_run

EPOCHS = 3
LIMIT_S = 120.0
CHECKPOINT_EVERY_S = (0.05, 0.4)
"""By turns: shorter than a write on a busy machine, and longer."""

seconds_lost: dict[float, list[float]] = {every_s: [] for every_s in CHECKPOINT_EVERY_S}
"""Of training, by each kill that met a run that trained, by the interval of its checkpoints."""


def options(name: str, every_s: float = CHECKPOINT_EVERY_S[0]) -> list[str]:
    return [
        *("--dataset", "mnist", "--data-dir", str(few_digits()), "--epochs", str(EPOCHS)),
        *("--lr", "0.05", "--checkpoint-every", str(every_s), "--name", name),
    ]


@cache
def whole_run() -> tuple[Path, float]:
    """The run that was never killed, and the seconds it took."""
    folder = kept_folder()
    began = time.monotonic()
    with InTerminal(["train", "--headless", *options("whole")], folder) as process:
        assert process.wait(LIMIT_S) == 0, process.text
    return folder / "runs" / "whole", time.monotonic() - began


def attempt(dice: random.Random, folder: Path) -> None:
    """Start, kill, look at what is left, resume, compare."""
    whole, seconds = whole_run()
    is_dashboard = dice.random() < 0.5
    every_s = dice.choice(CHECKPOINT_EVERY_S)
    mode = ["--start"] if is_dashboard else ["--headless"]
    run = RunDirectory(folder / "runs" / "a")
    when = dice.choice(("clock", "clock", "config", "scratch", "last", "row", "finished"))
    with InTerminal(
        ["train", *mode, *options("a", every_s)], folder, fresh=dice.random() < 0.1
    ) as process:
        if when == "clock":
            process.watch(dice.uniform(0, seconds * (2.0 if is_dashboard else 1.2)))
        else:
            nth = dice.randint(1, 6)
            process.watch(LIMIT_S, lambda: has_come(run, when, nth))
            process.watch(dice.choice((0.0, dice.uniform(0, 0.05))))
        killed_at = time.time()
        process.kill(signal.SIGKILL)
    if not run.path.exists():
        return  # killed before there was a run
    told = assert_whole(run)
    assert_insight(run)
    if (lost := lost_s(run, killed_at)) is not None:
        seconds_lost[every_s].append(lost)
    code = in_child(lambda: resume(folder))
    assert code == 0, f"resume ended with {code}; {when}, {mode}: {run.log.read_text()[-500:]}"
    assert run.is_over(EPOCHS), "resume did not finish the run"
    assert read_checkpoint(run.last).global_batch >= told
    left = [path.name for path in run.path.rglob(".*")]
    assert not left, f"scratch files are left: {left}"
    assert_same_run(whole, run.path)


def lost_s(run: RunDirectory, killed_at: float) -> float | None:
    """Seconds of training that the kill cost; None where it met a run that did not train."""
    began = [
        event["time"]
        for event in read_lines(run.events)
        if event["event"] == "state_changed" and event["state"] == "running"
    ]
    if not began:
        return None
    if not run.last.exists():
        return killed_at - began[-1]
    checkpoint = read_checkpoint(run.last)
    if checkpoint.epoch > checkpoint.config.epochs:
        return None  # killed on its way out
    return max(0.0, killed_at - began[-1] - checkpoint.elapsed_s)


def resume(folder: Path) -> int:
    """`mnist-tui resume last --headless` in that folder; the exit code."""
    from mnist_tui.cli import main as command

    os.chdir(folder)
    try:
        command(["resume", "last", "--headless"])
    except SystemExit as end:
        return int(end.code or 0)


def has_come(run: RunDirectory, what: str, nth: int) -> bool:
    """Whether the run has come to that point of its life."""
    match what:
        case "config":
            return run.config.exists()
        case "scratch":
            return any(run.path.rglob(".*"))
        case "last":
            return run.last.exists()
        case "row":
            return len(read_lines(run.metrics)) >= min(nth, EPOCHS)
        case _:
            return b"finished" in _content(run.status)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def assert_insight(run: RunDirectory) -> None:
    """What was learned is there of every epoch that the checkpoint counts as done."""
    seen = [epoch.epoch for epoch in read_validation(run.validation).epochs]
    rows = [row.epoch for row in read_checkpoint(run.last).rows] if run.last.exists() else []
    assert seen[: len(rows)] == rows, f"insight of epochs {seen}, rows of {rows}"


def assert_whole(run: RunDirectory) -> int:
    """Every file of the run is whole; the newest global batch whose saving was told of."""
    for path in (run.config, run.status):
        if path.exists():
            assert isinstance(json.loads(path.read_bytes()), dict), f"{path.name} is torn"
    for path in run.checkpoints.glob("[!.]*.pt"):
        read_checkpoint(path)
    read_validation(run.validation)
    for path in (run.metrics, run.events):
        for line in _content(path).split(b"\n")[:-1]:
            assert isinstance(json.loads(line), dict), f"{path.name} holds a torn line"
    saved = [e["global_batch"] for e in read_lines(run.events) if e["event"] == "checkpoint_saved"]
    newest = max(saved, default=0)
    if newest:
        assert read_checkpoint(run.last).global_batch >= newest
    return newest


if __name__ == "__main__":
    main(
        attempt,
        200,
        measured=lambda: tuple(
            f"lost with a checkpoint each {every_s:g} s: {spread(lost)}, "
            f"{sum(seconds > every_s for seconds in lost)} of them above that"
            for every_s, lost in seconds_lost.items()
        ),
    )
