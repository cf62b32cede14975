"""A disk that is full, slow, read-only, or loses the run's directory: training goes on.

    python -m tests.campaigns.bad_disk --count 60 --seed 0

From a random batch on the disk is bad, and at another it is good again. Where this may be done
(by root, on Linux) the runs are on a small tmpfs that is filled or made read-only; elsewhere
the error is injected. Training never stops, each failure is told, all is saved once it can be,
and no file under a final name is ever torn.
"""

import errno
import itertools
import os
import random
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from mnist_tui.run.events import SavedAgain, SaveFailed, Warned
from mnist_tui.run.plan import NewRun
from mnist_tui.run.state import State
from mnist_tui.store import atomic
from mnist_tui.store.atomic import read_json, read_lines
from mnist_tui.store.checkpoint import read_checkpoint
from tests.campaigns.campaign import few_digits, main
from tests.campaigns.kills import assert_whole
from tests.campaigns.wrong_numbers import BATCHES, EPOCHS
from tests.training_helpers import RecordedRun, few_config

Trouble = Callable[[Path, bool], None]
"""Makes the disk with this runs directory bad (True), or good again."""


def attempt(dice: random.Random, folder: Path) -> None:
    """Train while the disk is bad for some of the time, or to the end."""
    with small_disk(folder / "disk") as disk:
        runs = (disk or folder) / "runs"
        runs.mkdir()
        real = {full: fill, read_only: remount} if disk else {}
        trouble = dice.choice((full, read_only, delete, unwritable, slow))
        begin = dice.randint(1, BATCHES * EPOCHS)
        end = dice.choice((None, dice.randint(begin, BATCHES * EPOCHS)))
        with real.get(trouble, trouble)(runs, folder) as switch:
            _train(runs, folder, switch, begin, end, what=trouble.__name__)


def _train(
    runs: Path,
    folder: Path,
    switch: Callable[[bool], None],
    begin: int,
    end: int | None,
    what: str,
) -> None:
    from mnist_tui.engine.learner import Learner

    config = few_config(few_digits(), batch_size=32, epochs=EPOCHS, checkpoint_every_s=0.02)
    run = RecordedRun(NewRun(config=config, runs_dir=runs, name="a"))
    real, steps = Learner.train, itertools.count(1)

    def step(self: Learner, start: int, rates: Sequence[float]) -> None:
        number = next(steps)
        if number == begin:
            switch(True)
        if number == end:
            switch(False)
        real(self, start, rates)

    Learner.train = step  # type: ignore[method-assign]
    try:
        run.run()
    finally:
        Learner.train = real  # type: ignore[method-assign]
        switch(False)
    about = f"{what} from {begin} to {end}"
    assert run.ended.state is State.FINISHED, f"{about}: {run.ended.message}"
    last = run.directory.last
    if what in ("slow", "delete") or end is not None:
        assert run.ended.saved, f"{about}: not saved: {run.ended.hint}"
        assert read_checkpoint(last).global_batch == BATCHES * EPOCHS, about
        assert len(read_lines(run.directory.metrics)) == EPOCHS, about
        assert read_json(run.directory.status).get("state") == "finished", about
    elif not run.ended.saved:
        assert run.of(SaveFailed), f"{about}: nothing was told"
        assert run.ended.hint, f"{about}: no hint at the end"
        assert run.ended.exit_code == 1, about
    if what == "delete":
        assert run.of(Warned), f"{about}: the deletion was not told"
    else:
        assert_whole(run.directory)
    failed = {event.path for event in run.of(SaveFailed)}
    again = {event.path for event in run.of(SavedAgain)}
    assert again <= failed, about
    left = [path.name for path in run.directory.path.rglob(".*")]
    assert what == "read_only" or not left, f"{about}: {left} is left"


@contextmanager
def small_disk(place: Path) -> Iterator[Path | None]:
    """A file system of 40 MB of its own; None where that cannot be had."""
    place.mkdir()
    mount = shutil.which("mount")
    options = ["-t", "tmpfs", "-o", "size=40m", "tmpfs", str(place)]
    if mount is None or subprocess.run([mount, *options], capture_output=True).returncode:
        yield None
        return
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


@contextmanager
def full(runs: Path, folder: Path) -> Iterator[Callable[[bool], None]]:
    """Syncing fails as on a full disk."""
    with failing_sync(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))) as switch:
        yield switch


@contextmanager
def read_only(runs: Path, folder: Path) -> Iterator[Callable[[bool], None]]:
    """Syncing fails as on a disk that was remounted after an error."""
    with failing_sync(OSError(errno.EROFS, os.strerror(errno.EROFS))) as switch:
        yield switch


@contextmanager
def fill(runs: Path, folder: Path) -> Iterator[Callable[[bool], None]]:
    """The tmpfs is filled to its last byte."""
    ballast = runs.parent / "ballast"

    def switch(is_bad: bool) -> None:
        if not is_bad:
            ballast.unlink(missing_ok=True)
            return
        with ballast.open("wb", buffering=0) as file:
            for size in (1_000_000, 10_000, 100, 1):
                try:
                    while True:
                        file.write(bytes(size))
                except OSError:
                    continue

    yield switch


@contextmanager
def remount(runs: Path, folder: Path) -> Iterator[Callable[[bool], None]]:
    """The tmpfs is made read-only, as soon as nothing in it is being written."""

    def switch(is_bad: bool) -> None:
        mode = "ro" if is_bad else "rw"
        command = ["mount", "-o", f"remount,{mode}", str(runs.parent)]
        subprocess.run(command, capture_output=True)

    yield switch


@contextmanager
def delete(runs: Path, folder: Path) -> Iterator[Callable[[bool], None]]:
    """The run's directory is deleted."""

    def switch(is_bad: bool) -> None:
        # Elsewhere in one step, so that the writer is met at any point of its work.
        if is_bad and (runs / "a").exists():
            (runs / "a").rename(runs / ".deleted")
            shutil.rmtree(runs / ".deleted", ignore_errors=True)

    yield switch


@contextmanager
def unwritable(runs: Path, folder: Path) -> Iterator[Callable[[bool], None]]:
    """Nothing can be opened for writing: rights that root would not be stopped by."""
    with failing_sync(PermissionError(errno.EACCES, os.strerror(errno.EACCES))) as switch:
        yield switch


@contextmanager
def slow(runs: Path, folder: Path) -> Iterator[Callable[[bool], None]]:
    """Syncing takes a tenth of a second."""
    with failing_sync(None) as switch:
        yield switch


@contextmanager
def failing_sync(error: OSError | None) -> Iterator[Callable[[bool], None]]:
    """Make fsync raise `error`, or take long, while switched on."""
    real, state = os.fsync, [False]

    def sync(descriptor: int) -> None:
        if state[0] and error is not None:
            raise error
        if state[0]:
            time.sleep(0.1)
        real(descriptor)

    atomic.os.fsync = sync  # type: ignore[assignment]
    try:
        yield lambda is_bad: state.__setitem__(0, is_bad)
    finally:
        atomic.os.fsync = real  # type: ignore[assignment]


if __name__ == "__main__":
    main(attempt, 60)
