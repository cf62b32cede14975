"""Which signals ask for an end that saves, and which for one that does not wait."""

import os
import signal
import subprocess
import sys

import pytest

from mnist_tui.process.signals import ECHO_S, stop_on_signals
from mnist_tui.run.requests import Stop

NUMBERS = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)

PATIENT = """
import os, sys
from mnist_tui.process.signals import ECHO_S, stop_on_signals

now = 0.0
with stop_on_signals(print, lambda: print("gave up", flush=True), lambda: now):
    for later_s in (0.0, ECHO_S, 2 * ECHO_S):
        now = later_s
        print(later_s, flush=True)
        os.kill(os.getpid(), int(sys.argv[1]))
"""
"""Signals itself three times: at once, as soon as may still be an echo, and later."""


@pytest.mark.parametrize("number", NUMBERS)
def test_the_first_signal_asks_for_a_stop_that_saves(number: signal.Signals) -> None:
    asked: list[Stop] = []
    with stop_on_signals(asked.append):
        os.kill(os.getpid(), number)
    assert asked == [Stop(reason=f"ended by {number.name}", exit_code=128 + number)]


@pytest.mark.parametrize("other", NUMBERS)
def test_a_signal_that_comes_twice_at_once_is_one_request(other: signal.Signals) -> None:
    asked: list[Stop] = []
    with stop_on_signals(asked.append, clock=iter((7.0, 7.0 + ECHO_S)).__next__):
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), other)
    assert [stop.exit_code for stop in asked] == [143]


@pytest.mark.parametrize("number", NUMBERS)
def test_one_that_comes_later_does_not_wait(number: signal.Signals) -> None:
    command = [sys.executable, "-c", PATIENT, str(int(number))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 128 + number, done.stderr
    words = done.stdout.splitlines()
    assert words[-2:] == [str(2 * ECHO_S), "gave up"], done.stdout
    assert "ended by" in words[1], done.stdout
