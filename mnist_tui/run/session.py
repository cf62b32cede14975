"""One run as its viewers see it: requests in; state, progress, history and events out."""

import logging
import threading
from collections.abc import Callable
from typing import Final

from mnist_tui.config import SETTINGS
from mnist_tui.run.events import Event, RunEnded, StateChanged
from mnist_tui.run.history import LossHistory
from mnist_tui.run.progress import Progress
from mnist_tui.run.requests import (
    ALLOWED,
    Adjust,
    Answer,
    GiveUp,
    Infer,
    Mailbox,
    Pause,
    Request,
    Resume,
    Save,
    Stop,
)
from mnist_tui.run.state import TRANSITIONS, State
from mnist_tui.run.validation import ValidationResults

log: Final = logging.getLogger(__name__)

Listener = Callable[[Event], None]
"""Called with each event, on the thread that it happened on; returns quickly, raises nothing."""


class Session:
    """The seam between one training thread and any number of viewers.

    Viewers use `request`, `state`, `progress`, `history` and `subscribe`, from any thread.
    The training side uses `move`, `publish`, `emit`, `end` and `mailbox`.
    """

    def __init__(self) -> None:
        self.progress = Progress()
        """The latest snapshot; replaced whole, never changed."""
        self.history = LossHistory()
        """Per-batch training losses, bounded."""
        self.insight = ValidationResults()
        """What the validations showed so far; replaced whole, never changed."""
        self.waits_for_disk = False
        """Whether the end of the run waits until it is saved: a viewer sets it where a person is
        told, and can make room or give up."""
        self.mailbox = Mailbox()
        self._state = State.READY
        self._listeners: list[Listener] = []
        # Reentrant: a signal handler may ask for a stop while its own thread holds it.
        self._lock = threading.RLock()

    @property
    def state(self) -> State:
        """Where the run stands. Any thread."""
        return self._state

    def subscribe(self, listener: Listener) -> None:
        """Hand every later event to `listener`. Any thread."""
        with self._lock:
            self._listeners.append(listener)

    def allows(self, kind: type[Request]) -> bool:
        """Whether a request of that kind would be accepted now. Any thread."""
        return self._state in ALLOWED[kind]

    def request(self, request: Request) -> Answer:
        """Ask the training thread for something; the answer comes at once. Any thread."""
        with self._lock:
            if not self.allows(type(request)):
                return Answer(False, refusal(request, self._state))
            problem = _problem(request, self.progress) if isinstance(request, Adjust) else None
            if problem is not None:
                return Answer(False, problem)
            self.mailbox.put(request)
        return Answer(True, _promise(request))

    def move(self, state: State, reason: str = "") -> None:
        """Go over to `state`, and tell. Training side.

        Raises:
            RuntimeError: When TRANSITIONS has no such step; a bug, not a person's doing.
        """
        with self._lock:
            previous = self._state
            if state not in TRANSITIONS[previous]:
                raise RuntimeError(f"a run cannot go from {previous} to {state}")
            self._state = state
        self.emit(StateChanged(state=state, previous=previous, reason=reason))

    def publish(self, progress: Progress) -> None:
        """Replace the snapshot. Training side."""
        self.progress = progress

    def emit(self, event: Event) -> None:
        """Hand an event to every listener. Training side, and the thread that writes files."""
        with self._lock:
            listeners = tuple(self._listeners)
        for listener in listeners:
            try:
                listener(event)
            except Exception:
                # A viewer that fails must not take the run with it.
                log.exception("a listener failed on %s", event.kind)

    def end(self, event: RunEnded) -> None:
        """Go over to the event's state and tell it as the last event. Training side."""
        self.move(event.state, event.message)
        # From here on nothing is accepted any more; nobody is left waiting.
        while (request := self.mailbox.take()) is not None:
            if isinstance(request, Infer):
                request.reply.cancel()
        self.emit(event)


def _problem(request: Adjust, progress: Progress) -> str | None:
    """Why a run that has come as far as `progress` cannot be changed so; None when it can."""
    for name, setting in SETTINGS.items():
        value = getattr(request, name) if setting.is_live else None
        problem = None if value is None else setting.rule.problem(value)
        if problem is not None:
            return f"cannot change the settings: {setting.label} {problem}"
    if request.epochs is not None and request.epochs < progress.epoch:
        return (
            f"cannot change the settings: epochs must be at least {progress.epoch}, the epoch "
            f"that is open, not {request.epochs}"
        )
    return None


def refusal(request: Request, state: State) -> str:
    """Why `request` cannot be honored in `state`, in words."""
    names: dict[type[Request], str] = {
        Adjust: "change the settings",
        Infer: "ask the model",
        GiveUp: "give up saving",
    }
    name = names.get(type(request), type(request).__name__.lower())
    if state is State.READY:
        return f"cannot {name}: the run has not started"
    if state.is_over:
        return f"cannot {name}: the run is {state}"
    return f"cannot {name} while {state}"


def _promise(request: Request) -> str:
    match request:
        case Pause():
            return "pausing at the next batch"
        case Resume():
            return "resuming"
        case Save():
            return "saving a checkpoint"
        case Stop(save=True):
            return "stopping at the next batch, saving first"
        case Stop():
            return "stopping at the next batch, without saving"
        case GiveUp():
            return "ending without what cannot be saved"
        case Infer():
            return "asking the model at the next batch"
        case _:
            return "from the next batch on"
