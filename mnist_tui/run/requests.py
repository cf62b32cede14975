"""Requests from viewers to the training thread."""

import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final

from mnist_tui.run.inference import InferenceFuture, InferenceRequest
from mnist_tui.run.state import State


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait at the next batch boundary until Resume or Stop."""


@dataclass(frozen=True, slots=True)
class Resume:
    """Continue after Pause."""


@dataclass(frozen=True, slots=True)
class Save:
    """Write a checkpoint of the next batch boundary."""


@dataclass(frozen=True, slots=True)
class Stop:
    """End the run at the next batch boundary."""

    save: bool = True
    """Whether last.pt is brought up to that boundary first."""
    reason: str = "Stopped by you"
    """How the sentence begins that says where the run has ended."""
    exit_code: int = 0
    """What the process exits with: 128 + n for a stop by signal n."""

    @property
    def is_patient(self) -> bool:
        """Whether to wait for a full disk until the user has made room."""
        return self.save and not self.exit_code


@dataclass(frozen=True, slots=True)
class GiveUp:
    """End without saving what cannot be written."""


@dataclass(frozen=True, slots=True)
class Detach:
    """Hand the run over to a process without a terminal, as soon as that is ready for it."""


@dataclass(frozen=True, slots=True)
class Adjust:
    """Change settings that can change in the middle of a run; None leaves one as it is."""

    lr: float | None = None
    epochs: int | None = None
    checkpoint_every_s: float | None = None

    @property
    def changes(self) -> dict[str, Any]:
        """The values that are set, by TrainConfig's names."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Infer:
    """Run inference on images with the model as it is at the next batch boundary."""

    inference: InferenceRequest
    future: InferenceFuture = field(
        default_factory=InferenceFuture, compare=False, metadata={"is_local": True}
    )
    """Done on the training thread; cancelled when the run ends first. Each process that a
    request comes through has one of its own, and ties them by the request's id."""


class StopRequested(Exception):  # noqa: N818 - a way out of the training loops, not an error
    """A stop was requested; raised between two batches. Training thread."""

    def __init__(self, request: Stop) -> None:
        super().__init__(request.reason)
        self.request = request


Request = Pause | Resume | Save | Stop | GiveUp | Detach | Adjust | Infer

_LIVE: Final = frozenset({State.RUNNING, State.PAUSED})

ALLOWED: Final[Mapping[type[Request], frozenset[State]]] = {
    Pause: frozenset({State.RUNNING}),
    Resume: frozenset({State.PAUSED}),
    Save: _LIVE,
    Stop: _LIVE | {State.LOADING},
    GiveUp: frozenset({State.STOPPING}),
    Detach: _LIVE,
    Adjust: _LIVE,
    Infer: _LIVE,
}
"""The states in which each request can be honored."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What becomes of a request, known at once."""

    is_accepted: bool
    message: str
    """What will happen, or why nothing will."""


class Mailbox:
    """Requests on their way to the training thread, in order."""

    def __init__(self) -> None:
        self._requests: deque[Request] = deque()
        self._arrived = threading.Condition(threading.RLock())

    def put(self, request: Request) -> None:
        """Leave a request. Any thread; a signal handler too, since the lock is reentrant."""
        with self._arrived:
            self._requests.append(request)
            self._arrived.notify()

    @property
    def waiting(self) -> int:
        """How many requests wait. Any thread."""
        return len(self._requests)

    def take(self) -> Request | None:
        """The oldest request, or None at once. Training thread."""
        try:
            return self._requests.popleft()
        except IndexError:
            return None

    def wait_for(self, seconds: float | None) -> Request | None:
        """The oldest request, waiting so long for one, or as long as it takes; None when none came.

        Training thread.
        """
        with self._arrived:
            self._arrived.wait_for(lambda: self._requests, seconds)
            return self.take()
