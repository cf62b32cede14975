"""Runs as commands open them."""

import platform
from pathlib import Path

import pytest

from mnist_tui.cli.opened import place_of
from mnist_tui.config import TrainConfig
from mnist_tui.store.directory import RunDirectory
from mnist_tui.store.new_run import create_run
from tests.cli.done import Run, assert_one_line


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("runs/a", ("runs", "a")),
        ("runs/lab/a", ("runs", "lab/a")),
        ("/elsewhere/lab/a", ("/elsewhere/lab", "a")),
    ],
)
def test_a_run_in_a_folder_below_that_of_the_runs_is_named_by_its_place_there(
    path: str, place: tuple[str, str]
) -> None:
    folder, name = place_of(RunDirectory(Path(path)), Path("runs"))
    assert (str(folder), name) == place


def test_a_live_run_that_cannot_be_attached_to_can_be_shown(tmp_path: Path, run: Run) -> None:
    directory = create_run(tmp_path / "runs", "a", TrainConfig())
    lock = directory.path / "lock"
    with directory.lock.hold():
        lock.write_text(lock.read_text().replace(platform.node(), "node7"))
        done = run("attach", "a")
    assert_one_line(done, 2, "node7: attach to it there; see what it has saved: ", " show a")


def test_a_run_that_is_shown_as_it_is_on_disk_is_not_said_to_be_shown_so(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[str] = []
    monkeypatch.setattr(
        "mnist_tui.cli.show.run_on_disk", lambda run, *_: shown.append(run.name) or 0
    )
    directory = create_run(tmp_path / "runs", "a", TrainConfig())
    lock = directory.path / "lock"
    with directory.lock.hold():
        lock.write_text(lock.read_text().replace(platform.node(), "node7"))
        done = run("show", "a")
    assert shown == ["a"]
    assert done.err.startswith("note: run a is trained by ")
    assert done.err.endswith("node7: attach to it there; showing it as it is on disk\n")
