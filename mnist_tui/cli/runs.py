"""`runs` and `remove`: what is in the runs directory, and what is to be no longer."""

import shutil
import sys
import time
from dataclasses import asdict
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from mnist_tui import formatting
from mnist_tui.cli.opened import open_dashboard
from mnist_tui.cli.options import (
    complete_names,
    dashboard_options,
    json_option,
    known_runs,
    runs_dir_of,
    runs_dir_option,
)
from mnist_tui.cli.table import table
from mnist_tui.errors import UsageError
from mnist_tui.process.invocation import command, with_remedy
from mnist_tui.process.streams import is_terminal
from mnist_tui.rules import absolute
from mnist_tui.run.plan import NewRun
from mnist_tui.store.atomic import to_json
from mnist_tui.store.catalog import (
    SweepNamedError,
    find_run,
    list_runs,
    scan_runs,
    start_remedy,
)
from mnist_tui.store.directory import RunDirectory
from mnist_tui.store.summary import RunSummary
from mnist_tui.store.tidying import contents_of, delete_run, find_live_below
from mnist_tui.sweep.record import SweepFolder, list_sweeps
from mnist_tui.tui import DisplayOptions


@click.command()
@runs_dir_option
@json_option
@click.option("--browse", is_flag=True, help="The dashboard's screen of all runs.")
@dashboard_options
def runs(runs_dir: Path, as_json: bool, browse: bool, look: DisplayOptions) -> int:
    """List the runs, the newest first."""
    if browse:
        return open_dashboard(NewRun(runs_dir=runs_dir), look, start=False, opens_runs=True)
    found = list_runs(runs_dir)
    if as_json:
        click.echo(to_json([{**asdict(run), "network": run.network} for run in found], indent=2))
        return 0
    if not found:
        click.echo(with_remedy(f"no runs in {runs_dir}; start one", start_remedy(runs_dir)))
        return 0
    rows = [
        (
            run.name,
            run.state,
            f"{run.epochs_done}/{run.epochs}",
            formatting.percent(run.best_val_accuracy),
            formatting.ago(time.time() - run.updated),
            _describe_life(run),
        )
        for run in found
    ]
    header = ("RUN", "STATE", "EPOCHS", "BEST", "UPDATED", "LIVE IN")
    width = shutil.get_terminal_size().columns if is_terminal(sys.stdout) else None
    click.echo(table(header, rows, width=width))
    return 0


def _describe_life(run: RunSummary) -> str:
    """Which process trains the run, and how many dashboards show it; empty when none does."""
    if run.pid is None:
        return ""
    place = f"process {run.pid} on {run.host}" if run.host else f"process {run.pid}"
    if not run.viewers:
        return place
    return f"{place}, {formatting.counted(run.viewers, 'viewer')}"


def complete_runs_and_sweeps(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """The runs and sweeps whose names begin with `incomplete`, for a shell."""
    sweeps = (sweep.path.name for sweep in list_sweeps(runs_dir_of(context)))
    names = sorted({*known_runs(context), *sweeps})
    return complete_names(("last", *names), incomplete, otherwise="file")


@click.command(short_help="Move runs, or whole sweeps, into the trash.")
@click.argument(
    "runs", metavar="RUN...", nargs=-1, required=True, shell_complete=complete_runs_and_sweeps
)
@runs_dir_option
@click.option("--yes", "is_sure", is_flag=True, help="Do not ask.")
def remove(runs: tuple[str, ...], runs_dir: Path, *, is_sure: bool) -> int:
    """Move runs, or whole sweeps, into the trash: the folder `.trash` among the runs.

    What waits there for more than a day is deleted for good by the next deletion. Until then a
    run is brought back by moving its folder out again, or with u in the dashboard that deleted
    it. A live run is not removed, nor a sweep that is being trained.
    """
    directories = [_run_or_sweep(runs_dir, run) for run in runs]
    for directory in directories:
        _check_not_live(directory)
    for directory in directories:
        of_runs = ""
        if _is_sweep(directory):
            count = sum(1 for _ in scan_runs(directory.path))
            of_runs = f"{formatting.counted(count, 'run')}, "
        click.echo(f"{directory.path}: {of_runs}{contents_of(directory)}")
    if not is_sure and not _confirm():
        return 0
    for directory in directories:
        # The trash lies beside the run where that is not below the folder of the runs.
        is_below = absolute(directory.path).is_relative_to(absolute(runs_dir))
        deleted = delete_run(directory, runs_dir if is_below else directory.path.parent)
        click.echo(f"removed: {directory.name}; until the trash is emptied: {deleted.trashed}")
    return 0


def _run_or_sweep(runs_dir: Path, name: str) -> RunDirectory:
    """The directory of the run of that name, or of the sweep.

    Raises:
        UsageError: When there is neither.
    """
    try:
        return find_run(runs_dir, name)
    except SweepNamedError as sweep:
        return RunDirectory(sweep.folder)


def _is_sweep(directory: RunDirectory) -> bool:
    return SweepFolder(directory.path).record.exists()


def _check_not_live(directory: RunDirectory) -> None:
    """Find out that nothing trains a run, or a sweep or one of its runs.

    Raises:
        UsageError: When a process does.
    """
    sweep = SweepFolder(directory.path)
    if _is_sweep(directory) and sweep.is_locked():
        raise UsageError(
            f"sweep {directory.name} is being trained by {sweep.owner}; stop that one first"
        )
    live = directory.name if directory.lock.is_held() else find_live_below(directory)
    if live:
        stop = command("control", live, "stop")
        raise UsageError(f"run {live} is live: stop it first: {stop}")


def _confirm() -> bool:
    """Ask whether to remove what was listed.

    Raises:
        UsageError: When nobody is there to answer.
    """
    try:
        return click.confirm("Remove?", default=False)
    except click.Abort as abort:
        if not isinstance(abort.__context__, EOFError):
            raise
        click.echo()  # ends the line of the question
        raise UsageError("nothing was removed: where nobody can answer, give --yes") from None
