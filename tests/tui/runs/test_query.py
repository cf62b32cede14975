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
        ("accuracy>=0.97", {"Quick"}),
        ("accuracy<=1", {"slow", "Quick"}),
        ("accuracy<1%", set()),
        ("best>97", {"Quick"}),
        ("ACC>97%", {"Quick"}),
        ("lr<5%", set()),
        ("lr<nan", set()),
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


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", ""),
        ("slow a/b", ""),
        ("best>90 acc<99% data:fashion tag!=keep", ""),
        ("lr<", ""),
        ("slow lr<abc foo:x", "lr<abc: abc is not a number"),
        ("lr<<0.1", "lr<<0.1: <0.1 is not a number"),
        ("lr<5%", "lr<5%: 5% is not a number"),
        ("lr < 0.1", "<: a condition has no spaces, as in lr<0.01"),
        ("tag>a", "tag>a: tag is found by words, as in tag:word"),
        (
            "rate>90",
            "rate>90: there is no column rate; accuracy, batch, epochs, loss, lr, minutes, seed",
        ),
        (
            "foo:bar",
            "foo:bar: there is no column foo; accuracy, batch, data, epochs, loss, lr, minutes, "
            "model, name, note, optimizer, recipe, seed, state, tag",
        ),
    ],
)
def test_a_condition_that_is_not_understood_says_why(text: str, problem: str) -> None:
    assert parse_query(text).problem == problem


def test_a_runs_name_with_a_sign_in_it_is_found_as_a_word(tmp_path: Path) -> None:
    write_run(tmp_path, "rates/lr=0.1,seed=0", [0.5])
    [run] = list_runs(tmp_path)
    assert parse_query("lr=0.1,seed=0")(run)
