"""`runs`: what is in the runs directory."""

import shutil
import sys
import time
from dataclasses import asdict
from pathlib import Path

import click

from mnist_tui import formatting
from mnist_tui.cli.opened import make_runner
from mnist_tui.cli.options import dashboard_options, json_option, runs_dir_option
from mnist_tui.cli.table import table
from mnist_tui.cli.tty import check_terminal
from mnist_tui.process.invocation import with_remedy
from mnist_tui.process.streams import is_terminal
from mnist_tui.run.plan import NewRun
from mnist_tui.store.atomic import to_json
from mnist_tui.store.catalog import list_runs, start_remedy
from mnist_tui.store.summary import RunSummary
from mnist_tui.tui import DisplayOptions


@click.command()
@runs_dir_option
@json_option
@click.option("--browse", is_flag=True, help="The dashboard's screen of all runs.")
@dashboard_options
def runs(runs_dir: Path, as_json: bool, browse: bool, look: DisplayOptions) -> int:
    """List the runs, the newest first."""
    if browse:
        return _browse(runs_dir, look)
    found = list_runs(runs_dir)
    if as_json:
        click.echo(to_json([asdict(run) for run in found], indent=2))
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


def _browse(runs_dir: Path, look: DisplayOptions) -> int:
    """Show the dashboard with the screen of all runs over it; the exit code."""
    plan = NewRun(runs_dir=runs_dir)
    check_terminal(plan)
    from mnist_tui.tui.launch import run_dashboard

    return run_dashboard(plan, make_runner, look, start=False, opens_runs=True)


def _describe_life(run: RunSummary) -> str:
    """Which process trains the run, and how many dashboards show it; empty when none does."""
    if run.pid is None:
        return ""
    place = f"process {run.pid} on {run.host}" if run.host else f"process {run.pid}"
    if not run.viewers:
        return place
    return f"{place}, {formatting.counted(run.viewers, 'viewer')}"
