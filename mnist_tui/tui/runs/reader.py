"""Reads the runs in a folder again and again, on a thread, a few at a time."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from threading import Event
from typing import Final

from mnist_tui.errors import UsageError
from mnist_tui.store.catalog import RunSummary, summarize, walk_runs
from mnist_tui.store.directory import RunDirectory

AT_ONCE: Final = 100
"""Runs that are handed on together."""
REST: Final = 1.0
"""Seconds of waiting for each second of reading, so that training beside it keeps its cores."""
AGAIN_S: Final = 2.0
"""Seconds between two looks for what has changed."""

Changes = tuple[Sequence[RunSummary], Sequence[str]]
"""Runs that are new or have changed, and the paths of those that are gone."""
Stamp = tuple[int, ...]
"""What of a run's files changes with it: their times."""


class RunsReader:
    """Follows the runs in a folder; used by one thread of its own, but for `stop`."""

    def __init__(self, runs_dir: Path, show: Callable[[Changes], object]) -> None:
        """
        Args:
            runs_dir: The folder of the runs.
            show: Called with what is new, on the reading thread; once with nothing when all
                have been read for the first time.
        """
        self._runs_dir = runs_dir
        self._show = show
        self._seen: dict[str, Stamp] = {}
        self._is_stopped = Event()
        self._is_wanted = Event()

    def stop(self) -> None:
        """Let `follow` return soon. Any thread."""
        self._is_stopped.set()
        self._is_wanted.set()

    def look_now(self) -> None:
        """Let the next look begin at once. Any thread."""
        self._is_wanted.set()

    def follow(self) -> None:
        """Read all runs, those that were changed last first, then what changes. Until `stop`."""
        while not self._is_stopped.is_set():
            is_first = not self._seen
            for changes in self.look():
                self._show(changes)
                if self._is_stopped.is_set():
                    return
            if is_first:
                self._show(((), ()))
            self._is_wanted.wait(AGAIN_S)
            self._is_wanted.clear()

    def look(self) -> Iterator[Changes]:
        """Read what has changed since the last look, the newest first."""
        found = self._stamps()
        gone = [path for path in self._seen if path not in found]
        for path in gone:
            del self._seen[path]
        if gone:
            yield (), gone
        changed = [path for path, (stamp, _, _) in found.items() if self._seen.get(path) != stamp]
        changed.sort(key=lambda path: max(found[path][0]), reverse=True)
        for start in range(0, len(changed), AT_ONCE):
            began = time.perf_counter()
            read = []
            for path in changed[start : start + AT_ONCE]:
                stamp, name, directory = found[path]
                self._seen[path] = stamp
                run = summarize(directory, name)
                if run is not None:
                    read.append(run)
                    if run.is_live:
                        self._seen[path] = ()  # to be read again, as it may die
            yield read, ()
            if self._is_stopped.wait(REST * (time.perf_counter() - began)):
                return

    def _stamps(self) -> dict[str, tuple[Stamp, str, RunDirectory]]:
        """The times of each run's files, with its name and directory, by its path."""
        try:
            return {
                str(run.path): (
                    tuple(_time_of(file) for file in (run.config, run.status, run.labels)),
                    name,
                    run,
                )
                for name, run in walk_runs(self._runs_dir)
            }
        except UsageError:
            return {}


def _time_of(path: Path) -> int:
    try:
        return os.stat(path).st_mtime_ns  # noqa: PTH116 - half the time of Path.stat
    except OSError:
        return 0
