"""Reads how a sweep stands again and again, on a thread."""

import time
from collections.abc import Callable
from threading import Event
from typing import Final

from mnist_tui.errors import MnistTuiError
from mnist_tui.store.catalog import RunSummary, summarize
from mnist_tui.sweep.record import Sweep, SweepFolder
from mnist_tui.sweep.standing import Standing, standing

AGAIN_S: Final = 1.0
"""Seconds between two looks, and of waiting for each second of reading."""


class SweepReader:
    """Follows a sweep; used by one thread of its own, but for `stop` and `look_now`."""

    def __init__(self, folder: SweepFolder, show: Callable[[Standing], object]) -> None:
        """
        Args:
            folder: The sweep's.
            show: Called on the reading thread with how it stands, at first and when that changes.
        """
        self._folder = folder
        self._show = show
        self._finished: dict[str, RunSummary] = {}
        """Runs that are not read again, by their trials' names."""
        self._is_stopped, self._is_wanted = Event(), Event()

    def stop(self) -> None:
        """Let `follow` return soon. Any thread."""
        self._is_stopped.set()
        self._is_wanted.set()

    def look_now(self) -> None:
        """Let the next look begin at once. Any thread."""
        self._is_wanted.set()

    def follow(self) -> None:
        """Read until `stop`."""
        shown: Standing | None = None
        while not self._is_stopped.is_set():
            began = time.perf_counter()
            found = self.look()
            if found != shown:
                shown = found
                self._show(found)
            self._is_wanted.wait(max(AGAIN_S, time.perf_counter() - began))
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
