"""The process between a sweep and a Ray cluster: has each run trained on some node.

    python -m mnist_tui.sweep.ray_broker CHANNEL

No command for users: `RayExecutor` starts it. The argument is the number of a descriptor that it
inherits. When the other end of that is closed, by whatever death, the runs save and end, and so
does this process.
"""

import asyncio
import os
import secrets
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

import ray
from ray.exceptions import ActorUnavailableError, RayError, RayTaskError

from mnist_tui import formatting
from mnist_tui.errors import MnistTuiError, UsageError
from mnist_tui.run.plan import TrainedRun
from mnist_tui.run.requests import Save, Stop
from mnist_tui.store.parcel import unpack
from mnist_tui.sweep.cluster import Cluster
from mnist_tui.sweep.executor import Ended
from mnist_tui.sweep.node import Node, NodeAgent
from mnist_tui.sweep.ray_cluster import (
    choose_gpus,
    connect,
    count_slots,
    describe_nodes,
    one_line,
    problem_of,
)
from mnist_tui.sweep.ray_executor import Note, Slots
from mnist_tui.sweep.shipping import Shipping

_LOOK_S: Final = 1.0
"""Between two looks at a run, and at what the cluster has."""
_END_S: Final = 60.0
"""How long runs may take to save when nobody waits for them any more."""
_ALONE: Final = Stop(reason="Ended with its sweep", exit_code=143)


@dataclass(eq=False)
class _Going:
    """A run that was handed out."""

    plan: TrainedRun
    agent: Any = None
    """The actor that trains it; None until it has a place on a node."""
    host: str = "its node"
    files: dict[str, bytes] = field(default_factory=dict)
    """Those that have come, and could not be written yet."""

    @property
    def name(self) -> str:
        return str(self.plan.name)


class Broker:
    """Hands runs out, and says how they end. One thread."""

    def __init__(
        self, connection: "Connection[Any, Any]", cluster: Cluster, folder: Path, origin: Path
    ) -> None:
        """
        Args:
            origin: The folder that relative paths of the user's are below.
        """
        self._connection = connection
        self._cluster = cluster
        self._shipping = Shipping(origin)
        # Whoever reads it there has this very folder.
        self._marker = folder / f".shared-{secrets.token_hex(8)}"
        self._gpus = 0.0
        self._slots = 0
        self._going: dict[_Going, asyncio.Task[None]] = {}
        self._stop: Stop | None = None

    async def serve(self) -> None:
        """Do what the sweep asks for, until it closes the connection.

        Raises:
            MnistTuiError: When the cluster cannot be used.
        """
        self._marker.write_text(self._marker.name)
        try:
            connect(self._cluster)
            await self._introduce()
            await self._follow()
            self._request(_ALONE)
            if self._going:
                await asyncio.wait(self._going.values(), timeout=_END_S)
        finally:
            self._marker.unlink(missing_ok=True)

    async def _introduce(self) -> None:
        """Say what the cluster is like."""
        self._gpus = choose_gpus(self._cluster)
        slots = count_slots(self._cluster.cpus, self._gpus)
        each = f"{self._cluster.cpus} CPU" + (f" and {self._gpus:g} GPU" if self._gpus else "")
        if not slots:
            raise UsageError(f"no node of the Ray cluster has {each}, which each run is to have")
        nodes = await describe_nodes(list(slots), self._marker)
        sharing = sum(node.shares_folder for node in nodes)
        folder = (
            "all with the sweep's folder"
            if sharing == len(nodes)
            else f"{sharing} with the sweep's folder; from the others, the files of runs are copied"
        )
        count, room = formatting.counted(len(nodes), "node"), sum(slots.values())
        runs = formatting.counted(room, "run")
        self._tell(Note(f"Ray: {count}, {runs} at a time with {each} each; {folder}"))
        self._tell(Slots(room))
        self._slots = room

    async def _follow(self) -> None:
        """Take orders until there are no more."""
        inbox: asyncio.Queue[TrainedRun | Stop | Save | None] = asyncio.Queue()
        loop = asyncio.get_running_loop()

        def read() -> None:
            with suppress(EOFError, OSError):
                while True:
                    loop.call_soon_threadsafe(inbox.put_nowait, self._connection.recv())
            loop.call_soon_threadsafe(inbox.put_nowait, None)

        threading.Thread(target=read, daemon=True).start()
        while True:
            try:
                message = await asyncio.wait_for(inbox.get(), _LOOK_S)
            except TimeoutError:
                self._report_slots()
                continue
            if message is None:
                return
            if isinstance(message, Stop | Save):
                self._request(message)
            else:
                going = _Going(message)
                self._going[going] = asyncio.create_task(self._bring_to_end(going))

    def _report_slots(self) -> None:
        slots = sum(count_slots(self._cluster.cpus, self._gpus).values())
        if slots != self._slots:
            self._slots = slots
            self._tell(Slots(slots))

    def _request(self, request: Stop | Save) -> None:
        """Pass a request on; a run without a place on a node is given up for a stop."""
        if isinstance(request, Stop):
            self._stop = request
        for going, task in self._going.items():
            if going.agent is not None:
                going.agent.send.remote(request)
            elif isinstance(request, Stop):
                task.cancel()

    async def _bring_to_end(self, going: _Going) -> None:
        """Have a run trained, and say how it ended, whatever happened."""
        try:
            ended = await self._train(going)
        except asyncio.CancelledError:
            ended = Ended(going.name, self._stop.exit_code if self._stop else 0)
        except Exception as error:  # noqa: BLE001 - the others go on
            ended = _failed(going, error)
        del self._going[going]
        self._tell(ended)

    async def _train(self, going: _Going) -> Ended:
        gpus = 0.0 if going.plan.config.device == "cpu" else self._gpus
        environment = {"OMP_NUM_THREADS": str(self._cluster.cpus)}
        if not gpus:
            environment["CUDA_VISIBLE_DEVICES"] = ""  # Ray hides none of what was not asked for
        make: Any = ray.remote(NodeAgent)
        agent = make.options(num_cpus=self._cluster.cpus, num_gpus=gpus).remote()
        try:
            node: Node = await agent.describe.remote(self._marker)
            going.host = node.host
            problem = problem_of(node, node.host)
            if problem:
                return Ended(going.name, 2, problem)
            order = self._shipping.order(going.plan, environment, shares_folder=node.shares_folder)
            await agent.train.remote(order)
            going.agent = agent
            if self._stop is not None:
                agent.send.remote(self._stop)
            return await self._watch(going)
        finally:
            with suppress(RayError):
                ray.kill(agent)

    async def _watch(self, going: _Going) -> Ended:
        """Follow a run to its end."""
        received = 0
        while True:
            try:
                report = await going.agent.look.remote(received)
            except ActorUnavailableError:  # which may pass
                await asyncio.sleep(_LOOK_S)
                continue
            received += 1
            going.files.update(report.files)
            problem = self._write(going)
            if report.ended is not None:
                return Ended(going.name, 1, problem) if problem else report.ended
            await asyncio.sleep(_LOOK_S)

    def _write(self, going: _Going) -> str:
        """Write what has come of a run; what cannot be written waits. Returns why it cannot."""
        directory = going.plan.runs_dir / going.name
        try:
            unpack(directory, going.files)
        except (OSError, ValueError) as error:
            return f"cannot write to {directory}: {getattr(error, 'strerror', None) or error}"
        going.files.clear()
        return ""

    def _tell(self, message: Ended | Slots | Note) -> None:
        with suppress(OSError):  # nobody is there any more
            self._connection.send(message)


def _failed(going: _Going, error: Exception) -> Ended:
    """The end of a run that was not brought to one."""
    match error:
        case RayTaskError():  # raised on the node
            cause = error.cause or error
            code = cause.exit_code if isinstance(cause, MnistTuiError) else 1
            return Ended(going.name, code, f"{one_line(cause)} (on {going.host})")
        case RayError() if "No module named" in str(error):
            return Ended(going.name, 2, problem_of(error, going.host))
        case RayError():
            return Ended(going.name, None, f"{going.host} was lost")
        case MnistTuiError():
            return Ended(going.name, error.exit_code, str(error))
    return Ended(going.name, 1, f"{type(error).__name__}: {one_line(error)}")


def main(descriptor: int) -> None:
    """Serve the process at the other end."""
    connection: Connection[Any, Any] = Connection(descriptor)
    cluster, folder, origin = connection.recv()
    # Ray has its workers import modules from the folder that a program was started in.
    os.chdir("/")
    try:
        asyncio.run(Broker(connection, cluster, folder, origin).serve())
    except MnistTuiError as error:
        with suppress(OSError):
            connection.send(error)
    finally:
        ray.shutdown()


if __name__ == "__main__":
    main(int(sys.argv[1]))
