"""Requests for inference of all clients, one at a time: each one delays training."""

import time
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Final

from mnist_tui.errors import MnistTuiError
from mnist_tui.run.inference import InferenceFuture, InferenceResult
from mnist_tui.run.protocol import Failed
from mnist_tui.run.requests import Infer
from mnist_tui.run.session import Session
from mnist_tui.run.state import State

INTERVAL_S: Final = 1 / 6
"""From one request to the next while the run trains, however many clients ask."""

Reply = Callable[[InferenceResult | Failed], None]
"""Takes the result, on any thread."""


class InferenceTurns:
    """Hands the requests of all clients to the run in turn. The server's thread."""

    def __init__(self, session: Session, wake: Callable[[], None]) -> None:
        """Make an empty queue; `wake`, from any thread, has `take_turns` called soon."""
        self._session, self._wake = session, wake
        self._waiting: deque[tuple[Infer, Reply]] = deque()
        self._open: InferenceFuture | None = None
        self._next_s = float("-inf")

    def put(self, infer: Infer, reply: Reply) -> None:
        """Have the request answered when it is its turn."""
        self._waiting.append((infer, reply))

    @property
    def wait_s(self) -> float | None:
        """Seconds until the next turn; None where none is due."""
        if not self._waiting or (self._open is not None and not self._open.done()):
            return None
        return max(0.0, self._next_s - time.monotonic())

    def take_turns(self) -> None:
        """Hand on the oldest request, if it is its turn."""
        while self.wait_s == 0.0:
            infer, reply = self._waiting.popleft()
            answer = self._session.request(infer)
            if not answer.is_accepted:
                reply(Failed(answer.message))
                continue
            if self._session.state is State.RUNNING:
                self._next_s = time.monotonic() + INTERVAL_S
            self._open = infer.future
            infer.future.add_done_callback(partial(self._hand, reply))

    def _hand(self, reply: Reply, future: InferenceFuture) -> None:
        """Bring a result on its way. The training thread."""
        if future.cancelled():
            reply(Failed("the run ended before its model could answer"))
        elif isinstance(error := future.exception(), MnistTuiError):
            reply(Failed(str(error)))
        elif error is not None:
            reply(Failed(f"{type(error).__name__}: {error}"))
        else:
            reply(future.result())
        self._wake()
