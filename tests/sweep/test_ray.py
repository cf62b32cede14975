"""Sweeps on a real Ray of several nodes, all of them on this machine."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, chdir, contextmanager, suppress
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
    config = few_config(few_digits, epochs=16, checkpoint_every_s=0.5)
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


@contextmanager
def node_of_its_own(cluster: Any, hidden: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A node that has an empty folder of its own in the place of `hidden`, as another machine has.

    By a mount namespace, which Linux has and a container may forbid.
    """
    start = [sys.executable, "-m", "ray.scripts.scripts", "start", "--block", "--num-cpus=1"]
    # Others on this machine have the ports that a node takes.
    start += ["--dashboard-agent-listen-port=0", "--min-worker-port=0", "--max-worker-port=0"]
    script = 'mount -t tmpfs none "$0" && exec "$@" >/dev/null 2>&1'
    command = ["unshare", "--map-root-user", "--mount", "sh", "-c", script, str(hidden), *start]
    node = subprocess.Popen([*command, f"--address={cluster.address}"], start_new_session=True)
    try:
        yield node
    finally:
        kill_all_of(node)


def kill_all_of(node: "subprocess.Popen[bytes]") -> None:
    """End a node as a machine ends that loses its power."""
    with suppress(psutil.NoSuchProcess):
        for process in [*psutil.Process(node.pid).children(recursive=True)]:
            with suppress(psutil.NoSuchProcess):
                process.kill()
    node.kill()
    node.wait()


NET = """
from torch import nn

class Net(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Flatten(), nn.Linear(784, 10))
"""


def test_runs_come_back_from_nodes_that_do_not_have_the_folder(
    cluster: Any, few_digits: Path, tmp_path: Path
) -> None:
    if subprocess.run(["unshare", "--map-root-user", "--mount", "true"], check=False).returncode:
        pytest.skip("this system lets no process have mounts of its own")
    (tmp_path / "net.py").write_text(NET)
    grid = make_grid(few_digits, model=("net.py:Net",), lr=(0.1, 0.05), epochs=(40,))
    folder = make_sweep(tmp_path / "runs", "sweep", grid, tmp_path)
    with ExitStack() as stack:
        nodes = [stack.enter_context(node_of_its_own(cluster, tmp_path)) for _ in range(2)]
        until(lambda: len(cluster.global_state._live_node_ids()) == 3, "three nodes", LIMIT_S)
        sweep = RunningSweep(folder, cluster)
        victim = sweep.wait_for_epochs(3)
        assert victim.lock.is_held(), "it is live to who looks at it here"
        above = {process.pid for process in psutil.Process(pid_of(victim)).parents()}
        (node,) = [node for node in nodes if node.pid in above]
        kill_all_of(node)
        assert sweep.exit_code() == 0, sweep.lines
    assert_went_on(victim)
    with chdir(tmp_path):
        assert_as_if_undisturbed(sweep, tmp_path / "undisturbed")


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


def test_what_no_node_has_is_said(cluster: Any, tmp_path: Path) -> None:
    cluster.add_node(num_cpus=1)
    asked = Cluster(address=cluster.address, gpus=0.5)
    with pytest.raises(UsageError, match=r"no node of the Ray cluster has 1 CPU and 0\.5 GPU"):
        RayExecutor(asked, tmp_path, tmp_path, print)
