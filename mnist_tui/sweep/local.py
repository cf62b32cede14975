"""Trains the runs of a sweep in processes of this machine."""

import os
import threading
from collections.abc import Sequence
from pathlib import Path
from queue import Empty, Queue

from mnist_tui.container import usable_cores
from mnist_tui.process.successor import Successor, SuccessorError
from mnist_tui.run.events import RunEnded
from mnist_tui.run.plan import TrainedRun
from mnist_tui.run.requests import Save, Stop
from mnist_tui.run.wire import event_of
from mnist_tui.store.atomic import read_json
from mnist_tui.store.directory import RunDirectory
from mnist_tui.sweep.executor import Ended

_THREADS = "OMP_NUM_THREADS"
"""The variable that says how many threads torch takes; what the user has set stays."""


class LocalExecutor:
    """One process without a terminal for each run."""

    def __init__(self, jobs: int, origin: Path, *, is_outlived: bool = True) -> None:
        """
        Args:
            jobs: Runs at a time; they share the cores.
            origin: The folder that relative paths of the user's are below.
            is_outlived: Whether the runs go on when this process ends; else they save and end.
        """
        self._jobs = jobs
        self._is_outlived = is_outlived
        self._origin = origin
        self._processes: dict[str, Successor] = {}
        self._ended: Queue[Ended] = Queue()

    @property
    def room(self) -> int:
        return self._jobs - len(self._processes)

    def start(self, plan: TrainedRun) -> None:
        name = str(plan.name)
        try:
            process = Successor(
                plan,
                folder=self._origin,
                environment=self._environment(),
                outlives=self._is_outlived,
            )
        except SuccessorError as error:
            self._ended.put(Ended(name, 1, str(error)))
            return
        watcher = threading.Thread(target=self._watch, args=(plan, process), name=name, daemon=True)
        try:
            watcher.start()
        except RuntimeError as error:  # no more threads may be started
            process.kill()
            process.let_go()
            self._ended.put(Ended(name, 1, str(error)))
            return
        self._processes[name] = process

    def wait(self, limit_s: float) -> Sequence[Ended]:
        found: list[Ended] = []
        try:
            found.append(self._ended.get(timeout=limit_s))
            while True:
                found.append(self._ended.get_nowait())
        except Empty:
            for ended in found:
                self._processes.pop(ended.name, None)
            return found

    def send(self, request: Stop | Save) -> None:
        for process in self._processes.values():
            process.send_request(request)

    def close(self) -> None:
        for process in self._processes.values():
            process.let_go()

    def _environment(self) -> dict[str, str]:
        """What a process has differently: its share of the cores, where it is not all of them."""
        if self._jobs == 1 or _THREADS in os.environ:
            return {}
        return {_THREADS: str(max(1, usable_cores() // self._jobs))}

    def _watch(self, plan: TrainedRun, process: Successor) -> None:
        """Wait for the end of a process. A thread of its own."""
        name, said = str(plan.name), ""
        try:
            while True:
                event = event_of((process.receive() or {}).get("event", {}))
                if isinstance(event, RunEnded):
                    said = event.message
        except SuccessorError as error:
            code = process.exit_code
            if code is None or code < 0:
                self._ended.put(Ended(name, None, str(error)))
                return
            # Once its run is prepared, its files say what becomes of it.
            status = read_json(RunDirectory(plan.runs_dir / name).status)
            message = said or str(status.get("message") or error)
            self._ended.put(Ended(name, code, message))
