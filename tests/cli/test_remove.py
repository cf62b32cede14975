"""`remove` on the command line."""

from pathlib import Path

from click.testing import CliRunner

from mnist_tui.cli.main import commands
from mnist_tui.errors import UsageError
from mnist_tui.store.directory import RunDirectory
from tests.cli.done import Run, assert_one_line
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
