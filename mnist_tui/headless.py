"""The engine without a dashboard: plain lines for people, JSON for scripts."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any, TextIO

from mnist_tui import formatting
from mnist_tui.process.invocation import spell_out
from mnist_tui.process.plain_lines import PlainLines
from mnist_tui.process.signals import signals_as_requests
from mnist_tui.process.streams import let_go_of_terminal
from mnist_tui.run.events import (
    CheckpointSaved,
    EpochFinished,
    Event,
    HandOverFailed,
    LearningRateChanged,
    Notice,
    RunEnded,
    RunPrepared,
    SavedAgain,
    SaveFailed,
    SaveReason,
    Warned,
)
from mnist_tui.run.plan import Runner
from mnist_tui.run.progress import Progress
from mnist_tui.run.state import State
from mnist_tui.store.atomic import to_json
from mnist_tui.store.directory import RunDirectory
from mnist_tui.wording import describe, describe_row, describe_scores


def run_headless(runner: Runner, *, as_json: bool, outlives_terminal: bool = False) -> int:
    """Train to the end on this thread, printing how it goes. Main thread.

    Epochs go to stdout, as lines or with `as_json` as objects, followed by a summary;
    everything else goes to stderr: on a terminal a live line of progress, elsewhere such a line
    every 30 s.

    Args:
        as_json: Whether epochs and the summary are printed as JSON.
        outlives_terminal: Whether to go on without a terminal when it is lost, not to save and end.

    Returns:
        The exit code.
    """
    lines = PlainLines(lambda: progress_line(runner.session.progress))
    printer = EventPrinter(lines, as_json=as_json)
    runner.session.subscribe(printer.print_event)
    hang_up = let_go_of_terminal if outlives_terminal else None
    with signals_as_requests(runner.session.request, hang_up=hang_up), lines.live():
        runner.run()
    printer.print_afterword(runner.afterword)
    lines.let_go()
    return printer.exit_code


class EventPrinter:
    """Prints a run's events. Called on whatever thread they happen."""

    def __init__(self, lines: PlainLines, *, as_json: bool, results: TextIO | None = None) -> None:
        """
        Args:
            as_json: Whether epochs and the end are printed as JSON.
            results: Where to print those; None: stdout.
        """
        self.exit_code = 1
        """The code that the run ended with."""
        self._lines = lines
        self._as_json = as_json
        self._results = results or sys.stdout
        self._run: RunPrepared | None = None

    def print_event(self, event: Event) -> None:
        """Print the events that matter to the user or a script."""
        match event:
            case RunPrepared():
                self._run = event
                self._say(describe(event))
            case (
                Notice()
                | Warned()
                | LearningRateChanged()
                | SaveFailed()
                | SavedAgain()
                | HandOverFailed()
            ):
                self._say(f"note: {describe(event)}")
            case CheckpointSaved(reason=SaveReason.MANUAL):
                self._say(describe(event))
            case EpochFinished():
                self._print_epoch(event)
            case RunEnded():
                self._print_end(event)

    def print_afterword(self, text: str) -> None:
        """Print what showed after the last event, in one line; nothing where that is empty."""
        if text:
            self._say(f"note: {text}")

    def _say(self, text: str | None) -> None:
        self._lines.print(text or "", sys.stderr)

    def _print_epoch(self, event: EpochFinished) -> None:
        if self._as_json:
            values = {"event": "epoch", **asdict(event.row), "is_best": event.is_best}
            self._lines.print(to_json(values), self._results)
        else:
            best = " (best)" if event.is_best else ""
            self._lines.print(f"{describe_row(event.row)}{best}", self._results)

    def _print_end(self, event: RunEnded) -> None:
        self.exit_code = event.exit_code
        spelled = spell_out(event)
        is_error, message = event.state is State.FAILED, spelled.message
        self._say(f"mnist-tui: {message}" if is_error else message)
        if spelled.hint:
            self._say(spelled.hint)
        if self._as_json:
            self._lines.print(to_json(self._summary(event)), self._results)
            return
        if event.best:
            best = f"best: epoch {event.best.epoch}, validation {describe_scores(event.best)}"
            self._lines.print(best, self._results)
        if self._run is not None and event.saved:
            self._lines.print(
                f"saved: {RunDirectory(Path(self._run.directory)).last}", self._results
            )

    def _summary(self, event: RunEnded) -> dict[str, Any]:
        """The last object: how the run ended, and where it is."""
        run = self._run
        last = RunDirectory(Path(run.directory)).last if run else None
        place = {
            "run": run.run if run else None,
            "directory": run.directory if run else None,
            "checkpoint": str(last) if last and last.exists() else None,
        }
        return {**place, **asdict(event), "event": "summary"}


def progress_line(progress: Progress) -> str:
    """Progress in one line, the most important first."""
    if not progress.batches:
        return progress.activity
    parts = [
        f"epoch {progress.epoch}/{progress.epochs}",
        f"{progress.batch:,}/{progress.batches:,}",
        progress.activity if progress.activity != "training" else "",
        f"loss {formatting.loss(progress.train_loss)}",
        f"accuracy {formatting.percent(progress.train_accuracy)}",
        formatting.throughput(progress.samples_per_second),
        f"{formatting.duration(progress.remaining_s)} left" if progress.remaining_s else "",
    ]
    return "  ".join(part for part in parts if part)
