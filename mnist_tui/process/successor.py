"""A process without a terminal that trains a run, seen from the process that starts it."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from multiprocessing import Pipe
from pathlib import Path
from typing import Final

from mnist_tui.process.channel import Channel, Message, plan_to_dict
from mnist_tui.process.child import own_command, own_environment
from mnist_tui.run.events import RunEnded
from mnist_tui.run.plan import TrainedRun
from mnist_tui.run.requests import Request
from mnist_tui.run.wire import event_of

_LAST_WORDS: Final = 4096
"""Bytes of what it printed that are looked at when it has died."""


class SuccessorError(Exception):
    """A successor could not do what it was started for; it is dead. The message says why."""


class Successor:
    """Starts the process. Any thread, one at a time.

    It belongs to no terminal and to a session of its own, so that nothing that happens to the
    terminal, or to this process, ends it. Its module is `cli/owner.py`.
    """

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
            plan: What it is to train.
            lock: The run's open lock, where this process trains the run and hands it over.
            folder: What it works in; None: where this process does.
            environment: The variables that it has beside, or in place of, those of this process.
            outlives: Whether its run goes on when this process dies; else it saves and ends.

        Raises:
            SuccessorError: When it cannot be started.
        """
        if sys.platform == "win32":
            raise SuccessorError("Windows has no processes without a terminal that outlive it")
        ours, theirs = Pipe()
        descriptors = [theirs.fileno()] + ([] if lock is None else [lock])
        try:
            # Not a pipe: nobody reads it once this process has ended.
            self._printed = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the channel
            self._process = subprocess.Popen(
                own_command("mnist_tui.cli.owner", *map(str, descriptors)),
                stdin=subprocess.DEVNULL,
                stdout=self._printed,
                stderr=self._printed,
                env={**own_environment(), **(environment or {})},
                cwd=folder,
                pass_fds=descriptors,
                start_new_session=True,
            )
        except OSError as error:
            ours.close()
            reason = error.strerror or str(error)
            raise SuccessorError(f"no process could be started: {reason}") from error
        finally:
            theirs.close()
        self.pid = self._process.pid
        self._channel = Channel(ours)
        self._channel.send({**plan_to_dict(plan), "outlives": outlives})

    @property
    def exit_code(self) -> int | None:
        """What it ended with, or the negative number of the signal that killed it; None: it lives.

        Known once `receive` has said that it has died.
        """
        return self._process.returncode

    def send(self, message: Message) -> bool:
        """Send it a message; whether it was still there."""
        return self._channel.send(message)

    def send_request(self, request: Request) -> bool:
        """Send it a request to its run; whether it was still there."""
        return self._channel.send_request(request)

    def receive(self, limit_s: float | None = None) -> Message | None:
        """Its next message; None when there was none for so long.

        Raises:
            SuccessorError: When it has died.
        """
        try:
            return self._channel.receive(limit_s)
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
        self._process.kill()
        self._process.wait()

    def let_go(self) -> None:
        """Say nothing more to it and hear nothing more; it goes on, if it is alive."""
        self._channel.close()
        self._printed.close()

    def _describe_end(self) -> str:
        """How it has ended, in one line."""
        # Whatever closed the channel: it is not to go on behind our back.
        self._process.kill()
        code = self._process.wait()
        size = self._printed.seek(0, os.SEEK_END)
        self._printed.seek(max(0, size - _LAST_WORDS))
        lines = self._printed.read().decode(errors="replace").strip().splitlines()
        how = f"by signal {-code}" if code < 0 else f"with exit code {code}"
        said = f": {lines[-1].strip()}" if lines else ""
        return f"the other process ended {how}{said}"
