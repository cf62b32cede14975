"""Filters for runs, as they are typed."""

from pathlib import Path

import pytest

from mnist_tui.store.catalog import list_runs
from mnist_tui.store.summary import RunSummary
from mnist_tui.tui.runs.query import parse_query
from tests.tui.runs.written_runs import write_run


@pytest.fixture
def runs(tmp_path: Path) -> list[RunSummary]:
    write_run(tmp_path, "slow", [0.5, 0.4], lr=0.001, dataset="fashion")
    write_run(tmp_path, "Quick", [0.2], lr=0.1, optimizer="momentum", state="failed")
    write_run(tmp_path, "lab/new", [], lr=0.01)
    (tmp_path / "slow/labels.json").write_text('{"tags": ["baseline", "keep"], "note": "for May"}')
    return list_runs(tmp_path)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", {"slow", "Quick", "lab/new"}),
        ("quick", {"Quick"}),
        ("lr<0.01", {"slow"}),
        ("lr<=0.01", {"slow", "lab/new"}),
        ("lr=0.1", {"Quick"}),
        ("lr<", {"slow", "Quick", "lab/new"}),
        ("lr<x", set()),
        ("data:fash", {"slow"}),
        ("data!=fashion", {"Quick", "lab/new"}),
        ("accuracy>=97", {"Quick"}),
        ("accuracy>=97%", {"Quick"}),
        ("accuracy<50", set()),
        ("state:failed optimizer:mom", {"Quick"}),
        ("tag:keep", {"slow"}),
        ("may", {"slow"}),
        ("epochs<1", {"lab/new"}),
        ("lab", {"lab/new"}),
        ("slow quick", set()),
    ],
)
def test_words_and_conditions_all_have_to_hold(
    runs: list[RunSummary], text: str, names: set[str]
) -> None:
    assert {run.name for run in runs if parse_query(text)(run)} == names
