"""`compare` on the command line."""

import json
from pathlib import Path

from mnist_tui.cli.compare import tables
from mnist_tui.store.comparison import PickedRun, compare
from mnist_tui.store.directory import RunDirectory
from tests.cli.done import Run, assert_one_line
from tests.tui.runs.written_runs import write_run


def test_runs_are_compared_by_name_as_a_table_and_as_json(run: Run, tmp_path: Path) -> None:
    write_run(tmp_path / "runs", "slow", [0.5, 0.4], lr=0.001)
    write_run(tmp_path / "runs", "lab/quick", [0.2], lr=0.1)
    done = run("compare", "slow", "quick")
    lines = done.out.splitlines()
    assert lines[0].split()[:4] == ["run", "lr", "best", "in"]
    assert lines[1].split()[:5] == ["1", "slow", "0.001", "96.00", "%"]
    assert lines[2].split()[:5] == ["2", "quick", "0.1", "98.00", "%"]
    assert "\x1b" not in done.out
    values = json.loads(run("compare", "slow", "quick", "--json").out)
    assert values["differing"] == ["lr"]
    assert [one["epochs_to_97"] for one in values["runs"]] == [None, 1]


def test_on_a_narrow_terminal_settings_and_results_are_two_tables(tmp_path: Path) -> None:
    names = ("one", "with-a-rather-long-name")
    paths = [
        write_run(tmp_path, name, [0.5], lr=0.1 * n, seed=n, batch_size=2**n)
        for n, name in enumerate(names, 1)
    ]
    runs = [PickedRun(n, path.name, RunDirectory(path)) for n, path in enumerate(paths, 1)]
    comparison = compare(runs)
    assert len(tables(comparison, None)) == 1
    settings, results = tables(comparison, 70)
    assert settings.splitlines()[2].split() == ["2", names[1], "4", "0.2", "2"]
    assert results.splitlines()[2].split()[:3] == ["2", "95.00", "%"]
    assert max(len(line) for line in f"{settings}\n{results}".splitlines()) <= 70


def test_a_setting_that_a_run_does_not_use_is_a_dash(run: Run, tmp_path: Path) -> None:
    write_run(tmp_path / "runs", "plain", [0.5])
    for name, beta1 in (("one", 0.7), ("two", 0.8)):
        write_run(tmp_path / "runs", name, [0.5], optimizer="adamw", beta1=beta1)
    lines = run("compare", "plain", "one", "two").out.splitlines()
    assert lines[0].split()[:4] == ["run", "optimizer", "beta1", "best"]
    assert [line.split()[2:4] for line in lines[1:]] == [
        ["sgd", "–"],
        ["adamw", "0.7"],
        ["adamw", "0.8"],
    ]


def test_networks_are_called_as_users_call_them(run: Run, tmp_path: Path) -> None:
    write_run(tmp_path / "runs", "slow", [0.5], model="mnist_net")
    write_run(tmp_path / "runs", "quick", [0.2], model="fast_net")
    done = run("compare", "slow", "quick")
    assert [line.split()[2] for line in done.out.splitlines()[1:]] == ["tutorial", "fast"]


def test_what_cannot_be_compared_is_one_line(run: Run, tmp_path: Path) -> None:
    write_run(tmp_path / "runs", "slow", [])
    assert_one_line(run("compare", "slow", "other"), 2, "no run named other")
    assert_one_line(run("compare", *["slow"] * 9), 2, "8 runs at most")
    assert_one_line(run("compare"), 2, "RUN")
