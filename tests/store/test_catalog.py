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
from mnist_tui.run.events import EpochRow
from mnist_tui.store.atomic import append_lines, write_json
from mnist_tui.store.catalog import (
    complete_rows,
    describe_age,
    find_checkpoint,
    find_run,
    list_runs,
    read_rows,
)
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


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "just now"), (59, "just now"), (60, "1 min ago"), (7200, "2 h ago"), (200_000, "2 d ago")],
)
def test_an_age_is_described_in_words(seconds: float, words: str) -> None:
    assert describe_age(1000.0, now=1000.0 + seconds) == words


def written(tmp_path: Path, *lines: object) -> tuple[EpochRow, ...]:
    """The rows that are read from a metrics.jsonl with these lines."""
    run = create_run(tmp_path, None, TrainConfig())
    run.metrics.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return read_rows(run)


def test_columns_of_a_newer_version_are_left_out(tmp_path: Path) -> None:
    rows = epoch_row(1), epoch_row(2)
    assert written(tmp_path, *({**asdict(row), "grad_norm": 0.5} for row in rows)) == rows


def test_a_nan_in_the_metrics_is_read_back_and_is_not_the_best(tmp_path: Path) -> None:
    first, second = written(
        tmp_path, {**asdict(epoch_row(1)), "val_loss": None}, asdict(epoch_row(2))
    )
    assert first.val_loss != first.val_loss
    same = asdict(epoch_row(2)) | {"val_accuracy": first.val_accuracy}
    assert EpochRow.from_dict(same).is_better_than(first)
    assert not first.is_better_than(second)


@pytest.mark.parametrize(
    "line",
    [
        {"epoch": 2},
        {**asdict(epoch_row(2)), "val_loss": "low"},
        {**asdict(epoch_row(2)), "val_loss": True},
        {**asdict(epoch_row(2)), "val_loss": [1.0]},
        asdict(epoch_row(1)),
    ],
)
def test_rows_end_before_a_line_that_is_none(tmp_path: Path, line: object) -> None:
    rows = written(tmp_path, asdict(epoch_row(1)), line, asdict(epoch_row(3)))
    assert rows == (epoch_row(1),)


def test_the_rows_that_a_checkpoint_does_not_hold_come_from_the_metrics(tmp_path: Path) -> None:
    run = create_run(tmp_path, "a", TrainConfig())
    rows = tuple(epoch_row(epoch) for epoch in range(1, 10))
    append_lines(run.metrics, [asdict(row) for row in rows])
    assert complete_rows(run, rows[4:7]) == rows[:7]
    assert complete_rows(run, ()) == ()
    run.metrics.unlink()
    assert complete_rows(run, rows[4:7]) == rows[4:7]


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
