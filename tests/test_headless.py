"""Plain lines that cannot be written: training goes on, and it is told once, if at all."""

import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TextIO

import pytest

from mnist_tui.headless import Terminal
from mnist_tui.run.session import Session

needs_full = pytest.mark.skipif(
    not Path("/dev/full").exists(), reason="this system has no full device"
)
needs_pty = pytest.mark.skipif(not hasattr(os, "openpty"), reason="this system has no terminals")


@pytest.fixture
def opened() -> Iterator[Callable[[int], TextIO]]:
    """Make streams of descriptors, which are closed after the test."""
    with ExitStack() as stack:
        yield lambda descriptor: stack.enter_context(os.fdopen(descriptor, "w"))


def broken_pipe() -> int:
    """The end of a pipe that nobody reads."""
    reader, writer = os.pipe()
    os.close(reader)
    return writer


def closed_terminal() -> int:
    """A terminal whose window has been closed."""
    window, terminal = os.openpty()
    os.close(window)
    return terminal


def print_epochs() -> None:
    """Three lines of a run to stdout, and what Python does at its exit."""
    terminal = Terminal(Session())
    for epoch in range(3):
        terminal.print(f"epoch {epoch}", sys.stdout)
    terminal.let_go()
    sys.stdout.flush()


def full_disk() -> int:
    """A file on a disk without room."""
    return os.open("/dev/full", os.O_WRONLY)


@pytest.mark.parametrize("make", [broken_pipe, pytest.param(closed_terminal, marks=needs_pty)])
def test_lines_that_nobody_reads_are_given_up_without_a_word(
    make: Callable[[], int],
    opened: Callable[[int], TextIO],
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(sys, "stdout", opened(make()))
    print_epochs()
    assert capsys.readouterr().err == ""
    assert [(record.levelname, record.exc_info) for record in caplog.records] == [("INFO", None)]


@needs_pty
def test_a_closed_terminal_does_not_end_the_line_of_progress_with_an_error(
    opened: Callable[[int], TextIO], monkeypatch: pytest.MonkeyPatch
) -> None:
    window, descriptor = os.openpty()
    monkeypatch.setattr(sys, "stderr", opened(descriptor))
    terminal = Terminal(Session())
    with terminal.live():
        os.close(window)
        terminal._shown = "epoch 1/2"
        terminal.print("saved", sys.stderr)
        terminal._shown = "epoch 1/2"
    terminal.let_go()


@needs_full
def test_a_full_disk_is_told_once_and_does_not_fail_at_the_exit(
    opened: Callable[[int], TextIO],
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(sys, "stdout", opened(full_disk()))
    print_epochs()
    assert capsys.readouterr().err == (
        "note: could not write to stdout: No space left on device; training goes on, but lines "
        "are missing there\n"
    )
    assert len(caplog.records) == 1


@needs_full
def test_full_disks_for_both_streams_are_survived(
    opened: Callable[[int], TextIO], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdout", opened(full_disk()))
    monkeypatch.setattr(sys, "stderr", opened(full_disk()))
    terminal = Terminal(Session())
    terminal.print("epoch 1", sys.stdout)
    terminal.print("saved", sys.stderr)
    terminal.let_go()
