"""What is on disk of the time before: an earlier run to compare with, and a run's own events."""

import json
import math
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from mnist_tui.run.session import PastEvent
from mnist_tui.store.atomic import read_json
from mnist_tui.store.catalog import list_runs, read_rows
from mnist_tui.store.directory import RunDirectory
from mnist_tui.tui.dashboard.curves import Trace
from mnist_tui.tui.dashboard.timeline import Timeline
from mnist_tui.tui.text.event_text import LogEntry, describe

PastEntry = tuple[float, LogEntry]
"""A Unix time, and what happened then."""

_OVER: Final = ("finished", "stopped", "failed", "interrupted")
_KIND: Final = ("dataset", "recipe", "model")
"""The settings that two runs must share to be worth comparing."""


def find_previous(path: Path) -> Trace | None:
    """The newest run that began before the one in `path` and is of its kind. Any thread.

    It is over and has an epoch. None where there is no such run.
    """
    directory = RunDirectory(path)
    kind, began_s = _kind(directory), _began_s(directory)
    found: tuple[float, RunDirectory] | None = None
    for run in list_runs(path.parent):
        other = RunDirectory(Path(run.path))
        other_s = _began_s(other)
        is_earlier = other_s < began_s and (found is None or other_s > found[0])
        if is_earlier and run.epochs_done and run.state in _OVER and _kind(other) == kind:
            found = other_s, other
    return read_trace(found[1]) if found is not None else None


def describe_past(events: Iterable[PastEvent]) -> list[PastEntry]:
    """What a run has emitted, in words."""
    entries = []
    day = ""
    for time_s, event in events:
        entry = describe(event)
        if entry is None:
            continue
        if (today := time.strftime("%d %B %Y", time.localtime(time_s))) != day:
            entries.append((time_s, LogEntry(f"on {today}")))
            day = today
        entries.append((time_s, entry))
    return entries


def read_trace(directory: RunDirectory) -> Trace | None:
    """A run's epochs; None where its files hold none that can be read."""
    batches = read_json(directory.status).get("batches")
    rows = read_rows(directory)
    if not rows or not isinstance(batches, int) or batches < 1:
        return None
    timeline = Timeline(batches)
    timeline.observe_rows(rows)
    return Trace(rows, None, timeline, directory.name)


def _kind(directory: RunDirectory) -> tuple[Any, ...]:
    config = read_json(directory.config).get("config")
    return tuple(config.get(name) for name in _KIND) if isinstance(config, dict) else ()


def _began_s(directory: RunDirectory) -> float:
    """When the run emitted its first event; never where that is not known."""
    try:
        with directory.events.open(encoding="utf-8") as lines:
            return float(json.loads(lines.readline())["time"])
    except (OSError, TypeError, ValueError, KeyError):
        return math.inf
