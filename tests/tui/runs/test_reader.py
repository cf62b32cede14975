"""Following the runs in a folder."""

import json
import os
from pathlib import Path

import pytest

from mnist_tui.store.directory import RunDirectory
from mnist_tui.store.labels import Labels, write_labels
from mnist_tui.tui.runs import reader
from mnist_tui.tui.runs.reader import RunsReader
from tests.tui.runs.written_runs import write_run


def look(runs: RunsReader) -> tuple[list[str], list[str]]:
    """The names of the runs that were read in one look, in order, and the paths that are gone."""
    changes = list(runs.look())
    return [run.name for read, _ in changes for run in read], [
        p for _, gone in changes for p in gone
    ]


@pytest.fixture
def follower(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunsReader:
    monkeypatch.setattr(reader, "REST", 0.0)
    return RunsReader(tmp_path, lambda changes: None)


def test_the_newest_are_read_first_and_then_only_what_changes(
    tmp_path: Path, follower: RunsReader
) -> None:
    for age, name in enumerate(("new", "lab/older", "oldest")):
        path = write_run(tmp_path, name, [0.5])
        os.utime(path, (1000 - age, 1000 - age))
    assert look(follower) == (["new", "lab/older", "oldest"], [])
    assert look(follower) == ([], [])
    write_labels(RunDirectory(tmp_path / "oldest"), Labels(("a",)))
    write_run(tmp_path, "another", [])
    assert set(look(follower)[0]) == {"oldest", "another"}
    (tmp_path / "new/config.json").unlink()
    assert look(follower)[1] == [str(tmp_path / "new")]


def test_a_run_that_has_just_changed_is_read_again_as_times_are_coarse(
    tmp_path: Path, follower: RunsReader
) -> None:
    path = write_run(tmp_path, "new", [0.5])
    assert look(follower)[0] == ["new"]
    assert look(follower)[0] == ["new"]
    os.utime(path, (1000, 1000))
    assert look(follower)[0] == ["new"]
    assert look(follower)[0] == []


def test_many_are_handed_on_a_screenful_first(tmp_path: Path, follower: RunsReader) -> None:
    for number in range(reader.FIRST + 5):
        write_run(tmp_path, f"run{number}", [])
    assert [len(read) for read, _ in follower.look()] == [reader.FIRST, 5]


def test_a_live_run_is_read_again_as_it_may_die(tmp_path: Path, follower: RunsReader) -> None:
    path = write_run(tmp_path, "live", [0.5], state="running", pid=os.getpid())
    (path / "lock").write_text(f"{os.getpid()}\n")
    (path / "lock").chmod(0o600)
    with RunDirectory(path).lock.hold():
        assert look(follower)[0] == ["live"]
        assert look(follower)[0] == ["live"]
    os.utime(path, (1000, 1000))
    [(found, _)] = follower.look()
    assert found[0].state == "interrupted"
    assert look(follower)[0] == []


def test_what_cannot_be_read_is_left_out(tmp_path: Path, follower: RunsReader) -> None:
    write_run(tmp_path, "whole", [0.5])
    broken = write_run(tmp_path, "broken", [0.5])
    (broken / "config.json").write_text("{")
    (tmp_path / "file").write_text("")
    (tmp_path / ".trash").mkdir()
    write_run(tmp_path / ".trash", "gone", [])
    assert look(follower)[0] == ["whole"]
    assert json.loads((tmp_path / "whole/status.json").read_text())["state"] == "finished"


@pytest.mark.parametrize(("has_run", "rest"), [(True, reader.REST), (False, reader.SHORT_REST)])
def test_reading_rests_longer_beside_a_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_run: bool, rest: float
) -> None:
    write_run(tmp_path, "a", [0.5])
    rested: list[float] = []
    clock = iter(range(100))
    monkeypatch.setattr("mnist_tui.tui.runs.reader.time.thread_time", lambda: float(next(clock)))
    runs = RunsReader(tmp_path, lambda changes: None, lambda: has_run)
    monkeypatch.setattr(runs._is_stopped, "wait", rested.append)
    assert look(runs)[0] == ["a"]
    assert rested == [rest]
