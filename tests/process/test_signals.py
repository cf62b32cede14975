"""Signals that stop a run, signals that save it, and a second signal."""

import os
import signal
import subprocess
import sys

import pytest

from mnist_tui.process.signals import ECHO_S, WARNING_S, signals_as_requests
from mnist_tui.run.requests import Save, Stop

NUMBERS = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGQUIT)
WARNINGS = (signal.SIGUSR1, signal.SIGUSR2, signal.SIGXCPU)

PATIENT = """
import os, sys
from mnist_tui.process.signals import ECHO_S, signals_as_requests

now = 0.0
with signals_as_requests(print, lambda: print("gave up", flush=True), lambda: now):
    for later_s in (0.0, ECHO_S, 2 * ECHO_S):
        now = later_s
        print(later_s, flush=True)
        os.kill(os.getpid(), int(sys.argv[1]))
"""
"""Signals itself three times: at once, as soon as may still be an echo, and later."""


@pytest.mark.parametrize("number", NUMBERS)
def test_the_first_signal_asks_for_a_stop_that_saves(number: signal.Signals) -> None:
    asked: list[Stop | Save] = []
    with signals_as_requests(asked.append):
        os.kill(os.getpid(), number)
    assert asked == [Stop(reason=f"Ended by {number.name}", exit_code=128 + number)]


def test_a_hang_up_can_be_something_else_than_a_request() -> None:
    asked: list[Stop | Save] = []
    lost: list[bool] = []
    with signals_as_requests(asked.append, hang_up=lambda: lost.append(True)):
        os.kill(os.getpid(), signal.SIGHUP)
        os.kill(os.getpid(), signal.SIGTERM)
    assert lost == [True]
    assert [stop.exit_code for stop in asked if isinstance(stop, Stop)] == [143]


@pytest.mark.parametrize("other", NUMBERS)
def test_a_signal_that_comes_twice_at_once_is_one_request(other: signal.Signals) -> None:
    asked: list[Stop | Save] = []
    with signals_as_requests(asked.append, clock=iter((7.0, 7.0 + ECHO_S)).__next__):
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), other)
    assert [stop.exit_code for stop in asked if isinstance(stop, Stop)] == [143]


@pytest.mark.parametrize("number", [*NUMBERS, *WARNINGS])
def test_a_signal_that_was_ignored_before_stays_ignored(number: signal.Signals) -> None:
    asked: list[Stop | Save] = []
    before = signal.signal(number, signal.SIG_IGN)
    try:
        with signals_as_requests(asked.append):
            os.kill(os.getpid(), number)
            assert signal.getsignal(number) is signal.SIG_IGN
        assert signal.getsignal(number) is signal.SIG_IGN
    finally:
        signal.signal(number, before)
    assert asked == []


@pytest.mark.parametrize("number", WARNINGS)
def test_the_warning_of_a_batch_system_saves_and_does_not_stop(
    number: signal.Signals, caplog: pytest.LogCaptureFixture
) -> None:
    asked: list[Stop | Save] = []
    times = iter((0.0, WARNING_S / 2, 2 * WARNING_S))
    with signals_as_requests(asked.append, clock=times.__next__):
        os.kill(os.getpid(), number)
        assert asked == [Save()]
        os.kill(os.getpid(), number)
        assert asked == [Save()], "SIGXCPU comes each second"
        os.kill(os.getpid(), number)
        assert asked == [Save(), Save()]
    assert f"{number.name}: saving a checkpoint" in caplog.text


@pytest.mark.parametrize("number", NUMBERS)
def test_one_that_comes_later_does_not_wait(number: signal.Signals) -> None:
    command = [sys.executable, "-c", PATIENT, str(int(number))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 128 + number, done.stderr
    words = done.stdout.splitlines()
    assert words[-2:] == [str(2 * ECHO_S), "gave up"], done.stdout
    assert "Ended by" in words[1], done.stdout
