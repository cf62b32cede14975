"""Reads the runs in a folder, or how a sweep stands, again and again, on a thread."""

import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from threading import Event
from typing import Final

from mnist_tui.errors import MnistTuiError, UsageError
from mnist_tui.store.catalog import FoundRun, newest_first
from mnist_tui.store.summary import RunSummary, summarize
from mnist_tui.sweep.record import Sweep, SweepFolder
from mnist_tui.sweep.standing import Standing, standing

FIRST: Final = 50
"""Runs that are handed on at first: about as many as a screen has lines."""
AT_ONCE: Final = 250
"""Runs that are handed on together after that."""
SLICE_S: Final = 0.01
"""Seconds of processor time for reading between two rests."""
REST: Final = 2.0
"""Seconds of rest for each such second beside a run, so that training keeps its pace."""
SHORT_REST: Final = 0.2
"""The same where nothing trains, so that keys are answered."""
AGAIN_S: Final = 2.0
"""Seconds between two looks for what has changed, at least."""
SHARE: Final = 0.05
"""Of the time at most is spent on looking."""
SWEEP_AGAIN_S: Final = 1.0
"""Seconds between two looks at a sweep, and of waiting for each second of reading."""
SETTLED_S: Final = 2.0
"""A run that was changed more lately is read again: file systems' times may be so coarse."""

Changes = tuple[Sequence[RunSummary], Sequence[str]]
"""Runs that are new or have changed, and the paths of those that are gone."""


class Reader:
    """Looks again and again, on one thread of its own."""

    def __init__(self) -> None:
        self._is_stopped, self._is_wanted = Event(), Event()

    def follow(self) -> None:
        """Read until `stop`."""
        raise NotImplementedError

    def stop(self) -> None:
        """Let `follow` return soon. Any thread."""
        self._is_stopped.set()
        self._is_wanted.set()

    def look_now(self) -> None:
        """Let the next look begin at once. Any thread."""
        self._is_wanted.set()


class RunsReader(Reader):
    """Follows the runs in a folder, a few at a time."""

    def __init__(
        self,
        runs_dir: Path,
        show: Callable[[Changes], object],
        has_run: Callable[[], bool] = lambda: True,
    ) -> None:
        """
        Args:
            runs_dir: The folder of the runs.
            show: Called with what is new, on the reading thread; once with nothing when all
                have been read for the first time.
            has_run: Whether the dashboard has a live run; called on the reading thread.
        """
        super().__init__()
        self._has_run = has_run
        self._runs_dir = runs_dir
        self._show = show
        self._seen: dict[str, int] = {}
        """When each run that was read had been changed; 0: it is to be read again."""
        self._is_shown = Event()

    def stop(self) -> None:
        super().stop()
        self._is_shown.set()

    def rest(self) -> None:
        """Begin no look until `go_on`. Any thread."""
        self._is_shown.clear()

    def go_on(self) -> None:
        """Let looks begin again, the next one at once. Any thread."""
        self._is_shown.set()
        self._is_wanted.set()

    def follow(self) -> None:
        """Read all runs, those that were changed last first, then what changes. Until `stop`."""
        is_first = True
        while self._is_shown.wait() and not self._is_stopped.is_set():
            self._is_wanted.clear()
            began = time.thread_time()
            for changes in self.look():
                self._show(changes)
                if self._is_stopped.is_set():
                    return
            if is_first:
                self._show(((), ()))
                is_first = False
            spent_s = time.thread_time() - began
            self._is_wanted.wait(max(AGAIN_S, spent_s / SHARE))

    def look(self) -> Iterator[Changes]:
        """Read what has changed since the last look, the newest first."""
        try:
            found = newest_first(self._runs_dir)
        except UsageError:
            found = []
        paths = {run.path for run in found}
        gone = [path for path in self._seen if path not in paths]
        for path in gone:
            del self._seen[path]
        if gone:
            yield (), gone
        changed = iter([run for run in found if self._seen.get(run.path) != run.changed_ns])
        at_once = FIRST
        while some := list(islice(changed, at_once)):
            yield self._read(some), ()
            at_once = AT_ONCE
            if self._is_stopped.is_set():
                return

    def _read(self, some: Sequence[FoundRun]) -> list[RunSummary]:
        read = []
        rested = time.thread_time()
        for found in some:
            is_settled = time.time() - found.changed_s > SETTLED_S
            self._seen[found.path] = found.changed_ns if is_settled else 0
            run = summarize(found.directory, found.name)
            if run is not None:
                read.append(run)
                if run.is_live:
                    self._seen[found.path] = 0  # it may die
            spent_s = time.thread_time() - rested
            if spent_s > SLICE_S:
                rest = REST if self._has_run() else SHORT_REST
                if self._is_stopped.wait(rest * spent_s):
                    break
                rested = time.thread_time()
        return read


class SweepReader(Reader):
    """Follows a sweep."""

    def __init__(self, folder: SweepFolder, show: Callable[[Standing], object]) -> None:
        """
        Args:
            folder: The sweep's.
            show: Called on the reading thread with how it stands, at first and when that changes.
        """
        super().__init__()
        self._folder = folder
        self._show = show
        self._finished: dict[str, RunSummary] = {}
        """Runs that are not read again, by their trials' names."""

    def follow(self) -> None:
        shown: Standing | None = None
        while not self._is_stopped.is_set():
            began = time.perf_counter()
            found = self.look()
            if found != shown:
                shown = found
                self._show(found)
            self._is_wanted.wait(max(SWEEP_AGAIN_S, time.perf_counter() - began))
            self._is_wanted.clear()

    def look(self) -> Standing:
        """How the sweep stands now; nothing where it is gone."""
        try:
            sweep = self._folder.read()
        except MnistTuiError:
            return Standing()
        trainer = str(self._folder.owner) if self._folder.is_locked() else ""
        return standing(sweep, self._runs(sweep), trainer)

    def _runs(self, sweep: Sweep) -> dict[str, RunSummary]:
        """What is known of its runs."""
        found = {}
        for trial in sweep.trials:
            run = self._finished.get(trial.name) or summarize(self._folder.run(trial))
            if run is not None:
                found[trial.name] = run
            if run is not None and run.state == "finished":
                self._finished[trial.name] = run
        return found
