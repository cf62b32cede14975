"""Output that cannot be written: said in one line, with an exit code of ours."""

import os
import subprocess
import sys
from pathlib import Path
from typing import IO

import pytest

from tests.cli.done import Done, assert_one_line

FULL = Path("/dev/full")
"""What is written to it fails as on a full disk."""
needs_full = pytest.mark.skipif(not FULL.exists(), reason="this system has no full device")


def run_into(
    stdout: IO[bytes],
    *args: object,
    stderr: IO[bytes] | int = subprocess.PIPE,
    buffered: bool = True,
) -> Done:
    """Run the command in a process of its own, as its streams' last flush is Python's."""
    environment = {**os.environ, "PYTHONUNBUFFERED": "" if buffered else "1"}
    done = subprocess.run(
        [sys.executable, "-m", "mnist_tui", *map(str, args)],
        stdout=stdout,
        stderr=stderr,
        text=True,
        env=environment,
    )
    return Done(done.returncode, "", done.stderr or "")


@needs_full
@pytest.mark.parametrize("buffered", [True, False])
@pytest.mark.parametrize("args", [("runs",), ("runs", "--json"), ("--help",)])
def test_output_onto_a_full_disk_is_one_line(
    args: tuple[str, ...], buffered: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with FULL.open("wb") as full:
        done = run_into(full, *args, buffered=buffered)
    assert_one_line(done, 1, "the output could not be written", "No space left")


@needs_full
def test_an_answer_onto_a_full_disk_is_one_line(checkpoint: Path, few_digits: Path) -> None:
    with FULL.open("wb") as full:
        done = run_into(full, "evaluate", checkpoint, "--data-dir", few_digits)
    assert_one_line(done, 1, "the output could not be written", "No space left")


@needs_full
def test_with_both_streams_on_a_full_disk_the_exit_code_says_it(tmp_path: Path) -> None:
    with FULL.open("wb") as full:
        assert run_into(full, "runs", "--runs-dir", tmp_path, stderr=full).code == 1
