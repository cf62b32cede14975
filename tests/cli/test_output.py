"""Output that cannot be written: one line on stderr, or none where nobody can read it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import IO

import pytest

from tests.cli.done import Done, assert_one_line
from tests.training_helpers import few_config, train

FULL = Path("/dev/full")
"""Writing to it fails as on a full disk."""
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


@pytest.mark.slow
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
@pytest.mark.slow
def test_an_answer_onto_a_full_disk_is_one_line(checkpoint: Path, few_digits: Path) -> None:
    with FULL.open("wb") as full:
        done = run_into(full, "evaluate", checkpoint, "--data-dir", few_digits)
    assert_one_line(done, 1, "the output could not be written", "No space left")


@needs_full
def test_with_both_streams_on_a_full_disk_the_exit_code_says_it(tmp_path: Path) -> None:
    with FULL.open("wb") as full:
        assert run_into(full, "runs", "--runs-dir", tmp_path, stderr=full).code == 1


@needs_full
@pytest.mark.slow
def test_a_run_whose_lines_cannot_be_written_is_trained_and_says_so_once(
    few: tuple[str, ...], tmp_path: Path
) -> None:
    with FULL.open("wb") as full:
        done = run_into(full, "train", *few, "--runs-dir", tmp_path, "--name", "a")
    assert done.code == 0
    assert done.err.count("could not write to stdout: No space left") == 1
    assert "Exception" not in done.err
    assert_finished_without_a_traceback(tmp_path / "a")


@pytest.mark.slow
def test_a_run_whose_lines_nobody_reads_is_trained_without_a_message(
    few: tuple[str, ...], tmp_path: Path
) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as pipe:
        done = run_into(pipe, "train", *few, "--runs-dir", tmp_path, "--name", "a")
    assert done.code == 0
    assert "write" not in done.err
    assert "Exception" not in done.err
    assert_finished_without_a_traceback(tmp_path / "a")


def assert_finished_without_a_traceback(run: Path) -> None:
    """The run was trained to its end, and its log has one line about the output."""
    assert json.loads((run / "status.json").read_text())["state"] == "finished"
    log = (run / "log.txt").read_text()
    assert log.count("could not be written to") == 1
    assert "Traceback" not in log


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "koi8-r"])
@pytest.mark.parametrize("command", ["runs", "resume", "evaluate", "--help", "doctor"])
def test_a_character_that_an_output_lacks_ends_no_command(
    command: str, encoding: str, named_run: Path, few_digits: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", encoding)
    last = named_run / "runs" / NAME / "checkpoints" / "last.pt"
    args: dict[str, tuple[object, ...]] = {
        "runs": ("runs", "--runs-dir", named_run / "runs"),
        "resume": ("resume", NAME, "--runs-dir", named_run / "runs"),
        "evaluate": ("evaluate", last, "--data-dir", few_digits),
    }
    done = subprocess.run(
        [sys.executable, "-m", "mnist_tui", *map(str, args.get(command, (command,)))],
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert b"Traceback" not in done.stderr


NAME = "größe-цифра"


@pytest.fixture(scope="module")
def named_run(few_digits: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a finished run that has a name which few encodings can write."""
    folder = tmp_path_factory.mktemp("named")
    train(few_config(few_digits), folder / "runs", NAME)
    return folder
