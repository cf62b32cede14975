"""Plain lines that cannot be written, and progress where none can be overwritten."""

import errno
import io
import json
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TextIO

import pytest

from mnist_tui.headless import EventPrinter
from mnist_tui.process.plain_lines import PlainLines, is_gone, is_in_foreground
from mnist_tui.run.events import LearningRateChanged, RunEnded, RunPrepared
from mnist_tui.run.state import State

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
    terminal = PlainLines(str)
    for epoch in range(3):
        terminal.print(f"epoch {epoch}", sys.stdout)
    terminal.let_go()
    sys.stdout.flush()


def full_disk() -> int:
    """A file on a disk without room."""
    return os.open("/dev/full", os.O_WRONLY)


@pytest.mark.parametrize("make", [broken_pipe, pytest.param(closed_terminal, marks=needs_pty)])
def test_lines_that_nobody_reads_are_given_up_without_a_message(
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
    terminal = PlainLines(lambda: "epoch 1/2")
    with terminal.live():
        terminal.show_progress()
        os.close(window)
        terminal.print("saved", sys.stderr)
        terminal.show_progress()
    terminal.let_go()


@needs_full
def test_a_full_disk_is_reported_once_and_does_not_fail_at_the_exit(
    opened: Callable[[int], TextIO],
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(sys, "stdout", opened(full_disk()))
    print_epochs()
    assert capsys.readouterr().err == (
        "note: could not write to stdout: No space left on device; training continues, but lines "
        "are missing there\n"
    )
    assert len(caplog.records) == 1


@needs_full
def test_full_disks_for_both_streams_are_survived(
    opened: Callable[[int], TextIO], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdout", opened(full_disk()))
    monkeypatch.setattr(sys, "stderr", opened(full_disk()))
    terminal = PlainLines(str)
    terminal.print("epoch 1", sys.stdout)
    terminal.print("saved", sys.stderr)
    terminal.let_go()


def test_a_disk_that_fails_is_no_lost_terminal(tmp_path: Path) -> None:
    broken = OSError(errno.EIO, "Input/output error")
    with (tmp_path / "out.txt").open("w") as file:
        assert not is_gone(file, broken)
        assert is_gone(file, OSError(errno.EPIPE, "Broken pipe"))


@needs_pty
def test_a_terminal_that_fails_is_lost(opened: Callable[[int], TextIO]) -> None:
    assert is_gone(opened(closed_terminal()), OSError(errno.EIO, "Input/output error"))


def test_progress_is_a_line_each_half_minute_where_it_cannot_be_written_over(
    capsys: pytest.CaptureFixture[str],
) -> None:
    now = [0.0]
    lines = PlainLines(lambda: f"at {now[0]:.0f} s", clock=lambda: now[0])
    for second in range(0, 95, 5):
        now[0] = second
        lines.show_progress()
    assert capsys.readouterr().err.splitlines() == ["at 30 s", "at 60 s", "at 90 s"]


class Terminal(io.StringIO):
    """A terminal in the foreground, of so many columns."""

    columns = 80

    def isatty(self) -> bool:
        return True


def test_the_live_line_is_as_wide_as_the_terminal_that_it_is_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # stdout may be a file, of no width, or another terminal.
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setattr("mnist_tui.process.plain_lines.columns_of", lambda stream: stream.columns)
    lines = PlainLines(lambda: 100 * "x")
    lines.show_progress()
    assert screen.getvalue() == 79 * "x"
    screen.columns = 10
    lines.show_progress()
    assert screen.getvalue() == 79 * "x" + "\r" + 9 * " " + "\r" + 9 * "x"


def test_a_background_job_leaves_the_shells_line_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    lines = PlainLines(lambda: "epoch 1/2")
    lines.show_progress()
    monkeypatch.setattr("mnist_tui.process.plain_lines.is_in_foreground", lambda stream: False)
    for _ in range(3):
        lines.show_progress()
    lines.print("epoch 1", screen)
    assert screen.getvalue() == "epoch 1/2epoch 1\n"


@needs_pty
def test_only_the_foreground_job_of_a_terminal_is_in_the_foreground(
    opened: Callable[[int], TextIO], monkeypatch: pytest.MonkeyPatch
) -> None:
    window, descriptor = os.openpty()
    terminal = opened(descriptor)
    monkeypatch.setattr(os, "tcgetpgrp", lambda _: os.getpgrp())
    assert is_in_foreground(terminal)
    monkeypatch.setattr(os, "tcgetpgrp", lambda _: os.getpgrp() + 1)
    assert not is_in_foreground(terminal)
    os.close(window)


def test_the_end_says_where_the_checkpoint_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prepared = RunPrepared(
        run="a", directory=str(tmp_path), device="", dataset="", model="", batches=1, epochs=1
    )
    last = tmp_path / "checkpoints" / "last.pt"
    last.parent.mkdir()
    last.touch()
    for as_json in (False, True):
        printer = EventPrinter(PlainLines(str), as_json=as_json)
        printer.print_event(prepared)
        printer.print_event(RunEnded(state=State.FINISHED, message="finished", saved=True))
    *lines, summary = capsys.readouterr().out.splitlines()
    assert lines == [f"saved: {last}"]
    found = json.loads(summary)
    assert (found["run"], found["directory"]) == ("a", str(tmp_path))
    assert found["checkpoint"] == str(last)


def test_another_learning_rate_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    printer = EventPrinter(PlainLines(str), as_json=False)
    printer.print_event(LearningRateChanged(lr=0.3, previous=0.01, epoch=2, global_batch=7))
    assert capsys.readouterr().err == "note: learning rate 0.01 → 0.3 in epoch 2\n"
