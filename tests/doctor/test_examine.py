"""The examination of machines that lack something."""

import os
import sys
from pathlib import Path

import pytest

from mnist_tui.container import MemoryLimit
from mnist_tui.data.spec import FILES
from mnist_tui.doctor import (
    Check,
    Level,
    examine,
    folders,
    guarded,
    machine,
    software,
    terminal,
)
from mnist_tui.doctor.check import shorten
from mnist_tui.doctor.torch_probe import TorchProbe, no_gpu


def by_name(checks: object) -> dict[str, Check]:
    return {check.name: check for check in checks}  # type: ignore[attr-defined]


@pytest.mark.slow
def test_a_whole_examination_has_all_that_there_is(tmp_path: Path) -> None:
    found = by_name(examine(tmp_path / "runs"))
    assert {
        *("mnist-tui", "Python", "packages", "processor", "memory", "terminal", "characters"),
        *("MNIST", "runs folder", "temporary files", "settings", "PyTorch", "GPU", "NVIDIA driver"),
    } <= set(found)
    assert not [check for check in found.values() if check.level is Level.FAULT]
    assert all(check.advice for check in found.values() if check.level is not Level.OK)
    assert not (tmp_path / "runs").exists()


def test_a_check_that_fails_is_a_line_of_the_report() -> None:
    def look() -> list[Check]:
        raise PermissionError(13, "Permission denied", "/proc/stat")

    [check] = guarded("processor", look)
    assert (check.name, check.level) == ("processor", Level.WARNING)
    assert "Permission denied" in check.found


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("import sys; sys.exit('libcudart.so: cannot open')", "libcudart.so: cannot open"),
        ("import os; os.abort()", "ended with code -6"),
        ("print('not JSON')", "cannot be loaded"),
        ("import time; time.sleep(600)", "did not load within 0.2 s"),
    ],
)
def test_a_pytorch_that_cannot_be_loaded_is_a_fault(program: str, words: str) -> None:
    probe = TorchProbe(program, limit_s=0.2 if "sleep" in program else 60.0)
    [check] = probe.look()
    probe.end()
    assert (check.name, check.level) == ("PyTorch", Level.FAULT)
    assert words in check.found


GPU = "{'name': 'Old', 'capability': '6.1', 'memory': 8e9, 'error': 'no kernel image'}"


def test_a_gpu_that_pytorch_has_no_kernels_for_is_a_warning() -> None:
    program = (
        "import json; print(json.dumps(dict(torch='2.15', cuda='13.2', hip=None, threads=2, "
        f"mps=False, warned=[], archs=['sm_80'], gpus=[{GPU}])))"
    )
    found = by_name(TorchProbe(program).look())
    assert found["PyTorch"].level is Level.OK
    assert found["GPU"].level is Level.WARNING
    assert "no kernel image" in found["GPU"].found
    assert "--device cpu" in found["GPU"].advice
    assert "sm_80" in found["GPU"].advice


NO_GPU = {"cuda": "13.2", "hip": None, "warned": []}


def test_the_reason_for_no_gpu_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    assert no_gpu(NO_GPU, 0).level is Level.OK
    old = no_gpu({**NO_GPU, "warned": ["CUDA initialization: the driver is too old"]}, 1)
    assert "too old" in old.found
    assert "driver" in old.advice
    assert "CUDA" in no_gpu({**NO_GPU, "cuda": None}, 1).advice
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    assert "CUDA_VISIBLE_DEVICES='-1'" in no_gpu(NO_GPU, 1).found


@pytest.mark.parametrize("threads", ["0", "abc", "-1", "64"])
def test_threads_that_cannot_be_are_a_warning(
    threads: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", threads)
    monkeypatch.setattr(machine, "allowed_cores", lambda: 2)
    [check] = machine.look_at_processor()
    assert check.level is Level.WARNING
    assert "from 1 to 2" in check.advice


def test_a_containers_quota_of_cores_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "allowed_cores", lambda: 2)
    monkeypatch.setattr(machine, "cpu_quota", lambda: 0.5)
    monkeypatch.delenv("OMP_NUM_THREADS")
    [check] = machine.look_at_processor()
    assert check.level is Level.OK, "a run takes no more threads than that by itself"
    assert "a quota of 0.5" in check.found
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    [check] = machine.look_at_processor()
    assert "from 1 to 1" in check.advice


def test_a_containers_limit_of_memory_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    limit = MemoryLimit(2_000_000_000, 1_900_000_000)
    monkeypatch.setattr(machine, "memory_limit", lambda: limit)
    [check] = machine.look_at_memory()
    assert check.level is Level.WARNING
    assert "a limit of 2.0 GB" in check.found


def test_a_user_without_a_home_learns_what_to_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name)
    monkeypatch.setattr("os.path.expanduser", lambda path: path)  # no entry in passwd
    found = by_name([*folders.look_at_data(), *folders.look_at_folders(tmp_path)])
    assert "HOME" in found["MNIST"].advice
    assert "HOME" in found["settings"].advice
    assert found["runs folder"].level is Level.OK


def test_data_in_part_are_named(tmp_path: Path) -> None:
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    (raw / FILES[0]).touch()
    [check, *_] = folders.look_at_data(str(tmp_path))
    assert check.level is Level.WARNING
    assert "not complete" in check.found


def test_folders_that_cannot_be_written_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    found = by_name(folders.look_at_folders(tmp_path / "file" / "runs"))
    assert found["runs folder"].level is Level.FAULT
    assert "--runs-dir" in found["runs folder"].advice

    def refuse() -> str:
        raise FileNotFoundError(2, "No usable temporary directory found")

    monkeypatch.setattr("tempfile.gettempdir", refuse)
    found = by_name(folders.look_at_folders(tmp_path))
    assert found["temporary files"].level is Level.WARNING


class Screen:
    """A terminal that says nothing."""

    encoding = "iso-8859-1"

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="this system has no terminals")
def test_a_poor_terminal_is_described(monkeypatch: pytest.MonkeyPatch) -> None:
    window, descriptor = os.openpty()
    for name in ("stdin", "stdout"):
        monkeypatch.setattr(sys, name, Screen(descriptor))
    for name in ("COLORTERM", "NO_COLOR", "SSH_CONNECTION", "STY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "vt100")
    monkeypatch.setenv("TMUX", "/tmp/tmux")
    found = by_name(terminal.look())
    assert found["terminal"].found == "TERM=vt100, in tmux"
    assert found["colors"].level is Level.WARNING
    assert "LC_ALL=C.UTF-8" in found["characters"].advice
    assert found["mouse"].level is Level.OK
    os.close(window)
    os.close(descriptor)


def test_packages_that_are_missing_are_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(software, "NEEDED", ("numpy", "no-such-package"))
    found = [check for check in software.look() if check.name == "packages"]
    assert [check.level for check in found] == [Level.FAULT, Level.OK]
    assert "no-such-package" in found[0].found


def test_the_users_name_is_not_in_the_report(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")
    assert shorten("/home/somebody/mnist/runs") == "~/mnist/runs"
    assert shorten("/home/somebody-else") == "/home/somebody-else"
