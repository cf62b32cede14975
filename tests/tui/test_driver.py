"""What the driver asks of a terminal that may go away."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor

from mnist_tui.tui.driver import ExitOrHangUp


def test_two_threads_may_ask_at_once_whether_the_terminal_has_gone() -> None:
    # The input thread asks all the time, and the main thread when the dashboard ends.
    here, there = os.openpty()
    event, start = ExitOrHangUp(there), threading.Barrier(2)

    def ask(_number: int) -> bool:
        start.wait()
        return any(event.is_set() for _ in range(20_000))

    try:
        with ThreadPoolExecutor(2) as threads:
            assert list(threads.map(ask, range(2))) == [False, False]
        os.close(here)
        assert event.is_set()
    finally:
        os.close(there)
