"""Samples of the machine for clients, on a thread of its own: a driver may take its time."""

import threading
from collections import deque
from collections.abc import Callable
from typing import Final

from mnist_tui.run.machine import MachineSample
from mnist_tui.system_monitor import Machine

Reply = Callable[[MachineSample], None]


class Sampler:
    """Takes a sample for all who ask at the same time; its thread begins with the first."""

    def __init__(self) -> None:
        self._sample: Final = Machine().sample
        self._waiting: deque[Reply] = deque()
        self._arrived = threading.Condition()
        self._thread: threading.Thread | None = None
        self._is_closing = False

    def put(self, reply: Reply) -> None:
        """Have `reply` called with a sample, on the thread that takes them."""
        with self._arrived:
            self._waiting.append(reply)
            self._arrived.notify()
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._work, name="machine-sampler", daemon=True
                )
                self._thread.start()

    def close(self) -> None:
        """End the thread, once it has its sample."""
        with self._arrived:
            self._is_closing = True
            self._arrived.notify()

    def _work(self) -> None:
        while True:
            with self._arrived:
                self._arrived.wait_for(lambda: self._waiting or self._is_closing)
                if self._is_closing:
                    return
                replies = list(self._waiting)
                self._waiting.clear()
            sample = self._sample()
            for reply in replies:
                reply(sample)
