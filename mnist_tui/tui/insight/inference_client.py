"""Requests to a run's model, no more often than is good for its training."""

from collections.abc import Callable
from concurrent.futures import CancelledError
from time import monotonic
from typing import Final

from textual.timer import Timer
from textual.widget import Widget

from mnist_tui.errors import MnistTuiError
from mnist_tui.run.inference import InferenceFuture, InferenceRequest, InferenceResult
from mnist_tui.tui.insight.source import InsightSource

REQUEST_INTERVAL_S: Final = 1 / 6
"""The least time between two requests while the weights change: each one delays training."""

REFRESH_INTERVAL_S: Final = 1.0
"""After this time the last request is repeated while the weights change, or if it failed."""


class InferenceClient:
    """Sends one request at a time, and of those that wait only the newest. UI thread.

    It learns from the results whether the weights change: each says which batch it is from.
    """

    def __init__(
        self,
        host: Widget,
        source: InsightSource,
        on_result: Callable[[InferenceResult | str], None],
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """Make a client without a request.

        Args:
            host: Runs callbacks and timers.
            source: Answers the requests.
            on_result: Gets each result, or a sentence that says why there is none.
            clock: Seconds from an arbitrary point.
        """
        self._host, self._source, self._on_result, self._clock = host, source, on_result, clock
        self._future: InferenceFuture | None = None
        """The open request's."""
        self._next: InferenceRequest | None = None
        self._last: InferenceRequest | None = None
        """What was sent last."""
        self._sent_s = float("-inf")
        self._timer: Timer | None = None
        self._place: tuple[int, int] | None = None
        """Epoch and batch of the weights of the last result."""
        self._is_moving = False
        """Whether the last two results came from different weights."""
        self._has_failed = False
        self._was_cancelled = False

    @property
    def delay_s(self) -> float:
        """Seconds until a request may be sent; 0 while the weights do not change."""
        if not self._is_moving:
            return 0.0
        return max(0.0, self._sent_s + REQUEST_INTERVAL_S - self._clock())

    def send(self, request: InferenceRequest) -> None:
        """Send this as soon as possible, in place of all that waits."""
        self._next = request
        self._send_when_due()

    def repeat(self) -> None:
        """Send the last request once more, unless another one waits."""
        self._next = self._next or self._last
        self._send_when_due()

    def cancel(self) -> None:
        """Send nothing more, and ignore the result that is to come."""
        self._next = self._last = None
        self._stop_timer()
        future, self._future = self._future, None
        if future is not None:
            future.cancel()

    def _receive(self, future: InferenceFuture) -> None:
        if future is not self._future:
            return
        self._future = None
        try:
            result = future.result(timeout=0)
        except CancelledError:
            self._repeat_once()
            return
        except MnistTuiError as error:
            self._place, self._is_moving, self._has_failed = None, False, True
            self._on_result(str(error))
        else:
            self._was_cancelled = self._has_failed = False
            place = (result.epoch, result.batch)
            self._is_moving = self._place is not None and place != self._place
            self._place = place
            self._on_result(result)
        self._send_when_due()

    def _repeat_once(self) -> None:
        """The run ended before it got to the request: its last weights answer, if they are kept."""
        if not self._was_cancelled:
            self._next = self._next or self._last
        self._was_cancelled = True
        self._send_when_due()

    def _send_when_due(self) -> None:
        if self._future is not None:
            return
        self._stop_timer()
        if self._next is None:
            if self._is_moving or self._has_failed:
                self._timer = self._host.set_timer(REFRESH_INTERVAL_S, self.repeat)
        elif delay_s := self.delay_s:
            self._timer = self._host.set_timer(delay_s, self._send_now)
        else:
            self._send_now()

    def _send_now(self) -> None:
        self._timer = None
        if self._next is None or self._future is not None:
            return
        self._last, self._next = self._next, None
        self._sent_s = self._clock()
        self._future = self._source.infer(self._last)
        self._future.add_done_callback(self._hand_over)

    def _hand_over(self, future: InferenceFuture) -> None:
        """Bring a result to the UI thread. Any thread."""
        try:
            self._host.call_later(self._receive, future)
        except RuntimeError:
            # The dashboard has ended, and its event loop is closed.
            return

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
