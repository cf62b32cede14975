"""One client of a run's server: what it asks for, and what waits to be sent to it."""

import socket
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, get_args

from mnist_tui import formatting
from mnist_tui.remote.feed import Feed
from mnist_tui.remote.framed_socket import FramedSocket
from mnist_tui.remote.pending import Inbox, Pending
from mnist_tui.run.events import Event
from mnist_tui.run.protocol import (
    CONTRACT,
    OLDEST_CONTRACT,
    Done,
    Greeting,
    MachineAsked,
    RunStatus,
    StatusAsked,
    Watch,
)
from mnist_tui.run.requests import Answer, Infer, Request, Stop
from mnist_tui.run.session import Audience, Session, Subscription
from mnist_tui.run.wire import Message, encode

MOST_OPEN: Final = 8
"""Requests of one client that wait for the run; later ones wait in the socket."""


@dataclass(frozen=True)
class Services:
    """What every client of one run can ask for."""

    session: Session
    greeting: Greeting
    """The server's."""
    wake: Callable[[], None]
    """Has `Peer.write` called soon. Any thread."""
    ask_model: Callable[[Infer, Callable[[Any], None]], None]
    """Has a request answered when it is its turn, on any thread."""
    ask_machine: Callable[[Callable[[Any], None]], None]
    """Has a sample of the machine handed on, on any thread."""


class Peer:
    """The server's end of one connection.

    The server's thread, but for `_put`, and the session's listener.
    """

    def __init__(self, connection: socket.socket, services: Services, now_s: float) -> None:
        """Greet the client, which is of this user; the connection is non-blocking."""
        self.socket: Final = connection
        self._frames = FramedSocket(connection, now_s)
        self._session, self._services = services.session, services
        self._received: deque[Message] = deque()
        """What the client has sent and is not taken yet."""
        self._open = 0
        """How many of its requests are not answered for good yet."""
        self._ready: deque[bytes] = deque()
        """Frames that other threads have made."""
        self._inbox = Inbox()
        self._subscription: Subscription | None = None
        self._audience = Audience.NOBODY
        self._feed: Feed | None = None
        self._contract: int | None = None
        """The client's; None before it has said."""
        self._pending: list[Pending] = []
        self._send(services.greeting)

    # What comes in.

    def read(self, now_s: float) -> None:
        """Take in what has come, and answer it.

        Raises:
            Gone: When the connection is of no use any more.
        """
        self._received.extend(self._frames.read())
        self._answer(now_s)

    def _answer(self, now_s: float) -> None:
        """Answer what was received, as long as not too much of it is open."""
        while self._received and self._open < MOST_OPEN:
            self._take(self._received.popleft(), now_s)

    def _take(self, message: Message, now_s: float) -> None:
        number = message.id
        match message.value:
            case Greeting() as greeting:
                is_known = greeting.oldest <= CONTRACT and greeting.contract >= OLDEST_CONTRACT
                self._contract = greeting.contract if is_known else None
            case StatusAsked():
                self._send(self._status(), number)
            case Stop() as stop:
                self._request(stop, number)
            case _ if self._contract is None:
                self._send(Answer(False, self._stranger), number)
            case Watch(is_read_only=is_read_only):
                self._watch(is_read_only, now_s)
            case MachineAsked():
                self._open += 1
                self._services.ask_machine(lambda sample: self._put(encode(sample, number)))
            case Infer() as infer if self._session.allows(Infer):
                self._send(Answer(True, "asking the model at the next batch"), number)
                self._open += 1
                self._services.ask_model(infer, lambda result: self._put(encode(result, number)))
            case request if isinstance(request, get_args(Request)):
                self._request(request, number)
            case _ if number is not None:
                self._send(Answer(False, self._stranger), number)

    @property
    def _stranger(self) -> str:
        """Why a message of another version is not understood."""
        return (
            f"the run's process does not know this request: it is of release "
            f"{self._services.greeting.release}, contract {CONTRACT}"
        )

    def _status(self) -> RunStatus:
        """How far the run is."""
        progress, greeting = self._session.progress, self._services.greeting
        return RunStatus(
            run=greeting.run,
            directory=greeting.directory,
            pid=greeting.pid,
            host=greeting.host,
            state=str(self._session.state),
            epoch=progress.epoch,
            epochs=progress.epochs,
            batch=progress.batch,
            batches=progress.batches,
            viewers=self._session.viewers,
        )

    def _watch(self, is_read_only: bool, now_s: float) -> None:
        self._audience = Audience.READ_ONLY if is_read_only else Audience.INTERACTIVE
        self._feed = Feed(self._session, now_s)
        self._catch_up(now_s)

    def _subscribe(self) -> Subscription:
        """Have events put into a new inbox, in place of the one before."""
        if self._subscription is not None:
            self._subscription.close()
        inbox = Inbox()

        def listen(event: Event) -> None:
            # The training thread, and the one that writes files.
            inbox.add(event)
            self._services.wake()

        self._inbox = inbox
        self._subscription = self._session.subscribe(listen, audience=self._audience)
        return self._subscription

    def _request(self, request: Request, number: int | None) -> None:
        """Hand a request to the run, and say at once whether it was accepted."""
        if self._audience is Audience.READ_ONLY:
            self._send(Answer(False, "this view is read-only"), number)
            return
        if self._subscription is None:
            self._subscribe()
        pending = Pending(number or 0, request, self._session.progress.epochs)
        # Before the request: what follows from it comes after this.
        self._inbox.items.append(pending)
        answer = self._session.request(request)
        self._send(answer, number)
        self._open += 1
        if not answer.is_accepted:
            self._open -= 1
            self._inbox.items.remove(pending)
        elif pending.is_done_already:
            self._open -= 1
            self._inbox.items.remove(pending)
            epochs = formatting.counted(pending.epochs, "epoch")
            self._send(Done(f"{epochs}, as before"), number)

    def _send(self, value: Any, number: int | None = None) -> None:
        self._frames.put(encode(value, number))

    # What goes out.

    def _put(self, frame: bytes) -> None:
        """Have the answer to a request sent. Any thread."""
        self._ready.append(frame)
        self._services.wake()

    def write(self, now_s: float) -> None:
        """Send as much as the client takes, and what is new when it has taken all.

        Raises:
            Gone: When the connection is of no use any more.
        """
        self._answer(now_s)
        while self._frames.send(now_s):
            self._gather(now_s)
            if not self._frames.has_unsent:
                return
            self._answer(now_s)

    def _gather(self, now_s: float) -> None:
        """Put what is new into the frames to be sent; nothing waits there."""
        while self._ready:
            self._frames.put(self._ready.popleft())
            self._open -= 1
        feed, items = self._feed, self._inbox.items
        if feed is not None and self._inbox.is_over:
            self._catch_up(now_s)
            return
        # Not those that come meanwhile: who receives an event finds it in the values before it.
        count = len(items)
        if feed is not None and (count or now_s >= feed.due_s):
            self._frames.put(b"".join(feed.changes(now_s)))
        for _ in range(count):
            self._pass_on(items.popleft(), is_watching=feed is not None)

    def _catch_up(self, now_s: float) -> None:
        """Send everything that has been so far; the inbox has what comes later."""
        before = self._inbox.items
        subscription = self._subscribe()
        while before:
            self._pass_on(before.popleft(), is_watching=False)
        if self._feed is not None:
            self._frames.put(b"".join(self._feed.first(subscription, now_s)))

    def _pass_on(self, item: "Event | Pending", *, is_watching: bool) -> None:
        if isinstance(item, Pending):
            self._pending.append(item)
            return
        self._settle(item)
        if is_watching:
            self._send(item)

    def _settle(self, event: Event) -> None:
        """Say of each request that `event` shows to be done what it did."""
        for pending in tuple(self._pending):
            outcome = pending.outcome(event, self._session.progress)
            if outcome is not None:
                self._pending.remove(pending)
                self._open -= 1
                self._send(outcome, pending.id)

    @property
    def has_unsent(self) -> bool:
        """Whether the client has not taken all yet."""
        return self._frames.has_unsent or bool(self._ready or self._inbox.items)

    @property
    def wants_to_read(self) -> bool:
        """Whether its next requests are to be read: those before are answered, and taken."""
        return not (self._frames.is_full or self._received)

    @property
    def due_s(self) -> float | None:
        """When to look at it again; None: not before something comes."""
        if self._frames.has_unsent:
            return self._frames.patience_ends_s
        return self._feed.due_s if self._feed is not None else None

    def close(self) -> None:
        """Forget the client."""
        if self._subscription is not None:
            self._subscription.close()
        self.socket.close()
