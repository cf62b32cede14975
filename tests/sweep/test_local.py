"""Sweeps in real processes of this machine: killed, stopped, gone on with, and exact."""

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import torch

from mnist_tui.errors import UsageError
from mnist_tui.store.checkpoint import read_checkpoint
from mnist_tui.store.directory import RunDirectory
from mnist_tui.store.summary import summarize
from mnist_tui.sweep import background
from mnist_tui.sweep.grid import Grid
from mnist_tui.sweep.record import SweepFolder, make_sweep
from tests.training_helpers import few_config, train

pytestmark = pytest.mark.slow

LIMIT_S = 300.0
FIRST, SECOND = "seed=0", "seed=1"
LONG = 25
"""Epochs of a run that is still live when a test acts on it."""


def until(is_so: Callable[[], object], what: str) -> None:
    """Look until `is_so`."""
    end = time.monotonic() + LIMIT_S
    while not is_so():
        assert time.monotonic() < end, f"never came: {what}"
        time.sleep(0.02)


def wait_for_end(pid: int) -> None:
    """Wait for the end of a process."""
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    ended, _, _ = select.select([process], [], [], LIMIT_S)
    os.close(process)
    assert ended, f"process {pid} does not end"


@pytest.fixture
def make(
    few_digits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., SweepFolder]]:
    """Makes sweeps on few digits; whatever still trains them at the end is killed."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    made: list[SweepFolder] = []

    def call(epochs: int = 2, **values: tuple[object, ...]) -> SweepFolder:
        common = few_config(few_digits)
        fixed = {
            name: (getattr(common, name),) for name in ("dataset", "data_dir", "checkpoint_every_s")
        }
        grid = Grid({**fixed, "lr": (0.05,), "seed": (0, 1), "epochs": (epochs,), **values})
        made.append(make_sweep(tmp_path / "runs", f"sweep{len(made)}", grid, tmp_path))
        return made[-1]

    yield call
    for folder in made:
        runs = [folder.run(trial) for trial in folder.read().trials]
        owners = [run.lock.owner for run in runs if run.lock.is_held()]
        owners += [folder.owner] if folder.is_locked() else []
        for owner in owners:
            with suppress(ProcessLookupError):
                os.kill(owner.pid, signal.SIGKILL)


def train_sweep(folder: SweepFolder, *more: str) -> tuple[int, str]:
    """Train a sweep as the command does; its exit code and what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "mnist_tui", "sweep", "--resume", folder.path, "--headless", *more],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def assert_as_alone(folder: SweepFolder, name: str, tmp_path: Path) -> None:
    """A trial's weights are, bit by bit, those of the same run by itself."""
    (trial,) = (trial for trial in folder.read().trials if trial.name == name)
    alone = train(trial.config, tmp_path / "alone")
    expected, found = read_checkpoint(alone.directory.last), read_checkpoint(folder.run(trial).last)
    assert found.config == expected.config
    for key, weight in expected.model.items():
        assert torch.equal(weight, found.model[key]), key


def state_of(folder: SweepFolder, name: str) -> str:
    summary = summarize(RunDirectory(folder.path / name))
    return summary.state if summary is not None else "none"


def epochs_of(folder: SweepFolder, name: str) -> int:
    summary = summarize(RunDirectory(folder.path / name))
    return summary.epochs_done if summary is not None else 0


def test_a_sweep_trains_what_train_would_have_trained_and_failures_stop_nothing(
    make: Callable[..., SweepFolder], tmp_path: Path
) -> None:
    folder = make(lr=(1e9, 0.05), seed=(0,), model=("mnist_net", "missing.py:Net"))
    code, said = train_sweep(folder, "--jobs", "2")
    assert code == 1, said
    good = "model=tutorial,lr=0.05"
    assert state_of(folder, good) == "finished", said
    assert folder.read().jobs == 2
    failures = folder.read().failures
    assert len(failures) == 3, said
    assert "the loss became nan" in failures["model=tutorial,lr=1000000000"], failures
    assert "missing.py" in failures["model=missing.py-Net,lr=0.05"], failures
    assert not (folder.path / "model=missing.py-Net,lr=0.05").exists()
    assert "1 of 4 trials finished, 3 failed" in said
    assert_as_alone(folder, good, tmp_path)
    # What is missing is put there, and the failed are tried again on request.
    (tmp_path / "missing.py").write_text(
        "from torch import nn\n\n\n"
        "def Net(num_classes): return nn.Sequential(nn.Flatten(), nn.Linear(784, num_classes))\n"
    )
    code, said = train_sweep(folder)
    assert code == 1, said
    assert "begun" not in said
    code, said = train_sweep(folder, "--retry-failed")
    assert state_of(folder, "model=missing.py-Net,lr=0.05") == "finished", said


def test_a_killed_trial_goes_on_and_a_killed_scheduler_loses_nothing(
    make: Callable[..., SweepFolder], tmp_path: Path
) -> None:
    folder = make(epochs=LONG)
    scheduler = background.start(folder)
    with pytest.raises(UsageError, match="is being trained by process"), folder.lock():
        pass
    until(lambda: epochs_of(folder, FIRST) >= 1, "a trial that trains")
    trial = RunDirectory(folder.path / FIRST)
    killed = trial.lock.owner.pid
    os.kill(killed, signal.SIGKILL)
    until(lambda: trial.lock.is_held() and trial.lock.owner.pid != killed, "the trial again")
    log = folder.log.read_text()
    assert f"{FIRST}: the other process ended by signal 9; begun again" in log
    assert f"{FIRST}: resumed" in log
    os.kill(scheduler, signal.SIGKILL)
    os.waitpid(scheduler, 0)
    assert not folder.is_locked()
    orphan = trial.lock.owner.pid
    assert trial.lock.is_held(), "a run outlives its scheduler"
    code, said = train_sweep(folder)
    assert code == 0, said
    assert f"{FIRST}: trained by process {orphan}, waiting for it" in said
    assert said.count(": begun") == 1
    assert "2 of 2 trials finished" in said
    assert_as_alone(folder, FIRST, tmp_path)


def test_a_stopped_sweep_is_saved_and_goes_on_where_it_was(
    make: Callable[..., SweepFolder], tmp_path: Path
) -> None:
    folder = make(epochs=LONG)
    scheduler = background.start(folder)
    until(lambda: epochs_of(folder, FIRST) >= 1, "a trial that trains")
    background.stop(folder)
    _, status = os.waitpid(scheduler, 0)
    assert os.waitstatus_to_exitcode(status) == 143
    assert state_of(folder, FIRST) == "stopped"
    assert (folder.path / FIRST / "checkpoints/last.pt").exists()
    assert state_of(folder, SECOND) == "none"
    assert "0 of 2 trials finished, 2 left" in folder.log.read_text()
    with pytest.raises(UsageError, match="nothing trains sweep"):
        background.stop(folder)
    code, said = train_sweep(folder)
    assert code == 0, said
    assert f"{FIRST}: resumed" in said
    assert_as_alone(folder, FIRST, tmp_path)
    before = {path: path.stat().st_mtime_ns for path in folder.path.rglob("*.pt")}
    code, said = train_sweep(folder)
    assert code == 0, said
    assert {path: path.stat().st_mtime_ns for path in folder.path.rglob("*.pt")} == before


STARTER = """
import sys
from pathlib import Path
from mnist_tui.run.plan import NewRun
from mnist_tui.sweep.local import LocalExecutor
from mnist_tui.sweep.record import SweepFolder
folder = SweepFolder(Path(sys.argv[1]))
trial = folder.read().trials[0]
executor = LocalExecutor(1, folder.path, is_outlived=False)
executor.start(NewRun(config=trial.config, runs_dir=folder.path, name=trial.name))
executor.wait(1e6)
"""


def test_a_run_that_is_not_to_outlive_its_starter_saves_and_ends_with_it(
    make: Callable[..., SweepFolder],
) -> None:
    folder = make(epochs=LONG)
    trial = folder.run(folder.read().trials[0])
    starter = subprocess.Popen([sys.executable, "-c", STARTER, folder.path])
    until(lambda: starter.poll() or epochs_of(folder, FIRST) >= 2, "a trial that trains")
    assert starter.poll() is None
    pid = trial.lock.owner.pid
    starter.kill()
    starter.wait()
    wait_for_end(pid)
    assert state_of(folder, FIRST) == "stopped"
    assert read_checkpoint(trial.last).epoch >= 2
