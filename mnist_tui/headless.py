"""The engine without a dashboard: plain lines for people, JSON for scripts."""

import errno
import logging
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Final, TextIO

from mnist_tui import formatting
from mnist_tui.errors import DataError
from mnist_tui.process.invocation import add_data_options, with_remedy
from mnist_tui.process.signals import signals_as_requests
from mnist_tui.process.streams import give_up
from mnist_tui.run.events import (
    EpochFinished,
    EpochRow,
    Event,
    Notice,
    RunEnded,
    RunPrepared,
    SavedAgain,
    SaveFailed,
    Warned,
)
from mnist_tui.run.plan import Runner
from mnist_tui.run.progress import Progress
from mnist_tui.run.session import Session
from mnist_tui.run.state import State
from mnist_tui.store.atomic import to_json

log: Final = logging.getLogger(__name__)

_REDRAW_S: Final = 0.2
_GONE: Final = (errno.EPIPE, errno.EIO)
"""What writing fails with where the reader of a pipe, or the terminal, has gone."""


def run_headless(runner: Runner, *, as_json: bool) -> int:
    """Train to the end on this thread, telling how it goes. Main thread.

    Epochs go to stdout, as lines or with `as_json` as objects, followed by a summary;
    everything else goes to stderr, where a terminal also gets a line of live progress.

    Returns:
        The exit code.
    """
    terminal = Terminal(runner.session)
    report = EventPrinter(terminal, as_json=as_json)
    runner.session.subscribe(report.tell)
    with signals_as_requests(runner.session.request), terminal.live():
        runner.run()
    terminal.let_go()
    return report.exit_code


class EventPrinter:
    """Tells a run's events. Called on whatever thread they happen."""

    def __init__(self, terminal: "Terminal", *, as_json: bool) -> None:
        self.exit_code = 1
        """What the run ended with."""
        self._terminal = terminal
        self._as_json = as_json

    def tell(self, event: Event) -> None:
        """Print what a person, or a script, wants to know of `event`."""
        match event:
            case RunPrepared():
                self._say(f"run {event.run}: {event.model}; {event.dataset}; {event.device}")
                if event.resumed_at:
                    self._say(f"going on from {formatting.place(*event.resumed_at)}")
            case Notice() | Warned():
                self._say(f"note: {event.message}")
            case SaveFailed():
                self._say(f"note: could not write {event.path}: {event.message}")
            case SavedAgain():
                self._say(f"note: could write {event.path} again")
            case EpochFinished():
                self._tell_epoch(event)
            case RunEnded():
                self._tell_end(event)
            case _:
                pass

    def _say(self, text: str) -> None:
        self._terminal.print(text, sys.stderr)

    def _tell_epoch(self, event: EpochFinished) -> None:
        row = event.row
        if self._as_json:
            values = {"event": "epoch", **asdict(row), "is_best": event.is_best}
            self._terminal.print(to_json(values), sys.stdout)
            return
        self._terminal.print(
            f"epoch {row.epoch}: training loss {formatting.loss(row.train_loss)}, "
            f"accuracy {formatting.percent(row.train_accuracy)}; "
            f"validation {_describe(row)}; {formatting.seconds(row.seconds)} s, "
            f"{formatting.rate(row.samples_per_second)}{' (best)' if event.is_best else ''}",
            sys.stdout,
        )

    def _tell_end(self, event: RunEnded) -> None:
        self.exit_code = event.exit_code
        is_error, message = event.state is State.FAILED, event.message
        if event.exit_code == DataError.exit_code:
            message = add_data_options(message)
        self._say(f"mnist-tui: {message}" if is_error else message)
        if event.hint:
            self._say(with_remedy(event.hint, event.remedy))
        if self._as_json:
            values = {**asdict(event), "event": "summary"}
            self._terminal.print(to_json(values), sys.stdout)
        elif event.best:
            self._terminal.print(
                f"best: epoch {event.best.epoch}, validation {_describe(event.best)}", sys.stdout
            )


class Terminal:
    """Lines on stdout and stderr, and one live line of progress that gives way to them.

    They are no more than a view of the run: one that cannot be written is told once, where
    there is somebody to tell, and never stands in the way of training.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._lock = threading.Lock()
        self._shown = ""
        self._is_over = threading.Event()
        self._failed: set[TextIO] = set()
        """The streams that something could not be written to."""

    def print(self, text: str, stream: TextIO) -> None:
        """Print a whole line. Any thread."""
        with self._lock:
            self._erase()
            self._write(f"{text}\n", stream)

    def let_go(self) -> None:
        """Leave nothing behind that Python would fail to write at its exit."""
        for stream in self._failed:
            try:
                stream.flush()
            except OSError:
                give_up(stream)

    @contextmanager
    def live(self) -> Iterator[None]:
        """While inside, keep a line of progress on stderr if that is a terminal."""
        if not sys.stderr.isatty():
            yield
            return
        drawer = threading.Thread(target=self._draw, name="progress-line", daemon=True)
        drawer.start()
        try:
            yield
        finally:
            self._is_over.set()
            drawer.join()
            with self._lock:
                self._erase()

    def _draw(self) -> None:
        while not self._is_over.wait(_REDRAW_S):
            width = shutil.get_terminal_size().columns
            line = progress_line(self._session.progress)[: max(0, width - 1)]
            with self._lock:
                if line != self._shown:
                    self._erase()
                    self._write(line, sys.stderr)
                    self._shown = line

    def _erase(self) -> None:
        if self._shown:
            self._write("\r" + " " * len(self._shown) + "\r", sys.stderr)
            self._shown = ""

    def _write(self, text: str, stream: TextIO) -> None:
        try:
            print(text, end="", file=stream, flush=True)
        except OSError as error:
            self._fail(stream, error)

    def _fail(self, stream: TextIO, error: OSError) -> None:
        """Tell of the first failure of a stream, and give it up when nobody reads it any more."""
        is_first = stream not in self._failed
        self._failed.add(stream)
        reason = error.strerror or str(error)
        if is_first:
            log.info("%s could not be written to: %s", stream.name, reason)
        if error.errno in _GONE:
            give_up(stream)
        elif is_first and stream is sys.stdout:
            self._write(
                f"note: could not write to stdout: {reason}; training goes on, but lines are "
                "missing there\n",
                sys.stderr,
            )


def progress_line(progress: Progress) -> str:
    """How far the run is, in one line, the most important first."""
    if not progress.batches:
        return progress.activity
    parts = [
        f"epoch {progress.epoch}/{progress.epochs}",
        f"{progress.batch:,}/{progress.batches:,}",
        progress.activity if progress.activity != "training" else "",
        f"loss {formatting.loss(progress.train_loss)}",
        f"accuracy {formatting.percent(progress.train_accuracy)}",
        formatting.rate(progress.samples_per_second),
        f"{formatting.duration(progress.remaining_s)} left" if progress.remaining_s else "",
    ]
    return "  ".join(part for part in parts if part)


def _describe(row: EpochRow) -> str:
    return f"loss {formatting.loss(row.val_loss)}, accuracy {formatting.percent(row.val_accuracy)}"
