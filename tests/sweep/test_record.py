"""A sweep's folder is one process's at a time."""

import os
import sys
from pathlib import Path

import pytest

from mnist_tui.errors import UsageError
from mnist_tui.store import lock
from mnist_tui.sweep.grid import Grid
from mnist_tui.sweep.record import SweepFolder, make_sweep

if sys.platform == "win32":
    pytest.skip("needs flock", allow_module_level=True)

import fcntl


@pytest.fixture
def folder(tmp_path: Path) -> SweepFolder:
    return make_sweep(tmp_path, "rates", Grid({"lr": (0.1, 0.01)}), tmp_path)


def locked_elsewhere(folder: SweepFolder) -> int:
    """The folder's lock as another process has it: an open file of its own."""
    descriptor = os.open(folder.path / "lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    return descriptor


def test_who_only_looks_whether_a_sweep_is_trained_keeps_nobody_from_it(
    folder: SweepFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    looking = locked_elsewhere(folder)
    waits: list[float] = []

    def end_of_the_look(seconds: float) -> None:
        if not waits:
            os.close(looking)
        waits.append(seconds)

    monkeypatch.setattr(lock.time, "sleep", end_of_the_look)
    with folder.lock():
        assert folder.trainer == os.getpid()
    assert len(waits) == 1


def test_a_sweep_that_is_trained_is_refused_in_its_own_words(
    folder: SweepFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock.time, "sleep", lambda seconds: None)
    held = locked_elsewhere(folder)
    with pytest.raises(UsageError, match=r"sweep rates is being trained by .*; stop that one"):
        folder.lock().__enter__()
    os.close(held)
