"""Runs that begin in a process without a terminal."""

import os
import re
import select
import signal
from pathlib import Path

import pytest

from mnist_tui.process.logout import describe_limit
from mnist_tui.store.atomic import read_json
from mnist_tui.store.directory import RunDirectory
from tests.cli.done import Run, assert_one_line

LIMIT_S = 300.0


def wait_for_end(pid: int) -> None:
    """Wait for the end of a process that this one has started."""
    process = os.pidfd_open(pid)
    ended, _, _ = select.select([process], [], [], LIMIT_S)
    os.close(process)
    assert ended, "the process does not end"


@pytest.mark.slow
def test_a_detached_run_is_prepared_and_on_its_own(
    run: Run, few_digits: Path, tmp_path: Path
) -> None:
    settings = ("--dataset", "mnist", "--data-dir", few_digits, "--epochs", 90_000)
    done = run("train", "--detach", *settings, "--name", "a")
    assert done.code == 0, done
    told = re.fullmatch(r"a trains in process (\d+), .*: mnist-tui attach a\n", done.out)
    assert told, done
    pid = int(told[1])
    assert "run a: MNIST, 82 + 50" in done.err
    assert os.getsid(pid) == pid
    descriptors = Path(f"/proc/{pid}/fd")
    assert str((descriptors / "0").readlink()) == os.devnull
    directory = RunDirectory(tmp_path / "runs" / "a")
    assert directory.lock.is_held()
    os.kill(pid, signal.SIGHUP)
    os.kill(pid, signal.SIGTERM)
    wait_for_end(pid)
    assert read_json(directory.status)["state"] == "stopped"
    assert "SIGTERM" in read_json(directory.status)["message"]
    assert "Traceback" not in directory.log.read_text()


@pytest.mark.slow
def test_a_detached_run_that_is_refused_says_what_train_would_have_said(
    run: Run, few: tuple[str, ...], tmp_path: Path
) -> None:
    assert run("train", *few, "--name", "a").code == 0
    last = tmp_path / "runs/a/checkpoints/last.pt"
    last.write_bytes(last.read_bytes()[:-1000])
    done = run("resume", "a", "--epochs", 3, "--detach")
    assert_one_line(done, 4, "last.pt is damaged", "the newest good one is best.pt")
    assert not done.out


@pytest.mark.slow
def test_a_process_that_cannot_start_is_one_line(
    run: Run, few_digits: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys; sys.exit('no room for a process')")
    monkeypatch.syspath_prepend(str(tmp_path))
    settings = ("--dataset", "mnist", "--data-dir", few_digits)
    done = run("train", "--detach", *settings, "--name", "a")
    assert_one_line(done, 1, "the other process ended with exit code 1: ", "no room for a process")


def test_detach_and_json_are_not_both_to_be_had(run: Run) -> None:
    assert_one_line(run("train", "--detach", "--json"), 2, "--json", "--detach")


def test_where_no_process_can_outlive_the_terminal_it_says_so(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.platform", "win32")
    assert_one_line(run("train", "--detach"), 2, "Windows", "leave --detach out")


def test_a_batch_job_ends_what_runs_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SLURM_JOB_ID", "PBS_JOBID", "LSB_JOBID", "OAR_JOB_ID", "XDG_SESSION_ID"):
        monkeypatch.delenv(name, raising=False)
    assert describe_limit() == ""
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    assert "ends with it" in describe_limit()


@pytest.mark.parametrize(("answer", "is_told"), [("b true", True), ("b false", False), ("", False)])
def test_a_logout_that_ends_everything_is_reported(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, answer: str, is_told: bool
) -> None:
    busctl = tmp_path / "busctl"
    busctl.write_text(f"#!/bin/sh\necho {answer}\n")
    busctl.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("XDG_SESSION_ID", "3")
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    assert ("KillUserProcesses" in describe_limit()) is is_told
