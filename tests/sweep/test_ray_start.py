"""Sweeps on Ray clusters as users start them: by `ray start`, on machines that share no folder."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from mnist_tui.errors import UsageError
from mnist_tui.sweep import background
from mnist_tui.sweep.cluster import LOCAL, Cluster
from mnist_tui.sweep.ray_executor import RayExecutor
from mnist_tui.sweep.record import make_sweep
from tests.remote.served import until
from tests.sweep.running_sweep import (
    LIMIT_S,
    RunningSweep,
    assert_as_if_undisturbed,
    assert_went_on,
    make_grid,
    runs_of,
    starts_of,
    wait_for_epochs,
)

pytest.importorskip("ray", reason="ray is not installed: uv run --extra ray pytest -m slow")
pytestmark = pytest.mark.slow

RAY = str(Path(sys.executable).with_name("ray"))
MACHINE = ("unshare", "--mount", "--uts", "--pid", "--fork", "--kill-child", "--mount-proc")
"""What makes a process think that it is on a machine of its own, and ends all of it at once."""
ELSEWHERE = 'mount -t tmpfs none "$1" && hostname "$2" && shift 2 && exec "$@"'


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


@dataclass
class StartedCluster:
    """A head that trains nothing but what it is told to, and machines beside it."""

    temporary: str
    port: int = field(default_factory=free_port)
    client_port: int = field(default_factory=free_port)
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start_head(self, cpus: int = 0) -> None:
        words = [RAY, "start", "--head", "--port", f"{self.port}", "--num-cpus", f"{cpus}"]
        words += ["--ray-client-server-port", f"{self.client_port}"]
        self._start([*words, "--include-dashboard", "false", "--temp-dir", self.temporary])
        until(lambda: answers(self.client_port), "the head's door", LIMIT_S)

    def add_machine(self, name: str, without: Path) -> subprocess.Popen[bytes]:
        """A machine of that name which has another folder in the place of `without`."""
        start = [RAY, "start", "--address", self.address, "--num-cpus", "1"]
        return self._start([*MACHINE, "sh", "-c", ELSEWHERE, "sh", str(without), name, *start])

    def _start(self, words: list[str]) -> subprocess.Popen[bytes]:
        log = Path(self.temporary, f"started-{len(self.processes)}")
        with log.open("wb") as said:
            process = subprocess.Popen(
                [*words, "--block", "--disable-usage-stats"],
                stdout=said,
                stderr=said,
                start_new_session=True,
            )
        self.processes.append(process)
        until(lambda: "started." in log.read_text() or process.poll(), "a node", LIMIT_S)
        assert process.poll() is None, log.read_text()
        return process

    def end(self) -> None:
        for process in reversed(self.processes):
            process.terminate()
        for process in self.processes:
            process.wait()


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[StartedCluster]:
    with tempfile.TemporaryDirectory(prefix="ray-") as folder:  # short, for the sockets in it
        monkeypatch.setenv("RAY_worker_niceness", "0")  # beside other tests
        monkeypatch.setenv("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")  # not begun by `uv run`
        made = StartedCluster(folder)
        try:
            yield made
        finally:
            made.end()


def test_runs_come_back_from_machines_without_the_folder_and_move_when_one_dies(
    cluster: StartedCluster, few_digits: Path, tmp_path: Path
) -> None:
    if subprocess.run([*MACHINE, "true"], capture_output=True).returncode:
        pytest.skip("this user cannot make namespaces: unshare")
    folder = make_sweep(tmp_path / "runs", "sweep", make_grid(few_digits, epochs=(60,)), tmp_path)
    cluster.start_head()
    machines = {name: cluster.add_machine(name, tmp_path / "runs") for name in ("east", "west")}
    sweep = RunningSweep(folder, cluster.address)
    victim = wait_for_epochs(folder, 3)
    assert "0 with the sweep's folder" in sweep.lines[1]
    machines[victim.lock.owner.host].kill()
    assert sweep.exit_code() == 0, sweep.lines
    assert_went_on(victim)
    assert [starts_of(run) for run in runs_of(folder) if run.path != victim.path] == [[None]]
    assert_as_if_undisturbed(folder, tmp_path / "undisturbed")


def test_a_cluster_is_reached_from_outside_of_it(
    cluster: StartedCluster, few_digits: Path, tmp_path: Path
) -> None:
    cluster.start_head(cpus=2)
    folder = make_sweep(tmp_path / "runs", "sweep", make_grid(few_digits, epochs=(5,)), tmp_path)
    sweep = RunningSweep(folder, f"ray://127.0.0.1:{cluster.client_port}")
    assert sweep.exit_code() == 0, sweep.lines
    assert_as_if_undisturbed(folder, tmp_path / "undisturbed")


def test_a_cluster_that_wants_a_token_is_joined_with_it_and_not_without(
    cluster: StartedCluster, few_digits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    monkeypatch.setenv("RAY_AUTH_TOKEN", "open sesame " * 4)
    cluster.start_head(cpus=2)
    folder = make_sweep(tmp_path / "runs", "sweep", make_grid(few_digits, epochs=(5,)), tmp_path)
    with monkeypatch.context() as without:
        without.delenv("RAY_AUTH_MODE")
        without.delenv("RAY_AUTH_TOKEN")
        with pytest.raises(UsageError, match="set RAY_AUTH_MODE=token"):
            RayExecutor(Cluster(address=cluster.address), folder.path, tmp_path, print)
    sweep = RunningSweep(folder, cluster.address)
    assert sweep.exit_code() == 0, sweep.lines
    assert_as_if_undisturbed(folder, tmp_path / "undisturbed")


def test_a_scheduler_on_ray_that_is_killed_loses_nothing(
    few_digits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_worker_niceness", "0")
    folder = make_sweep(tmp_path / "runs", "sweep", make_grid(few_digits, epochs=(60,)), tmp_path)
    scheduler = background.start(folder, "--ray", LOCAL)
    going = wait_for_epochs(folder, 3)
    os.kill(scheduler, signal.SIGKILL)
    os.waitpid(scheduler, 0)
    sweep = RunningSweep(folder, LOCAL)
    assert sweep.exit_code() == 0, sweep.lines
    assert_went_on(going)
    assert_as_if_undisturbed(folder, tmp_path / "undisturbed")
