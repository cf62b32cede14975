"""The columns of the table of runs."""

import math
from pathlib import Path

from mnist_tui.store.catalog import list_runs
from mnist_tui.tui.runs.columns import COLUMNS, SPARK_WIDTH, loss_curve, sort_runs
from tests.tui.runs.written_runs import write_run


def test_runs_without_a_value_come_last_either_way(tmp_path: Path) -> None:
    write_run(tmp_path, "good", [0.1])
    write_run(tmp_path, "bad", [0.9])
    write_run(tmp_path, "none", [])
    write_run(tmp_path, "nan", [math.nan])
    runs = list_runs(tmp_path)
    loss = next(column for column in COLUMNS if column.name == "loss")
    assert [run.name for run in sort_runs(runs, loss, is_reversed=False)][:2] == ["good", "bad"]
    assert [run.name for run in sort_runs(runs, loss, is_reversed=True)][:2] == ["bad", "good"]


def test_a_curve_ends_with_the_last_loss_however_many_there_are() -> None:
    assert loss_curve([2.0, 1.0, 0.5, 0.0]) == "█▅▃▁"
    many = loss_curve([1.0] * 99 + [0.0])
    assert many == "█" * (SPARK_WIDTH - 1) + "▁"


def test_a_curve_that_hardly_moves_looks_flat() -> None:
    assert loss_curve([0.5, 0.49, 0.51, 0.5]) == "████"
    assert loss_curve([2.3, 0.5, 0.49, 0.51]) == "█▃▂▃"


def test_a_curve_of_what_is_no_number_has_gaps() -> None:
    assert loss_curve([1.0, math.nan, 0.0]) == "█ ▁"
    assert loss_curve([math.inf]) == " "
    assert loss_curve([]) == ""
    assert loss_curve([0.0, 0.0]) == "▁▁"
