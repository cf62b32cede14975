"""A session that mirrors one of another process."""

import select
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final

from mnist_tui.errors import TrainingError
from mnist_tui.remote.connection import Connection
from mnist_tui.remote.wakes import Wakes
from mnist_tui.run.buckets import HistoryIncrement, HistorySnapshot, ReducedIncrement
from mnist_tui.run.events import Event, RunEnded, Warned
from mnist_tui.run.inference import InferenceResult
from mnist_tui.run.machine import MachineSample
from mnist_tui.run.progress import Progress
from mnist_tui.run.protocol import Failed, MachineAsked, Past, StatusAsked, Watch
from mnist_tui.run.requests import Answer, Infer, Mailbox, Request
from mnist_tui.run.session import PastEvent, Session
from mnist_tui.run.validation import ValidationResults
from mnist_tui.run.wire import Message, event_of

_SAMPLE_S: Final = 3.0
"""How long a sample of the other machine may take."""
QUIET_S: Final = 5.0
"""Seconds without a word after which the other process is asked for one; it has as long again."""


class Outbox(Mailbox):
    """Requests on their way to another process."""

    def __init__(self, wake: Callable[[], None]) -> None:
        super().__init__()
        self._wake: Final = wake

    def put(self, request: Request) -> None:
        """Leave a request, and have it sent. Any thread; a signal handler too."""
        super().put(request)
        self._wake()


class Silence:
    """How long nothing has been heard. A run that is paused says nothing by itself: it is asked.

    One that does not answer is stopped (by SIGSTOP, or a debugger), or its machine is very slow.
    """

    def __init__(self) -> None:
        self._since_s = time.monotonic()
        """When something was heard last, or the other process was asked."""
        self._was_asked = False
        self.is_unanswered = False
        """Whether the other process was asked, and has not answered in time."""

    @property
    def wait_s(self) -> float:
        """Seconds to wait for a word until it is time to look again."""
        return max(0.0, self._since_s + QUIET_S - time.monotonic())

    def hear(self) -> None:
        """Note that something has come."""
        self._since_s, self._was_asked, self.is_unanswered = time.monotonic(), False, False

    def look(self) -> bool:
        """Whether it is time to ask the other process something."""
        if self.wait_s:
            return False
        self._since_s = time.monotonic()
        if self._was_asked:
            self.is_unanswered = True
            return False
        self._was_asked = True
        return True


class Mirror:
    """Feeds a session with what a connection brings, and sends that session's requests.

    Everything happens on the thread that calls `follow`, but for what says otherwise.
    """

    def __init__(self, *, is_read_only: bool) -> None:
        self._wakes: Final = Wakes()
        self.session: Final = Session(Outbox(self._wakes.wake), is_read_only=is_read_only)
        self.past: tuple[PastEvent, ...] = ()
        """The newest events from before the newest CaughtUp."""
        self.heard_s = 0.0
        """Unix time at which something was received last."""
        self._samples: deque[Future[MachineSample]] = deque()
        """Samples of the machine that are to be asked for."""
        self._asked: dict[int, Future[Any]] = {}
        """What has been asked for, by the number of the message that did it."""
        self.is_leaving = False
        """Whether nothing more is to be followed. Any thread."""
        self._silence = Silence()
        self._heard: Progress | None = None
        """The progress that was received last, while another one is published in its place."""

    def leave(self) -> None:
        """Have `follow` return. Any thread; a signal handler too."""
        self.is_leaving = True
        self._wakes.wake()

    def sample_machine(self) -> MachineSample:
        """Sample the machine of the other process. Blocks; a thread of its own.

        Raises:
            Exception: When no sample comes in time.
        """
        sample: Future[MachineSample] = Future()
        self._samples.append(sample)
        self._wakes.wake()
        return sample.result(_SAMPLE_S)

    def follow(self, connection: Connection) -> RunEnded | None:
        """Mirror until the run ends; returns how, without handing that on. None: `leave`.

        Raises:
            ConnectionLostError: When the other end has gone.
        """
        self._silence = Silence()
        try:
            connection.send(Watch(is_read_only=self.session.is_read_only))
            while not self.is_leaving:
                self._send(connection)
                for message in self._receive(connection):
                    if isinstance(message.value, RunEnded):
                        return message.value
                    self._take(message)
            return None
        finally:
            for future in self._asked.values():
                future.cancel()
            self._asked.clear()

    def close(self) -> None:
        """Follow nothing any more."""
        self.is_leaving = True
        for sample in self._samples:
            sample.cancel()
        self._wakes.close()

    def _receive(self, connection: Connection) -> list[Message]:
        """Wait until something comes, or is to be sent."""
        ends = [connection.fileno(), self._wakes.end.fileno()]
        wait_s = self._silence.wait_s
        ready = set(ends) if connection.has_early else set(select.select(ends, [], [], wait_s)[0])
        if self._wakes.end.fileno() in ready:
            self._wakes.clear()
        if connection.fileno() not in ready:
            self._bear_silence(connection)
            return []
        self._silence.hear()
        if self._heard is not None:
            self.session.publish(self._heard)
            self._heard = None
        self.heard_s = time.time()
        return connection.receive()

    def _bear_silence(self, connection: Connection) -> None:
        """Ask a process that says nothing for a word; show that it does not answer."""
        if self._silence.look():
            connection.send(StatusAsked())
        if self._silence.is_unanswered and self._heard is None:
            pid = connection.greeting.pid
            self._heard = self.session.progress
            problem = f"process {pid} does not answer; if it was stopped: kill -CONT {pid}"
            self.session.publish(replace(self._heard, blocked_on=problem))

    def _send(self, connection: Connection) -> None:
        while (request := self.session.mailbox.take()) is not None:
            if not isinstance(request, Infer):
                connection.send(request)
            elif not request.future.cancelled():
                self._asked[connection.send(request)] = request.future
        while self._samples:
            sample = self._samples.popleft()
            if self._silence.is_unanswered:  # one a second would fill the connection in time
                sample.cancel()
            else:
                self._asked[connection.send(MachineAsked())] = sample

    def _take(self, message: Message) -> None:
        session, number = self.session, message.id
        match message.value:
            case Event() as event:
                session.mirror(event)
            case Progress() as progress:
                session.publish(progress)
            case HistoryIncrement() as increment:
                session.history.extend(increment.losses)
            case ReducedIncrement() as increment:
                session.history.extend_reduced(increment)
            case HistorySnapshot() as snapshot:
                session.history.restore(snapshot)
            case ValidationResults() as newer:
                session.publish_validation(session.validation.extended_by(newer))
            case Past(lines=lines):
                found = ((line.get("time"), event_of(line)) for line in lines)
                self.past = tuple((at, event) for at, event in found if event and at is not None)
            case Answer(is_accepted=False, message=problem) | Failed(message=problem):
                self._refuse(number, problem)
            case MachineSample() | InferenceResult() as result:
                future = self._asked.pop(number or 0, None)
                if future is not None:
                    with suppress(InvalidStateError):  # nobody wants it any more
                        future.set_result(result)

    def _refuse(self, number: int | None, problem: str) -> None:
        """Hand on that the run refused what was accepted here, since it had gone on meanwhile."""
        future = self._asked.pop(number or 0, None)
        if future is None:
            self.session.emit(Warned(message=problem))
        else:
            with suppress(InvalidStateError):
                future.set_exception(TrainingError(problem))
