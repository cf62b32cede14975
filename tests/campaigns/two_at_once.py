"""Two processes in the same runs directory, and two on the same run.

    python -m tests.campaigns.two_at_once --count 30 --seed 0

Two start at the same moment, under the same name, under none, or resuming the same run, while
a third lists the runs again and again. One run has one process: the other is refused with the
first one's process id, or has a run of its own. A lock of a dead process stops nobody. Where
locks hold nothing, one of the two is refused or overtaken, and the run is whole all the same.
"""

import os
import random
import signal
from collections.abc import Sequence
from pathlib import Path
from unittest.mock import patch

from mnist_tui.cli import main as command
from mnist_tui.engine.learner import Learner
from mnist_tui.run.plan import NewRun
from mnist_tui.run.requests import Stop
from mnist_tui.store import lock
from mnist_tui.store.catalog import list_runs
from mnist_tui.store.checkpoint import read_checkpoint
from mnist_tui.store.directory import RunDirectory
from tests.campaigns.campaign import few_digits, main
from tests.campaigns.kills import EPOCHS, assert_whole, options, whole_run
from tests.campaigns.processes import leave
from tests.campaigns.sameness import assert_same_run
from tests.training_helpers import RecordedRun, few_config


def attempt(dice: random.Random, folder: Path) -> None:
    """Start two at once, see them both to their end, and look what stands."""
    whole, _ = whole_run()
    how = dice.choice(("same name", "no name", "same run", "stale lock", "no locks"))
    resumes = how in ("same run", "stale lock", "no locks")
    stop_at = dice.randint(1, 2 * EPOCHS)
    if resumes:
        _interrupt(folder, stop_at)
    if how == "stale lock":
        (folder / "runs" / "a" / "lock").write_text("4194304\n")
    start = ["resume", "a"] if resumes else ["train", *options("a")]
    if how == "no name":
        start = start[:-2]
    lister = _start(folder, None, "lister")
    holds = how != "no locks"
    said = [
        _start(folder, [*start, "--headless"], name, holds_locks=holds) for name in ("one", "two")
    ]
    codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in said]
    os.kill(lister, signal.SIGKILL)
    os.waitpid(lister, 0)
    words = [(folder / name).read_text() for name in ("one", "two")]
    runs = list_runs(folder / "runs")
    assert not any("Traceback" in text for text in words), words
    if how == "no name":
        assert codes == [0, 0], words
        assert len(runs) == 2, "two runs became one"
    else:
        # The second one is refused, or came when the first had finished.
        assert 0 in codes, words
        # Without locks the first one may be overtaken when it has begun already.
        assert set(codes) <= ({0, 2} if holds else {0, 1, 2}), words
        assert all("vertaken" in text for code, text in zip(codes, words, strict=True) if code == 1)
        assert len(runs) == 1
        for code, text, other in zip(codes, words, reversed(said), strict=True):
            if code == 2 and "being trained" in text:
                assert f"process {other}" in text, text
    for listed in runs:
        run = RunDirectory(Path(listed.path))
        assert_whole(run)
        assert run.is_over(EPOCHS)
        assert_same_run(whole, run.path)


def _interrupt(folder: Path, batches: int) -> None:
    """A run of the same settings that was stopped after some batches."""
    config = few_config(few_digits(), batch_size=32, epochs=EPOCHS, checkpoint_every_s=0.05)
    run = RecordedRun(NewRun(config=config, runs_dir=folder / "runs", name="a"))
    real, done = Learner.train, 0

    def step(self: Learner, start: int, rates: Sequence[float]) -> None:
        nonlocal done
        real(self, start, rates)
        done += 1
        if done == batches:
            run.session.request(Stop())

    Learner.train = step  # type: ignore[method-assign]
    try:
        run.run()
    finally:
        Learner.train = real  # type: ignore[method-assign]
    assert read_checkpoint(run.directory.last).global_batch == batches


def _start(folder: Path, args: list[str] | None, name: str, *, holds_locks: bool = True) -> int:
    """A process that runs the command, or lists the runs for ever; its id.

    Without `holds_locks` every lock is granted, as on a network file system that has none.
    """
    pid = os.fork()
    if pid:
        return pid

    def act() -> int:
        os.chdir(folder)
        if not holds_locks:
            patch.object(lock, "_flock", return_value=True).start()
        file = os.open(name, os.O_WRONLY | os.O_CREAT)
        os.dup2(file, 1)
        os.dup2(file, 2)
        while args is None:
            list_runs(Path("runs"))
        try:
            command(args)
        except SystemExit as end:
            return int(end.code or 0)

    leave(act)
    return 0


if __name__ == "__main__":
    main(attempt, 30)
