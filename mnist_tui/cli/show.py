"""`show`: the dashboard on a run that is on disk."""

from pathlib import Path

import click

from mnist_tui.cli.options import dashboard_options, run_argument, runs_dir_option
from mnist_tui.cli.train import make_runner
from mnist_tui.cli.tty import check_terminal
from mnist_tui.run.plan import ShownRun
from mnist_tui.tui.display_options import DisplayOptions


@click.command(short_help="Show a run as it is on disk: its curves, what it learned.")
@run_argument
@runs_dir_option
@dashboard_options
def show(run: str, runs_dir: Path, look: DisplayOptions) -> int:
    """Show RUN (a name, a folder, or `last`) without training it: its curves, what it learned.

    Nothing is written; n starts a new run with its settings.
    """
    from mnist_tui.store.catalog import find_run

    directory = find_run(runs_dir, run)
    plan = ShownRun(
        config=directory.read_config(),
        runs_dir=directory.path.parent,
        name=directory.name,
    )
    check_terminal(plan)
    from mnist_tui.tui.launch import run_dashboard

    run_dashboard(plan, make_runner, look, start=True)
    return 0
