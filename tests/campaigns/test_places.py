"""Where a run writes: into its directory, the native kernels into the cache, and nowhere else."""

import os
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from mnist_tui.config import TrainConfig
from mnist_tui.engine.steps.native import library
from mnist_tui.store.new_run import create_run
from tests.campaigns.processes import InTerminal

pytestmark = pytest.mark.slow

LIMIT_S = 120.0

WATCHED = """
import os, sys

def watch(event, args):
    if event == "open":
        path, mode, flags = args
        if isinstance(path, int) or not flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            return
    elif event in ("os.mkdir", "os.rename", "os.link", "os.symlink", "os.remove"):
        path = args[1] if event in ("os.rename", "os.link", "os.symlink") else args[0]
    else:
        return
    path = os.path.abspath(os.fsdecode(path))
    if "__pycache__" not in path and not path.startswith("/dev/"):
        os.write(report, path.encode() + b"\\n")

report = os.open("report", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
sys.addaudithook(watch)
from mnist_tui.cli import main

main(sys.argv[1:])
"""
"""Runs the command and notes each path that is opened for writing, made, moved or deleted."""


def files_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def is_of_socket(path: Path, temporary: Path) -> bool:
    """Whether it is the run's socket, its folder, or a file by which Python tries `temporary`."""
    folder = path.parent if path.suffix == ".sock" else path
    return folder.name in ("mnist-tui", f"mnist-tui-{os.geteuid()}") or path.parent == temporary


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """A home, a place for temporary files, and one to work in, all empty."""
    made = {name: tmp_path / name for name in ("home", "temporary", "work")}
    for path in made.values():
        path.mkdir()
    monkeypatch.setenv("HOME", str(made["home"]))
    for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name in ("TMPDIR", "TEMP", "TMP"):
        monkeypatch.setenv(name, str(made["temporary"]))
    return made


@pytest.fixture
def compiled() -> list[Path]:
    """The native kernels, compiled before `places` sets another home; none without a compiler."""
    return sorted(library.cache_folder().glob("*.so"))


def test_no_command_writes_outside_the_runs_directory_but_the_kernels(
    few_digits: Path, compiled: list[Path], places: dict[str, Path]
) -> None:
    work, cache = places["work"], library.cache_folder()
    before = files_in(few_digits)
    options = ["--dataset", "mnist", "--data-dir", str(few_digits), "--name", "a"]
    for args, writes in (
        (["train", "--headless", "--epochs", "1", *options], True),
        (["resume", "a", "--headless", "--epochs", "2"], True),
        (["evaluate", "runs/a/checkpoints/last.pt", "--data-dir", str(few_digits)], False),
    ):
        command = [sys.executable, "-c", WATCHED, *args]
        done = subprocess.run(command, cwd=work, timeout=LIMIT_S, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        written = {Path(line) for line in (work / "report").read_text().splitlines()}
        elsewhere = {path for path in written if not path.is_relative_to(work / "runs")}
        elsewhere -= {path for path in elsewhere if is_of_socket(path, places["temporary"])}
        assert {path for path in elsewhere if cache not in (path, path.parent)} <= {*cache.parents}
        assert bool(written) is writes
        (work / "report").unlink()
    assert {name.split("/")[0] for name in files_in(work)} == {"runs"}
    used = [path.name for path in compiled if path.name.startswith("mnist_net")]
    assert files_in(cache) == used
    assert len(files_in(places["home"])) == len(used)
    assert files_in(places["temporary"]) == []
    assert files_in(few_digits) == before


def test_a_dashboard_with_compiled_kernels_writes_in_the_runs_directory_alone(
    few_digits: Path, compiled: list[Path], places: dict[str, Path]
) -> None:
    cache = library.cache_folder()
    cache.mkdir(mode=0o700, parents=True)
    for path in compiled:
        shutil.copy2(path, cache)
    options = ["--dataset", "mnist", "--data-dir", str(few_digits), "--epochs", "100"]
    last = places["work"] / "runs" / "a" / "checkpoints" / "last.pt"
    with InTerminal(["train", "--start", "--name", "a", *options], places["work"]) as process:
        process.watch(LIMIT_S, last.exists)
        process.send(signal.SIGTERM)
        assert process.wait(LIMIT_S) == 143, process.text
    assert {name.split("/")[0] for name in files_in(places["work"])} == {"runs"}
    assert files_in(cache) == [path.name for path in compiled]
    assert len(files_in(places["home"])) == len(compiled)
    assert files_in(places["temporary"]) == []


def test_the_directories_of_a_run_follow_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        run = create_run(tmp_path / "runs", "a", TrainConfig())
    finally:
        os.umask(before)
    made = (tmp_path / "runs", run.path, run.checkpoints)
    assert [stat.S_IMODE(path.stat().st_mode) for path in made] == [0o750] * 3
