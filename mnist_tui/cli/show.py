"""`show` and `attach`: the dashboard on a run that is on disk, or that another process trains."""

from pathlib import Path

import click

from mnist_tui.cli.opened import attached_plan, open_dashboard, run_on_disk
from mnist_tui.cli.options import dashboard_options, model_option, run_argument, runs_dir_option
from mnist_tui.errors import UsageError
from mnist_tui.store.catalog import find_live_run, find_run
from mnist_tui.tui import DisplayOptions


@click.command(short_help="Show a run as it is on disk: its curves, what it learned.")
@run_argument
@runs_dir_option
@model_option
@dashboard_options
def show(run: str, runs_dir: Path, model: str | None, look: DisplayOptions) -> int:
    """Show RUN (a name, a folder, or `last`) without training it: its curves, what it learned.

    Nothing is written; n starts a new run with its settings. A run that another process trains
    is attached to, as by `attach`.
    """
    directory = find_run(runs_dir, run)
    if not directory.lock.is_held():
        return run_on_disk(directory, runs_dir, look, model)
    try:
        plan = attached_plan(directory, runs_dir)
    except UsageError as error:
        # Its cause: without the advice to show it.
        click.echo(f"note: {error.__cause__}; showing it as it is on disk", err=True)
        return run_on_disk(directory, runs_dir, look, model)
    return open_dashboard(plan, look)


@click.command(short_help="Watch and steer a run that another process trains.")
@run_argument
@runs_dir_option
@click.option("--read-only", "is_read_only", is_flag=True, help="Watch, and change nothing.")
@dashboard_options
def attach(run: str, runs_dir: Path, is_read_only: bool, look: DisplayOptions) -> int:
    """Watch and steer RUN (a name, a folder, or `last`) while another process trains it.

    Leaving (q) changes nothing: the run goes on. A run that is over is shown, as by `show`.
    """
    directory = find_live_run(runs_dir, run)
    if not directory.lock.is_held():
        return run_on_disk(directory, runs_dir, look, is_read_only=is_read_only)
    plan = attached_plan(directory, runs_dir, is_read_only=is_read_only)
    return open_dashboard(plan, look)
