"""The columns of the table of runs."""

import math
from pathlib import Path

from mnist_tui.store.catalog import list_runs
from mnist_tui.tui.runs.columns import COLUMNS, SPARK_WIDTH, sort_runs, sparkline
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


def test_a_curve_falls_from_the_highest_bar_to_the_lowest() -> None:
    line = sparkline([2.0, 1.0, 0.5, 0.25])
    assert (line[0], line[-1], len(line)) == ("█", "▁", 4)
    assert list(line) == sorted(line, reverse=True)
    assert len(sparkline([1 / (i + 1) for i in range(24)])) == SPARK_WIDTH


def test_a_curve_of_what_is_no_number_has_gaps() -> None:
    assert sparkline([1.0, math.nan, 0.1]) == "█ ▁"
    assert sparkline([math.inf]) == ""
    assert sparkline([]) == ""
    assert sparkline([0.5, 0.5]) == "▁▁"
