"""A scripted run with a server, and clients of it, in one process."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mnist_tui.config import TrainConfig
from mnist_tui.remote.client import RemoteRunner
from mnist_tui.remote.connection import Connection, connect
from mnist_tui.remote.server import serve
from mnist_tui.run.events import Event
from mnist_tui.run.log import RunLog
from mnist_tui.run.plan import AttachedRun, NewRun
from mnist_tui.run.requests import Stop
from mnist_tui.store.directory import RunDirectory
from mnist_tui.store.new_run import create_run
from tests.tui.fake_runner import ScriptedRunner

LIMIT_S = 60.0
"""How long something may take that a loaded machine is slow at, before a test fails."""


def until(is_so: Callable[[], Any], what: str, limit_s: float = LIMIT_S) -> None:
    """Wait until another thread has brought something about."""
    end = time.monotonic() + limit_s
    while not is_so():
        assert time.monotonic() < end, f"never came: {what}"
        threading.Event().wait(0.002)


@dataclass
class Viewer:
    """A client of the run, and what it was handed."""

    runner: RemoteRunner
    events: list[Event] = field(default_factory=list)
    log: RunLog = field(default_factory=RunLog)

    def __post_init__(self) -> None:
        def take(event: Event) -> None:
            self.log.add(event)
            self.events.append(event)

        self.runner.session.subscribe(take)
        self.thread = threading.Thread(target=self.runner.run, daemon=True)
        self.thread.start()

    def leave(self) -> None:
        """End, as a dashboard does that is quit."""
        self.runner.leave()
        self.thread.join(LIMIT_S)
        assert not self.thread.is_alive()


@dataclass
class Served:
    """A run that other processes can attach to, had they been others."""

    runner: ScriptedRunner
    directory: RunDirectory
    stack: ExitStack

    @property
    def socket(self) -> Path:
        """Where the run is served."""
        return Path(self.runner.session.address)

    def attach(self, *, is_read_only: bool = False) -> Viewer:
        """One more viewer, once it has caught up."""
        plan = AttachedRun(
            name=self.directory.name,
            runs_dir=self.directory.path.parent,
            is_read_only=is_read_only,
        )
        viewer = Viewer(RemoteRunner(plan))
        self.stack.callback(viewer.leave)
        until(lambda: "caught_up" in [event.kind for event in viewer.events], "the run so far")
        return viewer

    def connect(self) -> Connection:
        """A connection that nobody reads yet."""
        connection = connect(self.directory)
        self.stack.callback(connection.close)
        return connection


@contextmanager
def served_run(runs: Path, *, is_prepared: bool = True, **config: Any) -> Iterator[Served]:
    """A scripted run that is served until the end, prepared or still loading."""
    plan = NewRun(config=TrainConfig(**{"epochs": 3, **config}), runs_dir=runs, name="a")
    directory = create_run(runs, plan.name, plan.config)
    runner = ScriptedRunner(plan)
    with ExitStack() as stack:
        stack.enter_context(directory.lock.hold())
        stack.enter_context(serve(runner.session, directory))
        thread = threading.Thread(target=runner.run, daemon=True)
        thread.start()
        stack.callback(lambda: thread.join(LIMIT_S))
        stack.callback(lambda: runner.session.request(Stop()))
        until(lambda: runner.thread, "the training thread")
        if is_prepared:
            runner.prepare()
        yield Served(runner, directory, stack)
