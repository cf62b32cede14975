"""`attach`: the dashboard on a run that another process trains."""

from pathlib import Path

import click

from mnist_tui.cli.options import dashboard_options, run_argument, runs_dir_option
from mnist_tui.cli.train import make_runner
from mnist_tui.cli.tty import check_terminal
from mnist_tui.run.plan import AttachedRun, RunPlan, ShownRun
from mnist_tui.store.directory import RunDirectory
from mnist_tui.tui.display_options import DisplayOptions


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
    if not directory.is_locked():
        return run_on_disk(directory, look)
    plan = attached_plan(directory, is_read_only=is_read_only)
    return show_plan(plan, look)


def attached_plan(directory: RunDirectory, *, is_read_only: bool = False) -> AttachedRun:
    """The plan that attaches to a live run, once that is known to be possible.

    Raises:
        UsageError: When it is not; it says why.
    """
    from mnist_tui.remote.connection import connect

    connect(directory).close()
    return AttachedRun(
        config=directory.read_config(),
        runs_dir=directory.path.parent,
        name=directory.name,
        is_read_only=is_read_only,
    )


def run_on_disk(directory: RunDirectory, look: DisplayOptions, model: str | None = None) -> int:
    """Show a run as its directory has it; `model` says where its network's code is now."""
    plan = ShownRun(
        config=directory.read_config(),
        runs_dir=directory.path.parent,
        name=directory.name,
        model=model,
    )
    show_plan(plan, look)
    return 0


def show_plan(plan: RunPlan, look: DisplayOptions) -> int:
    """Show the dashboard on a run that is not to be trained here; the exit code."""
    check_terminal(plan)
    from mnist_tui.tui.launch import run_dashboard

    return run_dashboard(plan, make_runner, look, start=True)
