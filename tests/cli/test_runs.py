"""`runs`: what is in the runs directory."""

import json

from mnist_tui.cli.table import table
from tests.cli.done import Run


def test_runs_lists_what_is_there(run: Run, few: tuple[str, ...]) -> None:
    assert run("runs").out == "no runs in runs; start one: mnist-tui train\n"
    there = run("runs", "--runs-dir", "there").out
    assert there == "no runs in there; start one: mnist-tui train --runs-dir there\n"
    run("train", *few, "--name", "a")
    done = run("runs")
    assert done.out.splitlines()[1].split()[:3] == ["a", "finished", "2/2"]
    [listed] = json.loads(run("runs", "--json").out)
    assert (listed["model"], listed["network"]) == ("mnist_net", "tutorial")
    assert (listed["name"], listed["state"], listed["epochs_done"]) == ("a", "finished", 2)


def test_columns_are_aligned_whatever_the_names_are_written_in() -> None:
    lines = table(("RUN", "STATE"), [("数字", "finished"), ("größe", "stopped")]).splitlines()
    assert lines == ["RUN    STATE", "数字   finished", "größe  stopped"]
