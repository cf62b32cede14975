"""`remove` on the command line."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from mnist_tui.cli.main import commands
from mnist_tui.errors import UsageError
from mnist_tui.store.directory import RunDirectory
from tests.cli.done import Run, assert_one_line
from tests.sweep.written_sweeps import write_half_a_sweep
from tests.tui.runs.written_runs import write_run


def test_runs_are_moved_into_the_trash_after_a_question(tmp_path: Path, run: Run) -> None:
    path = write_run(tmp_path / "runs", "lab/old", [0.5])
    words = ["remove", "old", "--runs-dir", str(tmp_path / "runs")]
    assert "Remove?" in CliRunner().invoke(commands, words, input="n\n").output
    assert path.exists()
    done = run("remove", "old", "--yes")
    assert done.code == 0
    assert "removed: old" in done.out
    assert not path.exists()
    [trashed] = (tmp_path / "runs/.trash").glob("*/old")
    assert (trashed / "metrics.jsonl").exists()


def test_a_live_run_stays(tmp_path: Path, run: Run) -> None:
    path = write_run(tmp_path / "runs", "live", [0.5], state="running")
    write_run(tmp_path / "runs", "dead", [0.5])
    with RunDirectory(path).lock.hold():
        assert_one_line(run("remove", "dead", "live", "--yes"), 2, "live is live", "control")
    assert (tmp_path / "runs/dead").exists()


def test_nothing_is_removed_where_nobody_can_answer(tmp_path: Path) -> None:
    path = write_run(tmp_path / "runs", "old", [0.5])
    words = ["remove", "old", "--runs-dir", str(tmp_path / "runs")]
    done = CliRunner().invoke(commands, words, input="")
    assert isinstance(done.exception, UsageError)
    assert "give --yes" in str(done.exception)
    assert path.exists()


def test_a_sweep_is_moved_into_the_trash_with_its_runs(tmp_path: Path, run: Run) -> None:
    folder = write_half_a_sweep(tmp_path / "runs")
    words = ["remove", "rates", "--runs-dir", str(tmp_path / "runs")]
    asked = CliRunner().invoke(commands, words, input="n\n").output
    assert "6 runs, 0 checkpoints" in asked
    assert folder.record.exists()
    done = run("remove", "rates/", "--yes")
    assert (done.code, folder.path.exists()) == (0, False)
    assert "removed: rates" in done.out
    [trashed] = (tmp_path / "runs/.trash").glob("*/rates")
    assert (trashed / "lr=0.1,seed=0/metrics.jsonl").exists()


def test_a_sweep_that_is_live_stays(tmp_path: Path, run: Run) -> None:
    folder = write_half_a_sweep(tmp_path / "runs")
    with folder.lock():
        assert_one_line(run("remove", "rates", "--yes"), 2, "sweep rates is being trained")
    with RunDirectory(folder.path / "lr=0.1,seed=1").lock.hold():
        said = ("run rates/lr=0.1,seed=1 is live", "control rates/lr=0.1,seed=1 stop")
        assert_one_line(run("remove", "rates", "--yes"), 2, *said)
    assert folder.record.exists()


@pytest.mark.parametrize("words", [("show", "rates"), ("compare", "rates"), ("resume", "rates/")])
def test_a_sweep_that_is_named_for_a_run_is_said_to_be_one(
    tmp_path: Path, run: Run, words: tuple[str, ...]
) -> None:
    write_half_a_sweep(tmp_path / "runs")
    said = "is a sweep, not a run: name one of its runs, rates/NAME"
    assert_one_line(run(*words), 2, said, "sweep --resume rates")
