"""Sweeps on a real Ray of several nodes, all of them on this machine."""

import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest

from mnist_tui.errors import UsageError
from mnist_tui.run.events import RunPrepared
from mnist_tui.run.requests import Stop
from mnist_tui.store.atomic import read_json
from mnist_tui.store.catalog import read_events, read_rows
from mnist_tui.store.directory import RunDirectory
from mnist_tui.sweep.cluster import Cluster
from mnist_tui.sweep.grid import Grid
from mnist_tui.sweep.ray_executor import RayExecutor
from mnist_tui.sweep.record import SweepFolder, make_sweep
from mnist_tui.sweep.scheduler import Scheduler
from tests.campaigns.sameness import assert_same_run
from tests.remote.served import until
from tests.training_helpers import few_config, train

cluster_utils = pytest.importorskip(
    "ray.cluster_utils", reason="ray is not installed: uv run --extra ray pytest -m slow"
)
pytestmark = pytest.mark.slow

LRS = (0.1, 0.05)
LIMIT_S = 240.0
"""Ray and torch start in many processes, on what cores there are."""


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


def make_grid(few_digits: Path, **values: Any) -> Grid:
    """Trials of some seconds each."""
    config = few_config(few_digits, epochs=120, checkpoint_every_s=0.5)
    names = ("dataset", "data_dir", "epochs", "checkpoint_every_s")
    given = {name: (getattr(config, name),) for name in names}
    return Grid({**given, "lr": LRS, **values})


class RunningSweep:
    """A sweep on a thread of its own."""

    def __init__(self, folder: SweepFolder, cluster: Any) -> None:
        self.folder = folder
        self.lines: list[str] = []
        self.trials = folder.read().trials
        at = Cluster(address=cluster.address)
        self._executor = RayExecutor(at, folder.path, folder.read().origin, self.lines.append)
        self.scheduler = Scheduler(folder, self._executor, self.lines.append)
        self._code = ThreadPoolExecutor(1).submit(self.scheduler.run)

    def exit_code(self) -> int:
        """The code that the sweep ends with."""
        try:
            return self._code.result(300)
        finally:
            self._executor.close()

    def runs(self) -> list[RunDirectory]:
        return [self.folder.run(trial) for trial in self.trials]

    def wait_for_epochs(self, epochs: int) -> RunDirectory:
        """The first run to have so many epochs in a checkpoint."""

        def found() -> list[RunDirectory]:
            return [r for r in self.runs() if len(read_rows(r)) > epochs and r.last.exists()]

        until(found, f"a run with {epochs} epochs", LIMIT_S)
        return found()[0]


def pid_of(run: RunDirectory) -> int:
    """The process that trains a run, by its own word."""
    return int(read_json(run.status)["pid"])


def starts_of(run: RunDirectory) -> list[tuple[int, int] | None]:
    """The epoch and batch after which each process went on that has trained a run."""
    return [event.resumed_at for _, event in read_events(run) if isinstance(event, RunPrepared)]


def assert_as_if_undisturbed(sweep: RunningSweep, folder: Path) -> None:
    for trial in sweep.trials:
        train(trial.config, folder, trial.name)
        assert_same_run(sweep.folder.run(trial).path, folder / trial.name)


def test_runs_of_a_node_that_dies_go_on_elsewhere(
    cluster: Any, few_digits: Path, tmp_path: Path
) -> None:
    nodes = [cluster.add_node(num_cpus=1) for _ in range(2)]
    folder = make_sweep(tmp_path / "runs", "sweep", make_grid(few_digits), tmp_path)
    sweep = RunningSweep(folder, cluster)
    victim = sweep.wait_for_epochs(3)
    trains = psutil.Process(pid_of(victim))
    above = {process.pid for process in trains.parents()}
    (node,) = [node for node in nodes if node.all_processes["raylet"][0].process.pid in above]
    cluster.remove_node(node, allow_graceful=False)
    assert sweep.exit_code() == 0, sweep.lines
    assert_went_on(victim)
    assert [starts_of(run) for run in sweep.runs() if run.path != victim.path] == [[None]]
    assert_as_if_undisturbed(sweep, tmp_path / "undisturbed")


def assert_went_on(run: RunDirectory) -> None:
    """A second process has trained it further, from where the first one was."""
    first, second = starts_of(run)
    assert first is None
    assert second is not None
    assert second[0] >= 2, "it began again"


def test_a_sweep_that_is_stopped_saves_its_runs_and_goes_on_later(
    cluster: Any, few_digits: Path, tmp_path: Path
) -> None:
    cluster.add_node(num_cpus=1)
    folder = make_sweep(tmp_path / "runs", "sweep", make_grid(few_digits), tmp_path)
    sweep = RunningSweep(folder, cluster)
    going = sweep.wait_for_epochs(3)
    sweep.scheduler.request(Stop(exit_code=130))
    assert sweep.exit_code() == 130
    assert read_json(going.status)["state"] == "stopped"
    assert [run.path for run in sweep.runs() if run.config.exists()] == [going.path]
    again = RunningSweep(folder, cluster)
    assert again.exit_code() == 0, again.lines
    assert_as_if_undisturbed(again, tmp_path / "undisturbed")


def test_an_address_where_nothing_answers_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no Ray cluster answers at 127\.0\.0\.1:1 "):
        RayExecutor(Cluster(address="127.0.0.1:1"), tmp_path, tmp_path, print)
    assert list(tmp_path.iterdir()) == []
