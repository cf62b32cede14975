"""Sweeps on a real Ray of several nodes, all of them on this machine."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from mnist_tui.errors import UsageError
from mnist_tui.run.requests import Stop
from mnist_tui.store.atomic import read_json
from mnist_tui.sweep.cluster import Cluster
from mnist_tui.sweep.ray_executor import RayExecutor
from mnist_tui.sweep.record import make_sweep
from tests.sweep.running_sweep import (
    RunningSweep,
    assert_as_if_undisturbed,
    assert_went_on,
    make_grid,
    pid_of,
    runs_of,
    starts_of,
    wait_for_epochs,
)

cluster_utils = pytest.importorskip(
    "ray.cluster_utils", reason="ray is not installed: uv run --extra ray pytest -m slow"
)
pytestmark = pytest.mark.slow


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A cluster whose head trains nothing."""
    with tempfile.TemporaryDirectory(prefix="ray-") as folder:
        monkeypatch.setenv("RAY_TMPDIR", folder)  # a short path, for the sockets in it
        monkeypatch.setenv("RAY_worker_niceness", "0")  # beside other tests
        head = {"num_cpus": 0, "include_dashboard": False}
        made = cluster_utils.Cluster(initialize_head=True, head_node_args=head)
        yield made
        made.shutdown()


def test_runs_of_a_node_that_dies_go_on_elsewhere(
    cluster: Any, few_digits: Path, tmp_path: Path
) -> None:
    nodes = [cluster.add_node(num_cpus=1) for _ in range(2)]
    folder = make_sweep(tmp_path / "runs", "sweep", make_grid(few_digits), tmp_path)
    sweep = RunningSweep(folder, cluster.address)
    victim = wait_for_epochs(folder, 3)
    trains = psutil.Process(pid_of(victim))
    above = {process.pid for process in trains.parents()}
    (node,) = [node for node in nodes if node.all_processes["raylet"][0].process.pid in above]
    cluster.remove_node(node, allow_graceful=False)
    assert sweep.exit_code() == 0, sweep.lines
    assert_went_on(victim)
    assert [starts_of(run) for run in runs_of(folder) if run.path != victim.path] == [[None]]
    assert_as_if_undisturbed(folder, tmp_path / "undisturbed")


def test_a_sweep_that_is_stopped_saves_its_runs_and_goes_on_later(
    cluster: Any, few_digits: Path, tmp_path: Path
) -> None:
    cluster.add_node(num_cpus=1)
    folder = make_sweep(tmp_path / "runs", "sweep", make_grid(few_digits), tmp_path)
    sweep = RunningSweep(folder, cluster.address)
    going = wait_for_epochs(folder, 3)
    sweep.scheduler.request(Stop(exit_code=130))
    assert sweep.exit_code() == 130
    assert read_json(going.status)["state"] == "stopped"
    assert [run.path for run in runs_of(folder) if run.config.exists()] == [going.path]
    again = RunningSweep(folder, cluster.address)
    assert again.exit_code() == 0, again.lines
    assert_as_if_undisturbed(folder, tmp_path / "undisturbed")


def test_an_address_where_nothing_answers_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"the Ray cluster at 127\.0\.0\.1:1 does not answer "):
        RayExecutor(Cluster(address="127.0.0.1:1"), tmp_path, tmp_path, print)
    assert list(tmp_path.iterdir()) == []
