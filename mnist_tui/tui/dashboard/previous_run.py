"""The run before this one, read from the runs directory to compare with."""

from pathlib import Path

from mnist_tui.store.atomic import read_lines
from mnist_tui.store.catalog import list_runs, read_rows
from mnist_tui.store.directory import RunDirectory
from mnist_tui.tui.dashboard.curves import Trace
from mnist_tui.tui.dashboard.timeline import Timeline

_OVER = ("finished", "stopped", "failed", "interrupted")


def newest_on_disk(runs_dir: Path, besides: str | None = None) -> Trace | None:
    """The newest run that is over and has an epoch; None without one. Any thread.

    Args:
        runs_dir: The parent of the runs' directories.
        besides: The name of a run to leave out.
    """
    for run in list_runs(runs_dir):
        if run.epochs_done and run.state in _OVER and run.name != besides:
            return read_trace(RunDirectory(Path(run.path)))
    return None


def read_trace(directory: RunDirectory) -> Trace | None:
    """A run's epochs; None where its files hold none that can be read."""
    try:
        batches = max(
            int(event["batches"])
            for event in read_lines(directory.events)
            if event.get("event") == "run_prepared"
        )
    except (TypeError, ValueError, KeyError):
        return None
    rows = read_rows(directory)
    timeline = Timeline(batches)
    timeline.observe_rows(rows)
    return Trace(rows, None, timeline, directory.path.name) if rows else None
