"""`show`: the dashboard on a run that is on disk."""

from pathlib import Path

import click

from mnist_tui.cli.opened import attached_plan, run_on_disk, show_plan
from mnist_tui.cli.options import dashboard_options, model_option, run_argument, runs_dir_option
from mnist_tui.errors import UsageError
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
    from mnist_tui.store.catalog import find_run

    directory = find_run(runs_dir, run)
    if not directory.lock.is_held():
        return run_on_disk(directory, runs_dir, look, model)
    try:
        plan = attached_plan(directory, runs_dir)
    except UsageError as error:
        click.echo(f"note: {error}; showing it as it is on disk", err=True)
        return run_on_disk(directory, runs_dir, look, model)
    return show_plan(plan, look)
