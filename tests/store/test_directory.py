"""What the smaller files of a run say."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from mnist_tui.config import TrainConfig
from mnist_tui.run.events import EpochRow
from mnist_tui.store.atomic import append_lines
from mnist_tui.store.new_run import create_run
from tests.run.values import epoch_row


def written(tmp_path: Path, *lines: object) -> tuple[EpochRow, ...]:
    """The rows that are read from a metrics.jsonl with these lines."""
    run = create_run(tmp_path, None, TrainConfig())
    run.metrics.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return run.read_rows()


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
    assert run.complete_rows(rows[4:7]) == rows[:7]
    assert run.complete_rows(()) == ()
    run.metrics.unlink()
    assert run.complete_rows(rows[4:7]) == rows[4:7]
