"""The list of all runs, and what their files say of each."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import pytest

from mnist_tui.config import TrainConfig
from mnist_tui.errors import CheckpointError, MnistTuiError, Remedy, UsageError
from mnist_tui.store.atomic import append_lines, write_json
from mnist_tui.store.catalog import find_checkpoint, find_run, list_runs
from mnist_tui.store.new_run import create_run
from tests.run.values import epoch_row


def test_a_run_whose_process_died_is_listed_as_interrupted(tmp_path: Path) -> None:
    run = create_run(tmp_path, "a", TrainConfig())
    run.last.touch()
    write_json(run.status, {"state": "running", "updated": 5.0})
    [summary] = list_runs(tmp_path)
    assert (summary.state, summary.can_resume) == ("interrupted", True)
    with run.lock.hold():
        [summary] = list_runs(tmp_path)
    assert (summary.state, summary.can_resume) == ("running", False)


def test_runs_are_listed_newest_first_with_their_best_epoch(tmp_path: Path) -> None:
    for name, updated in (("old", 5.0), ("new", 9.0)):
        run = create_run(tmp_path, name, TrainConfig())
        write_json(run.status, {"state": "stopped", "updated": updated})
        scores = ((0.5, 1.0), (0.9, 0.4), (0.9, 0.6))
        rows = [
            epoch_row(epoch, val_accuracy=accuracy, val_loss=loss)
            for epoch, (accuracy, loss) in enumerate(scores, start=1)
        ]
        append_lines(run.metrics, [asdict(row) for row in rows])
    (tmp_path / "not-a-run").mkdir()
    (tmp_path / "file").write_text("")
    runs = list_runs(tmp_path)
    assert [run.name for run in runs] == ["new", "old"]
    assert (runs[0].best_epoch, runs[0].epochs_done) == (2, 3)
    assert find_run(tmp_path, "last").name == "new"
    assert find_run(tmp_path, "old").name == "old"
    assert find_run(Path("elsewhere"), str(tmp_path / "old")).name == "old"


def test_metrics_lines_of_other_programs_do_not_break_the_list(tmp_path: Path) -> None:
    run = create_run(tmp_path, "a", TrainConfig())
    run.metrics.write_text(json.dumps({"epoch": 1}) + "\n" + json.dumps([1]) + "\nrubbish\n")
    [summary] = list_runs(tmp_path)
    assert summary.epochs_done == 0


def test_a_run_that_is_missing_is_said_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        find_run(tmp_path, "b")
    assert caught.value.remedy == Remedy(command="runs", settings={"runs_dir": str(tmp_path)})
    with pytest.raises(UsageError) as caught:
        find_run(Path("runs"), "b")
    assert caught.value.remedy == Remedy(command="runs")
    with pytest.raises(UsageError) as caught:
        find_run(tmp_path, "last")
    assert caught.value.remedy == Remedy(command="train", settings={"runs_dir": str(tmp_path)})


def test_a_sweep_is_neither_a_run_nor_a_checkpoint(tmp_path: Path) -> None:
    (tmp_path / "rates").mkdir()
    write_json(tmp_path / "rates/sweep.json", {})
    create_run(tmp_path / "lab", "rates", TrainConfig())
    look = Remedy(command="sweep", settings={"resume": "rates", "runs_dir": str(tmp_path)})
    with pytest.raises(UsageError, match=r"a sweep, not a run.*rates/NAME") as of_run:
        find_run(tmp_path, "rates")
    with pytest.raises(CheckpointError, match="rates is a sweep, not a run") as of_file:
        find_checkpoint(tmp_path, "rates")
    assert of_run.value.remedy == of_file.value.remedy == look


@contextmanager
def closed(folder: Path) -> Iterator[None]:
    """Let nobody look into a folder; root, whom no permission stops, becomes another user."""
    user = os.geteuid()
    folder.chmod(0)
    try:
        if user == 0:
            os.seteuid(65_534)
        yield
    finally:
        os.seteuid(user)
        folder.chmod(0o700)


@pytest.mark.skipif(os.name != "posix", reason="permissions keep nobody out here")
@pytest.mark.parametrize(
    ("find", "kind"), [(find_run, UsageError), (find_checkpoint, CheckpointError)]
)
@pytest.mark.parametrize("name", ["a", "{path}"])
def test_a_run_in_a_folder_that_may_not_be_looked_into_is_an_error_that_says_so(
    find: Callable[[Path, str], object], kind: type[MnistTuiError], name: str, tmp_path: Path
) -> None:
    run = create_run(tmp_path, "a", TrainConfig())
    with closed(run.path), pytest.raises(kind) as raised:
        find(tmp_path, name.format(path=run.path))
    assert "Permission denied; check the path and its permissions" in str(raised.value)


@pytest.mark.skipif(os.name != "posix", reason="permissions keep nobody out here")
def test_a_checkpoint_that_may_not_be_looked_for_is_an_error_that_says_so(tmp_path: Path) -> None:
    run = create_run(tmp_path, "a", TrainConfig())
    run.last.touch()
    with closed(run.checkpoints), pytest.raises(CheckpointError, match="Permission denied"):
        find_checkpoint(tmp_path, str(run.last))
