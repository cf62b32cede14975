"""`runs`: what is in the runs directory."""

import json

from tests.cli.done import Run


def test_runs_lists_what_is_there(run: Run, few: tuple[str, ...]) -> None:
    assert "no runs" in run("runs").out
    run("train", *few, "--name", "a")
    done = run("runs")
    assert done.out.splitlines()[1].split()[:3] == ["a", "finished", "2/2"]
    [listed] = json.loads(run("runs", "--json").out)
    assert (listed["name"], listed["state"], listed["epochs_done"]) == ("a", "finished", 2)
