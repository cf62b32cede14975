"""A process without a terminal that trains a run, seen from the process that starts it."""

import sys
import time
from collections.abc import Mapping
from pathlib import Path

from mnist_tui.process.channel import Channel, Message, plan_to_dict
from mnist_tui.process.child import Child
from mnist_tui.run.events import RunEnded
from mnist_tui.run.plan import TrainedRun
from mnist_tui.run.wire import event_of


class SuccessorError(Exception):
    """A successor could not do what it was started for; it is dead. The message says why."""


class Successor(Channel):
    """Starts the process, whose module is `cli/owner.py`. Any thread, one at a time."""

    def __init__(
        self,
        plan: TrainedRun,
        lock: int | None = None,
        *,
        folder: Path | None = None,
        environment: Mapping[str, str] | None = None,
        outlives: bool = True,
    ) -> None:
        """Start it with `plan`.

        Args:
            lock: The run's open lock, where this process trains the run and hands it over.
            folder: What it works in; None: where this process does.
            environment: The variables that it has beside, or in place of, those of this process.
            outlives: Whether its run goes on when this process dies; else it saves and ends.

        Raises:
            SuccessorError: When it cannot be started.
        """
        if sys.platform == "win32":
            raise SuccessorError("Windows has no processes without a terminal that outlive it")
        try:
            self._child = Child(
                "mnist_tui.cli.owner", [] if lock is None else [lock], folder, environment
            )
        except OSError as error:
            reason = error.strerror or str(error)
            raise SuccessorError(f"no process could be started: {reason}") from error
        super().__init__(self._child.connection)
        self.pid = self._child.process.pid
        self.send({**plan_to_dict(plan), "outlives": outlives})

    @property
    def exit_code(self) -> int | None:
        """What it ended with, or the negative number of the signal that killed it; None: it lives.

        Known once `receive` has said that it has died.
        """
        return self._child.process.returncode

    def receive(self, limit_s: float | None = None) -> Message | None:
        """Its next message; None when there was none for so long.

        Raises:
            SuccessorError: When it has died.
        """
        try:
            return super().receive(limit_s)
        except EOFError:
            raise SuccessorError(self._describe_end()) from None

    def wait_for(self, key: str, limit_s: float | None = None) -> None:
        """Wait for its message of that key; one that is too slow is killed.

        Raises:
            SuccessorError: When it has died before that, or has said that its run has ended.
        """
        end = None if limit_s is None else time.monotonic() + limit_s
        while True:
            message = self.receive(None if end is None else max(0.0, end - time.monotonic()))
            if message is None:
                self.kill()
                raise SuccessorError(f"the other process took longer than {limit_s:g} s")
            if key in message:
                return
            ended = event_of(message.get("event", {}))
            if isinstance(ended, RunEnded):
                self.kill()
                raise SuccessorError(ended.message)

    def kill(self) -> None:
        """End it at once, and be sure of that when this returns."""
        self._child.kill()

    def let_go(self) -> None:
        """Say nothing more to it and hear nothing more; it goes on, if it is alive."""
        self.close()
        self._child.close()

    def _describe_end(self) -> str:
        """How it has ended, in one line."""
        # Whatever closed the channel: it is not to go on behind our back.
        code = self._child.kill()
        how = f"by signal {-code}" if code < 0 else f"with exit code {code}"
        return f"the other process ended {how}{self._child.last_line()}"
