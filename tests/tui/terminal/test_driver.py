"""The driver of a terminal that may go away."""

import os
import select
import sys
import termios
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from textual.app import App

from mnist_tui.tui.terminal.driver import ExitOrHangUp, SturdyDriver


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


async def test_what_is_on_its_way_does_not_reach_a_terminal_that_was_given_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here, there = os.openpty()
    with os.fdopen(there, "w") as terminal:
        monkeypatch.setattr(sys, "__stderr__", terminal)
        driver = SturdyDriver(App())
        driver._file.write("\x1b[?1000h")
        driver._file.flush()
        assert os.read(here, 100) == b"\x1b[?1000h"
        driver._file.write("\x1b[?1003h")  # not flushed yet
        driver.fall_silent()
        driver._file.flush()
        driver._file.write("\x1b[?1006h")
        driver._file.flush()
        assert select.select([here], [], [], 0)[0] == []
    os.close(here)


@pytest.mark.parametrize(("own", "expected"), [((33, 120), (120, 33)), ((0, 0), (30, 10))])
async def test_the_terminals_own_size_counts_where_it_knows_one(
    monkeypatch: pytest.MonkeyPatch, own: tuple[int, int], expected: tuple[int, int]
) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    monkeypatch.setenv("LINES", "10")
    here, there = os.openpty()
    termios.tcsetwinsize(there, own)
    with os.fdopen(there, "w") as terminal:
        monkeypatch.setattr(sys, "__stderr__", terminal)
        assert SturdyDriver(App())._get_terminal_size() == expected
    os.close(here)
