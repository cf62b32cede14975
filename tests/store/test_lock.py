"""The lock of a run, with and without file systems that have locks."""

import errno
import itertools
import os
import platform
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from mnist_tui.config import TrainConfig
from mnist_tui.errors import UsageError
from mnist_tui.store import lock
from mnist_tui.store.atomic import read_json, write_json
from mnist_tui.store.directory import RunDirectory
from mnist_tui.store.new_run import create_run
from mnist_tui.store.owner import Owner

fcntl = pytest.importorskip("fcntl", reason="Windows has no flock")

HOLD = """
import sys
from pathlib import Path
from typing import Any
from mnist_tui.store.atomic import read_json, write_json
from mnist_tui.store.directory import RunDirectory
with RunDirectory(Path(sys.argv[1])).lock.hold():
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_process_is_refused_with_the_firsts_pid(tmp_path: Path) -> None:
    run = create_run(tmp_path, "a", TrainConfig())
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(run.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        assert run.lock.is_held()
        with pytest.raises(UsageError, match=str(holder.pid)), run.lock.hold():
            pass
        holder.kill()
    assert not run.lock.is_held()
    with run.lock.hold():
        assert run.lock.is_held()
        assert run.lock.owner.pid == os.getpid()


def test_a_lock_that_is_shared_is_free_only_when_both_have_left(tmp_path: Path) -> None:
    directory = create_run(tmp_path, "a", TrainConfig())
    with directory.lock.hold():
        assert directory.lock.descriptor is not None
        inherited = os.dup(directory.lock.descriptor)
        shared = RunDirectory(directory.path)
        with shared.lock.share(inherited):
            scratch = directory.path / ".status.json-0123456789ab"
            scratch.touch()
            shared.lock.claim()
            assert not scratch.exists()
            assert directory.lock.owner.pid == os.getpid()
            assert directory.lock.is_held()
        assert directory.lock.is_held()
        assert shared.lock.descriptor is None
    assert not directory.lock.is_held()


def refuse_to_open(monkeypatch: pytest.MonkeyPatch, *modes: int, error: int) -> None:
    """Let files not be opened in these modes, as where they are another user's."""
    real = os.open

    def open_(path: Any, flags: int, *rest: Any, **options: Any) -> int:
        if flags in modes:
            raise OSError(error, os.strerror(error), path)
        return real(path, flags, *rest, **options)

    monkeypatch.setattr(os, "open", open_)


def test_a_run_in_a_place_that_cannot_be_written_to_is_seen_to_be_live(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = create_run(tmp_path, "a", TrainConfig())
    with run.lock.hold():
        refuse_to_open(monkeypatch, os.O_RDWR, error=errno.EROFS)
        assert run.lock.is_held()
    assert not run.lock.is_held()


def test_a_run_whose_lock_cannot_be_read_is_live_while_its_process_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = create_run(tmp_path, "a", TrainConfig())
    with run.lock.hold():
        pass
    refuse_to_open(monkeypatch, os.O_RDWR, os.O_RDONLY, error=errno.EACCES)
    assert not run.lock.is_held()

    def kill(pid: int, signal: int) -> None:
        assert signal == 0
        raise {1: PermissionError, 2: ProcessLookupError}[pid]

    monkeypatch.setattr(os, "kill", kill)
    for pid, is_alive in ((1, True), (2, False), (-1, False), ("x", False)):
        write_json(run.status, {"pid": pid})
        assert run.lock.is_held() is is_alive


@pytest.fixture
def locks_that_hold_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every lock be granted, as on a network file system that locks on each machine alone."""
    monkeypatch.setattr(fcntl, "flock", lambda *_: None)


def live_elsewhere(run: RunDirectory, **status: Any) -> None:
    """Let the run look like one that another machine trains."""
    (run.path / "lock").write_text(Owner(4_321, "node7").line)
    write_json(run.status, {"state": "running", "updated": time.time(), **status})


@pytest.mark.usefixtures("locks_that_hold_nothing")
def test_a_run_that_shows_life_is_refused_where_locks_hold_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = create_run(tmp_path, "a", TrainConfig())
    live_elsewhere(run)
    looks = itertools.count()

    def read(path: Path) -> dict[str, Any]:
        live_elsewhere(run, batch=next(looks))  # the other process writes before each look
        return read_json(path)

    monkeypatch.setattr("mnist_tui.store.status.read_json", read)
    with pytest.raises(UsageError, match="being trained by process 4321 on node7"), run.lock.hold():
        pass
    assert run.lock.owner.host == "node7", "a refused process leaves the lock file alone"
    assert run.lock.is_held()


@pytest.mark.usefixtures("locks_that_hold_nothing")
@pytest.mark.parametrize(
    ("owner", "state"),
    [
        pytest.param(Owner(4_321, "node7"), "running", id="silent"),
        pytest.param(Owner(4_194_304, platform.node()), "running", id="dead"),
        pytest.param(Owner(4_321, "node7"), "stopped", id="over"),
    ],
)
def test_a_run_without_a_sign_of_life_is_taken_and_its_old_owner_sees_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, owner: Owner, state: str
) -> None:
    monkeypatch.setattr(lock, "HEARTBEAT_S", 0.01)
    run = create_run(tmp_path, "a", TrainConfig())
    (run.path / "lock").write_text(owner.line)
    write_json(run.status, {"state": state, "updated": 0.0})
    assert not run.lock.is_held()
    with run.lock.hold():
        run.lock.check()
        with RunDirectory(run.path).lock.hold():
            assert run.lock.new_owner == run.lock.owner
            with pytest.raises(UsageError, match="being trained"):
                run.lock.check()


@pytest.mark.parametrize("error", [errno.ENOLCK, errno.EIO, errno.EOPNOTSUPP])
def test_a_file_system_without_locks_can_be_trained_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: int
) -> None:
    def flock(*_: int) -> None:
        raise OSError(error, os.strerror(error))

    monkeypatch.setattr(fcntl, "flock", flock)
    run = create_run(tmp_path, "a", TrainConfig())
    with run.lock.hold():
        assert run.lock.owner.pid == os.getpid()


def test_locks_that_never_answer_are_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    end = threading.Event()
    monkeypatch.setattr(fcntl, "flock", lambda *_: end.wait())
    monkeypatch.setattr(lock, "HANGS_S", 0.01)
    run = create_run(tmp_path, "a", TrainConfig())
    with run.lock.hold():
        assert run.lock.owner.pid == os.getpid()
    end.set()


def test_a_lock_of_nobody_that_can_be_seen_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def flock(*_: int) -> None:
        raise BlockingIOError(errno.EWOULDBLOCK, "taken")

    monkeypatch.setattr(fcntl, "flock", flock)
    run = create_run(tmp_path, "a", TrainConfig())
    (run.path / "lock").write_text("4194304\n")
    refusal = r"is locked, and process 4194304, .* is gone"
    with pytest.raises(UsageError, match=refusal), run.lock.hold():
        pass
