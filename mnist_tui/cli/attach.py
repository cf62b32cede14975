"""`attach`: the dashboard on a run that another process trains."""

from pathlib import Path

import click

from mnist_tui.cli.opened import attached_plan, run_on_disk, show_plan
from mnist_tui.cli.options import dashboard_options, run_argument, runs_dir_option
from mnist_tui.tui import DisplayOptions


@click.command(short_help="Watch and steer a run that another process trains.")
@run_argument
@runs_dir_option
@click.option("--read-only", "is_read_only", is_flag=True, help="Watch, and change nothing.")
@dashboard_options
def attach(run: str, runs_dir: Path, is_read_only: bool, look: DisplayOptions) -> int:
    """Watch and steer RUN (a name, a folder, or `last`) while another process trains it.

    Leaving (q) changes nothing: the run goes on. A run that is over is shown, as by `show`.
    """
    from mnist_tui.store.catalog import find_live_run

    directory = find_live_run(runs_dir, run)
    if not directory.lock.is_held():
        return run_on_disk(directory, runs_dir, look, is_read_only=is_read_only)
    plan = attached_plan(directory, runs_dir, is_read_only=is_read_only)
    return show_plan(plan, look)
