"""Asking a run what it makes of a drawing, as often as is good for its training."""

from collections.abc import Callable
from concurrent.futures import CancelledError
from time import monotonic
from typing import Final, Protocol

from textual.message import Message
from textual.timer import Timer

from mnist_tui.errors import MnistTuiError
from mnist_tui.run.inference import InferenceFuture, InferenceRequest, InferenceResult
from mnist_tui.tui.insight.source import InsightSource

ASK_INTERVAL_S: Final = 1 / 6
"""While the weights change, they are asked no more often: each answer takes time from training."""

LOOK_AGAIN_S: Final = 1.0
"""While the weights change, or there are none, the same is asked again this much later."""


class ResultArrived(Message):
    """A reply is done. Posted from whatever thread did it."""

    def __init__(self, reply: InferenceFuture) -> None:
        super().__init__()
        self.reply: Final = reply


class Host(Protocol):
    """The widget on whose behalf is asked: it hands `Replied` on to `Asker.take`."""

    def post_message(self, message: Message) -> bool:
        """As Widget's; any thread."""

    def set_timer(self, delay: float, callback: Callable[[], None]) -> Timer:
        """As Widget's."""


class InferenceClient:
    """One question at a time, and of those that wait only the newest. UI thread.

    Whether the weights change is told by the answers: each one says which batch it is from.
    """

    def __init__(
        self,
        host: Host,
        source: InsightSource,
        heard: Callable[[InferenceResult | str], None],
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """`heard` gets each answer, or in words why there is none."""
        self._host, self._source, self._heard, self._clock = host, source, heard, clock
        self._reply: InferenceFuture | None = None
        self._wanted: InferenceRequest | None = None
        """What is to be asked next."""
        self._question: InferenceRequest | None = None
        """What was asked last."""
        self._asked_s = float("-inf")
        self._timer: Timer | None = None
        self._at: tuple[int, int] | None = None
        """Epoch and batch of the weights that answered last."""
        self._is_moving = False
        self._has_failed = False
        self._was_cancelled = False

    @property
    def is_waiting(self) -> bool:
        """Whether an answer is to come."""
        return self._reply is not None

    @property
    def rest_s(self) -> float:
        """Seconds until a question would be asked, if there were one; 0 while weights stand."""
        if not self._is_moving:
            return 0.0
        return max(0.0, self._asked_s + ASK_INTERVAL_S - self._clock())

    def ask(self, question: InferenceRequest) -> None:
        """Ask this as soon as may be, in place of all that waits."""
        self._wanted = question
        self._ask_when_due()

    def ask_again(self) -> None:
        """Ask the last question once more, unless another one waits."""
        self._wanted = self._wanted or self._question
        self._ask_when_due()

    def drop(self) -> None:
        """Ask nothing more, and want no answer to what was asked."""
        self._wanted = self._question = None
        self._stop_timer()
        reply, self._reply = self._reply, None
        if reply is not None:
            reply.cancel()

    def take(self, reply: InferenceFuture) -> None:
        """Hear the answer, if it is still wanted, and ask what waits."""
        if reply is not self._reply:
            return
        self._reply = None
        try:
            reading = reply.result(timeout=0)
        except CancelledError:
            self._ask_once_more()
            return
        except MnistTuiError as error:
            self._at, self._is_moving, self._has_failed = None, False, True
            self._heard(str(error))
        else:
            self._was_cancelled = self._has_failed = False
            at = (reading.epoch, reading.batch)
            self._is_moving = self._at is not None and at != self._at
            self._at = at
            self._heard(reading)
        self._ask_when_due()

    def _ask_once_more(self) -> None:
        """The run ended first: its last weights are asked, but only once."""
        if not self._was_cancelled:
            self._wanted = self._wanted or self._question
        self._was_cancelled = True
        self._ask_when_due()

    def _ask_when_due(self) -> None:
        if self._reply is not None:
            return
        self._stop_timer()
        if self._wanted is None:
            if self._is_moving or self._has_failed:
                self._timer = self._host.set_timer(LOOK_AGAIN_S, self.ask_again)
            return
        if wait_s := self.rest_s:
            self._timer = self._host.set_timer(wait_s, self._ask_now)
        else:
            self._ask_now()

    def _ask_now(self) -> None:
        self._timer = None
        if self._wanted is None or self._reply is not None:
            return
        self._question, self._wanted = self._wanted, None
        self._asked_s = self._clock()
        self._reply = self._source.ask(self._question)
        self._reply.add_done_callback(self._tell)

    def _tell(self, reply: InferenceFuture) -> None:
        """The reply is done. Any thread; nobody may be left to tell."""
        try:
            self._host.post_message(ResultArrived(reply))
        except RuntimeError:
            # The dashboard's event loop is closed.
            return

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
