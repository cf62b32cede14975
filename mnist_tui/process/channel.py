"""What a process and the one that it has started say to each other."""

import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import fields
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

from mnist_tui.config import TrainConfig
from mnist_tui.errors import UsageError
from mnist_tui.rules import absolute
from mnist_tui.run import wire
from mnist_tui.run.plan import NewRun, ResumedRun, TrainedRun
from mnist_tui.run.requests import Request

Message = Mapping[str, Any]
"""One JSON object, whose keys say what it is about."""

_PLANS: Final[Mapping[str, type[TrainedRun]]] = {"new": NewRun, "resumed": ResumedRun}


class Channel:
    """One end of a connection between two processes: whole messages, in order, both ways.

    Any number of threads may send; one at a time receives.
    """

    def __init__(self, connection: "Connection[Any, Any]") -> None:
        self._connection = connection
        self._lock = threading.Lock()

    def send(self, message: Message) -> bool:
        """Send `message`; whether the other process was still there to get it."""
        return self._send(json.dumps(message).encode())

    def send_request(self, request: Request) -> bool:
        """Send a request to a run, for `requests`; whether the other process was still there."""
        return self._send(wire.encode(request))

    def _send(self, content: bytes) -> bool:
        try:
            with self._lock:
                self._connection.send_bytes(content)
        except OSError:
            return False
        return True

    def receive(self, limit_s: float | None = None) -> Message | None:
        """The next message; None when there was none for so long.

        Raises:
            EOFError: When the other process has ended, or closed its end.
        """
        try:
            if not self._connection.poll(limit_s):
                return None
            message: Message = json.loads(self._connection.recv_bytes())
        except OSError as error:
            raise EOFError from error
        return message

    def requests(self) -> Iterator[Request]:
        """The requests that the other process sends until it ends; nothing else may follow."""
        decoder = wire.Decoder()
        while True:
            try:
                content = self._connection.recv_bytes()
            except (OSError, EOFError):
                return
            for message in decoder.feed(content):
                if isinstance(message.value, Request):
                    yield message.value

    def close(self) -> None:
        """Close this end: the other process finds the end of the messages."""
        with self._lock:
            self._connection.close()


def plan_to_dict(plan: TrainedRun) -> dict[str, Any]:
    """The plan as plain values that hold in any working directory."""
    kind = next(name for name, cls in _PLANS.items() if isinstance(plan, cls))
    values = {field.name: getattr(plan, field.name) for field in fields(plan)}
    runs_dir = str(absolute(plan.runs_dir))
    return {**values, "runs_dir": runs_dir, "config": plan.config.to_dict(), "kind": kind}


def plan_from_dict(values: Mapping[str, Any]) -> TrainedRun:
    """Read what `plan_to_dict` gave.

    Raises:
        UsageError: When it has settings that cannot be used.
    """
    cls = _PLANS.get(str(values.get("kind")))
    if cls is None:
        raise UsageError(f"cannot run a plan of kind {values.get('kind')}")
    known = {field.name: values[field.name] for field in fields(cls) if field.name in values}
    config, runs_dir = TrainConfig.from_dict(values["config"]), Path(values["runs_dir"])
    return cls(**{**known, "runs_dir": runs_dir, "config": config})
