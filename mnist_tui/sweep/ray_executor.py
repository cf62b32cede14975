"""Trains the runs of a sweep on the nodes of a Ray cluster."""

import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from mnist_tui.errors import MnistTuiError, UsageError
from mnist_tui.process.child import Child
from mnist_tui.run.plan import TrainedRun
from mnist_tui.run.requests import Save, Stop
from mnist_tui.sweep.cluster import Cluster
from mnist_tui.sweep.executor import Ended

_READY_S: Final = 180.0
"""How long a cluster may take to answer, and its nodes to say what they are like."""
_CLOSE_S: Final = 90.0
"""How long the other process may take to end, in which runs that are still going save."""
_ENVIRONMENT: Final = {
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",  # a node has the packages that it has
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # else Ray warns that this will change
}


@dataclass(frozen=True)
class Slots:
    """How many runs the cluster can train at a time."""

    count: int


@dataclass(frozen=True)
class Note:
    """Something that the user should know."""

    text: str


class RayExecutor:
    """Hands runs to a Ray cluster, through a process of its own.

    That keeps what Ray prints, its signal handlers, and its way of ending a program whose cluster
    is gone, away from this process. Its module is `ray_broker.py`.
    """

    def __init__(
        self,
        cluster: Cluster,
        folder: Path,
        origin: Path,
        say: Callable[[str], None],
        jobs: int | None = None,
    ) -> None:
        """Connect to the cluster, or make one. Blocks for some seconds.

        Args:
            origin: The folder that relative paths of the user's are below.
            say: Gets a line about what the cluster is like.
            jobs: Runs at a time; None: as many as the cluster has room for.

        Raises:
            UsageError: When it cannot be used.
        """
        if find_spec("ray") is None:
            raise UsageError(
                "ray is not installed, which a sweep on other machines needs: "
                "install mnist-tui[ray]"
            )
        self._say = say
        self._jobs = jobs
        self._slots = 0
        self._going: set[str] = set()
        self._child = Child("mnist_tui.sweep.ray_broker", environment=_ENVIRONMENT)
        self._connection = self._child.connection
        say(cluster.beginning)
        self._connection.send((cluster, folder.absolute(), origin.absolute()))
        self._wait_for_answer(cluster)

    @property
    def room(self) -> int:
        most = self._slots if self._jobs is None else min(self._slots, self._jobs)
        return most - len(self._going)

    def start(self, plan: TrainedRun) -> None:
        self._going.add(str(plan.name))
        self._send(replace(plan, runs_dir=plan.runs_dir.absolute()))

    def wait(self, limit_s: float) -> Sequence[Ended]:
        ended: list[Ended] = []
        while self._connection.poll(0 if ended else limit_s):
            message = self._receive()
            if isinstance(message, Ended):
                self._going.discard(message.name)
                ended.append(message)
            elif not ended:
                break  # the scheduler looks whether there is room now
        return ended

    def send(self, request: Stop | Save) -> None:
        self._send(request)

    def close(self) -> None:
        """End the connection to the cluster; runs that are still going save and end."""
        self._connection.close()
        try:
            self._child.process.wait(_CLOSE_S)
        except subprocess.TimeoutExpired:
            self._child.kill()
        self._child.close()

    def _wait_for_answer(self, cluster: Cluster) -> None:
        end = time.monotonic() + _READY_S
        try:
            while not self._slots:
                if not self._connection.poll(max(0.0, end - time.monotonic())):
                    raise UsageError(
                        f"{cluster.name} has not answered for {_READY_S:g} s; see whether it is "
                        "well"
                    )
                self._receive()
        except BaseException:
            self._child.kill()
            raise

    def _send(self, message: object) -> None:
        with suppress(OSError):  # the next `wait` finds out why
            self._connection.send(message)

    def _receive(self) -> Any:
        """The next message, after taking in what it says of the cluster.

        Raises:
            MnistTuiError: When the cluster cannot be used, or is gone.
        """
        try:
            message = self._connection.recv()
        except (EOFError, OSError):
            raise MnistTuiError(self._describe_end()) from None
        match message:
            case MnistTuiError():
                raise message
            case Slots(count):
                self._slots = count
            case Note(text):
                self._say(text)
        return message

    def _describe_end(self) -> str:
        """What has become of the other process, in one line."""
        self._child.kill()
        said = self._child.last_line()
        return f"the Ray cluster is gone{said}; the same command resumes the sweep"
