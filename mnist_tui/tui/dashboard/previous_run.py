"""What is on disk of the time before: an earlier run to compare with, and a run's own events."""

from collections.abc import Iterable
from pathlib import Path

from mnist_tui.run.session import PastEvent
from mnist_tui.run.state import State
from mnist_tui.store.atomic import read_json
from mnist_tui.store.catalog import newest_run
from mnist_tui.store.directory import RunDirectory
from mnist_tui.store.history_file import read_losses
from mnist_tui.tui.dashboard.curves import Trace, trace_of
from mnist_tui.tui.text.event_text import LogEntry, describe

PastEntry = tuple[float, LogEntry]
"""A Unix time, and what happened then."""


def find_previous(path: Path, runs_dir: Path) -> Trace | None:
    """The newest finished run of the same data and network as the one in `path`. Any thread.

    It is in `runs_dir`, at any depth. None where there is no such run.
    """
    kind = _kind(RunDirectory(path))

    def is_comparable(run: RunDirectory) -> bool:
        is_finished = run.read_status().state == State.FINISHED
        return is_finished and run.path != path and _kind(run) == kind

    found = newest_run(runs_dir, is_comparable)
    return read_trace(found) if found is not None else None


def describe_past(events: Iterable[PastEvent]) -> list[PastEntry]:
    """What a run has emitted, in words."""
    described = ((time_s, describe(event)) for time_s, event in events)
    return [(time_s, entry) for time_s, entry in described if entry is not None]


def read_trace(directory: RunDirectory) -> Trace | None:
    """A run's epochs and losses; None where its files hold none that can be read."""
    batches = directory.read_status().batches
    rows = directory.read_rows()
    if not rows or not batches:
        return None
    return trace_of(rows, read_losses(directory), batches, directory.name)


def _kind(directory: RunDirectory) -> tuple[object, object]:
    """What tells the data and the network of a run from others."""
    record = read_json(directory.config)
    config, dataset = record.get("config"), record.get("dataset")
    if not isinstance(config, dict):
        return None, None
    fingerprint = dataset.get("fingerprint") if isinstance(dataset, dict) else None
    return fingerprint or config.get("dataset"), config.get("model")
