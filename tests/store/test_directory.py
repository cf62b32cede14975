"""A run's directory: its name, its lock, and the list of all runs."""

import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mnist_tui.config import TrainConfig
from mnist_tui.errors import UsageError
from mnist_tui.store.atomic import write_json
from mnist_tui.store.catalog import find_run
from mnist_tui.store.directory import create_run

HOLD = """
import sys
from pathlib import Path
from typing import Any
from mnist_tui.store.atomic import write_json
from mnist_tui.store.directory import RunDirectory
with RunDirectory(Path(sys.argv[1])).lock():
    print("held", flush=True)
    sys.stdin.read()
"""


def test_runs_that_start_in_the_same_second_have_names_of_their_own(tmp_path: Path) -> None:
    names = {create_run(tmp_path, None, TrainConfig()).name for _ in range(5)}
    assert len(names) == 5
    assert all("-tutorial" in name for name in names)


@pytest.mark.parametrize("name", ["..", ".", "a/b", "/a", "", "-a", "a\nb", "x" * 101, ".hidden"])
def test_a_name_that_is_no_folders_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="cannot be a folder's name"):
        create_run(tmp_path, name, TrainConfig())
    assert not list(tmp_path.iterdir())


def test_a_run_is_whole_from_its_first_moment(tmp_path: Path) -> None:
    run = create_run(tmp_path / "deep" / "runs", "a", TrainConfig(epochs=3))
    assert run.read_config() == TrainConfig(epochs=3)


def test_a_second_process_is_refused_and_told_the_firsts_pid(tmp_path: Path) -> None:
    run = create_run(tmp_path, "a", TrainConfig())
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(run.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        assert run.is_locked()
        with pytest.raises(UsageError, match=str(holder.pid)), run.lock():
            pass
        holder.kill()
    assert not run.is_locked()
    with run.lock():
        assert run.is_locked()
        assert (run.path / "lock").read_text() == f"{os.getpid()}\n"


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"config": 3}', '{"config": {"epochs": 0}}'])
def test_a_run_whose_settings_cannot_be_read_is_one_line(tmp_path: Path, content: str) -> None:
    run = create_run(tmp_path, "a", TrainConfig())
    run.config.write_text(content)
    with pytest.raises(UsageError):
        find_run(tmp_path, "a").read_config()


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
    with run.lock():
        refuse_to_open(monkeypatch, os.O_RDWR, error=errno.EROFS)
        assert run.is_locked()
    assert not run.is_locked()


def test_a_run_whose_lock_cannot_be_read_is_live_while_its_process_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = create_run(tmp_path, "a", TrainConfig())
    with run.lock():
        pass
    refuse_to_open(monkeypatch, os.O_RDWR, os.O_RDONLY, error=errno.EACCES)
    assert not run.is_locked()

    def kill(pid: int, signal: int) -> None:
        assert signal == 0
        raise {1: PermissionError, 2: ProcessLookupError}[pid]

    monkeypatch.setattr(os, "kill", kill)
    for pid, is_alive in ((1, True), (2, False), (-1, False), ("x", False)):
        write_json(run.status, {"pid": pid})
        assert run.is_locked() is is_alive
