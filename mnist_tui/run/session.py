"""The session between a run and its viewers: requests in; state, progress, results, events out."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from enum import Enum, auto
from typing import Final

from mnist_tui.run.answers import name_of, problem_of, promise, refusal
from mnist_tui.run.events import Event, RunEnded, StateChanged
from mnist_tui.run.history import LossHistory
from mnist_tui.run.log import CaughtUp, RunLog
from mnist_tui.run.progress import Progress
from mnist_tui.run.requests import ALLOWED, Adjust, Answer, Infer, Mailbox, Request
from mnist_tui.run.state import TRANSITIONS, State
from mnist_tui.run.validation import ValidationResults

log: Final = logging.getLogger(__name__)

Listener = Callable[[Event], None]
"""Called with each event, on a thread that emits; returns quickly, waits for no other thread."""


PastEvent = tuple[float, Event]
"""An event with the Unix time at which it was emitted."""

PAST_EVENTS: Final = 256
"""How many events a session keeps beside their fold."""


class Audience(Enum):
    """Who sees what a listener is handed."""

    NOBODY = auto()
    """It writes files, or prints lines."""
    READ_ONLY = auto()
    """Somebody who watches."""
    INTERACTIVE = auto()
    """Somebody who can react: a run that cannot be saved at its end waits for such a viewer, and
    for no other."""


class Subscription:
    """One viewer's place among a session's viewers."""

    def __init__(
        self, session: "Session", listener: Listener, log: RunLog, past: tuple[PastEvent, ...]
    ) -> None:
        self._session: Final = session
        self.listener: Final = listener
        self.log: Final = log
        """Everything that was emitted before; the viewer's own."""
        self.past: Final = past
        """The newest events that were emitted before."""

    def close(self) -> None:
        """Hand no more events to the listener. Any thread; closing twice does nothing."""
        self._session.unsubscribe(self)


class Session:
    """The contract between one training thread and any number of viewers.

    Viewers use `request`, `state`, `progress`, `history`, `validation` and `subscribe`, from
    any thread. The training side uses `move`, `publish`, `publish_validation`, `emit`, `end`
    and `mailbox`.
    """

    def __init__(self, mailbox: Mailbox | None = None, *, is_read_only: bool = False) -> None:
        """Make a session that is ready.

        Args:
            mailbox: Takes the requests; None: one that the training thread empties.
            is_read_only: Whether to refuse whatever would change the run.
        """
        self.is_read_only: Final = is_read_only
        self.progress = Progress()
        """The latest snapshot; replaced whole, never changed."""
        self.history = LossHistory()
        """Per-batch training losses, bounded."""
        self.validation = ValidationResults()
        """The results of the validations so far; replaced whole, never changed."""
        self.mailbox: Final = mailbox or Mailbox()
        self.address = ""
        """The socket that other processes watch and steer the run through; empty: none."""
        self._state = State.READY
        self._log = RunLog()
        self._past: deque[PastEvent] = deque(maxlen=PAST_EVENTS)
        self._subscriptions: dict[Subscription, Audience] = {}
        # Reentrant: a signal handler may request a stop while its own thread holds it.
        self._lock = threading.RLock()
        # Of its own, so that no request waits for a slow listener. Reentrant: listeners emit.
        self._emitting = threading.RLock()
        self._waiting: deque[Event] = deque()
        """Events that were emitted while another one is being handed on."""
        self._is_emitting = False

    @property
    def state(self) -> State:
        """The run's state. Any thread."""
        return self._state

    @property
    def log(self) -> RunLog:
        """Everything that was emitted so far; the caller's own. Any thread."""
        with self._emitting:
            return self._log.copy()

    @property
    def has_interactive_viewer(self) -> bool:
        """Whether a viewer watches whose user can react to what it shows. Any thread."""
        with self._lock:
            return Audience.INTERACTIVE in self._subscriptions.values()

    @property
    def viewers(self) -> int:
        """How many viewers are watched by somebody. Any thread."""
        with self._lock:
            return sum(who is not Audience.NOBODY for who in self._subscriptions.values())

    def subscribe(
        self, listener: Listener, *, audience: Audience = Audience.NOBODY
    ) -> Subscription:
        """Hand every later event to `listener`. Any thread.

        Args:
            listener: Gets the events, all of them in the order of the log.
            audience: Who sees them.

        Returns:
            What ends the subscription, with the log of all earlier events and the newest of them.
        """
        with self._emitting, self._lock:
            subscription = Subscription(self, listener, self._log.copy(), tuple(self._past))
            self._subscriptions[subscription] = audience
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """Hand no more events to the listener of `subscription`. Any thread."""
        with self._lock:
            self._subscriptions.pop(subscription, None)

    def allows(self, kind: type[Request]) -> bool:
        """Whether a request of that kind would be accepted now. Any thread."""
        if self.is_read_only and kind is not Infer:
            return False
        return self._state in ALLOWED[kind]

    def request(self, request: Request) -> Answer:
        """Request something of the training thread; the answer comes at once. Any thread."""
        with self._lock:
            if not self.allows(type(request)):
                return Answer(False, self._refusal(request))
            problem = problem_of(request, self.progress) if isinstance(request, Adjust) else None
            if problem is not None:
                return Answer(False, problem)
            self.mailbox.put(request)
        return Answer(True, promise(request))

    def _refusal(self, request: Request) -> str:
        if self.is_read_only and type(request) is not Infer:
            return f"cannot {name_of(request)}: this view is read-only"
        return refusal(request, self._state)

    def move(self, state: State, reason: str = "") -> None:
        """Go over to `state`, and emit that. Training side.

        Raises:
            RuntimeError: When TRANSITIONS has no such step, which is a bug.
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

    def publish_validation(self, results: ValidationResults) -> None:
        """Replace the validation results. Training side."""
        self.validation = results

    def emit(self, event: Event) -> None:
        """Hand an event to every listener. Training side, and the thread that writes files.

        After the run's last event this does nothing.
        """
        with self._emitting:
            self._waiting.append(event)
            if self._is_emitting:
                return
            self._is_emitting = True
            try:
                while self._waiting and self._log.ended is None:
                    self._hand_on(self._waiting.popleft())
            finally:
                self._is_emitting = False

    def _hand_on(self, event: Event) -> None:
        self._log.add(event)
        self._past.append((time.time(), event))
        with self._lock:
            listeners = [subscription.listener for subscription in self._subscriptions]
        for listener in listeners:
            try:
                listener(event)
            except Exception:
                # A viewer that fails must not take the run with it.
                log.exception("a listener failed on %s", event.kind)

    def end(self, event: RunEnded) -> None:
        """Go over to the event's state and emit it as the last event. Training side."""
        self.move(event.state, event.message)
        self._empty_mailbox()
        self.emit(event)

    def mirror(self, event: Event) -> None:
        """Take over what a session in another process has emitted. In place of a training side."""
        match event:
            case StateChanged() | RunEnded():
                self._state = event.state
            case CaughtUp():
                self._state = event.log.state
        if self._state.is_over:
            self._empty_mailbox()
        self.emit(event)

    def _empty_mailbox(self) -> None:
        """Leave no requester waiting: from here on nothing is accepted any more."""
        while (request := self.mailbox.take()) is not None:
            if isinstance(request, Infer):
                request.future.cancel()
