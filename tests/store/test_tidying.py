"""Renaming runs, deleting them and getting them back."""

from pathlib import Path

import pytest

from mnist_tui.errors import UsageError
from mnist_tui.store.catalog import list_runs
from mnist_tui.store.directory import RunDirectory
from mnist_tui.store.labels import Labels, read_labels, write_labels
from mnist_tui.store.tidying import (
    KEPT_S,
    TRASH,
    contents_of,
    delete_run,
    rename_run,
    restore_run,
)
from tests.tui.runs.written_runs import write_run


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    path = write_run(tmp_path, "lab/first", [0.5])
    (path / "checkpoints/last.pt").write_bytes(b"x" * 1000)
    return RunDirectory(path)


def names(runs_dir: Path) -> list[str]:
    return [found.name for found in list_runs(runs_dir)]


def test_a_deleted_run_waits_in_the_trash_and_comes_back_whole(
    run: RunDirectory, tmp_path: Path
) -> None:
    before = {path.name for path in run.path.rglob("*")}
    deleted = delete_run(run, tmp_path)
    assert not run.path.exists()
    assert names(tmp_path) == []
    restored = restore_run(deleted)
    assert names(tmp_path) == ["lab/first"]
    assert {path.name for path in restored.path.rglob("*")} - {"lock"} == before
    assert not any((tmp_path / TRASH).iterdir())


def test_the_trash_is_emptied_by_the_first_deletion_after_a_day(
    run: RunDirectory, tmp_path: Path
) -> None:
    other, third = (RunDirectory(write_run(tmp_path, name, [])) for name in ("other", "third"))
    first = delete_run(run, tmp_path, now=1000.0)
    second = delete_run(other, tmp_path, now=1000.0 + KEPT_S)
    assert first.trashed.exists()
    delete_run(third, tmp_path, now=1001.0 + KEPT_S)
    assert not first.trashed.exists()
    assert second.trashed.exists()
    with pytest.raises(UsageError, match="not in the trash any more"):
        restore_run(first)


def test_a_live_run_is_neither_deleted_nor_renamed(run: RunDirectory, tmp_path: Path) -> None:
    with run.lock.hold():
        for change in (
            lambda: delete_run(RunDirectory(run.path), tmp_path),
            lambda: rename_run(RunDirectory(run.path), "second"),
        ):
            with pytest.raises(UsageError, match="is being trained by"):
                change()
    assert names(tmp_path) == ["lab/first"]


def test_a_run_does_not_come_back_over_another_one(run: RunDirectory, tmp_path: Path) -> None:
    deleted = delete_run(run, tmp_path)
    write_run(tmp_path, "lab/first", [0.1, 0.1])
    with pytest.raises(UsageError, match="is there already"):
        restore_run(deleted)
    assert deleted.trashed.exists()


def test_a_run_gets_another_name_in_its_folder(run: RunDirectory, tmp_path: Path) -> None:
    renamed = rename_run(run, "second")
    assert renamed.path == tmp_path / "lab/second"
    assert names(tmp_path) == ["lab/second"]
    for wrong in ("a/b", "last", "second"):
        with pytest.raises(UsageError):
            rename_run(renamed, wrong)


def test_the_contents_are_counted(run: RunDirectory) -> None:
    found = contents_of(run)
    assert (found.files, found.checkpoints) == (4, 1)
    assert 1000 < found.size_bytes < 3000


def test_labels_are_written_and_read(run: RunDirectory) -> None:
    assert read_labels(run) == Labels()
    labels = Labels(("keep", "May"), "the one with ten layers")
    write_labels(run, labels)
    assert read_labels(run) == labels
    run.labels.write_text('{"tags": "keep", "note": 3}')
    assert read_labels(run) == Labels()


def test_a_folder_with_a_live_run_in_it_is_not_deleted(run: RunDirectory, tmp_path: Path) -> None:
    with (
        run.lock.hold(),
        pytest.raises(UsageError, match="run lab/first is live: stop it first"),
    ):
        delete_run(RunDirectory(tmp_path / "lab"), tmp_path)
    assert names(tmp_path) == ["lab/first"]
