"""`runs`: what is in the runs directory."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from mnist_tui.cli.options import json_option, runs_dir_option
from mnist_tui.cli.table import table
from mnist_tui.process.invocation import with_remedy
from mnist_tui.store.catalog import RunSummary


@click.command()
@runs_dir_option
@json_option
def runs(runs_dir: Path, as_json: bool) -> int:
    """List the runs, the newest first."""
    from mnist_tui import formatting
    from mnist_tui.store.catalog import describe_age, list_runs, start_remedy

    found = list_runs(runs_dir)
    if as_json:
        click.echo(json.dumps([asdict(run) for run in found], indent=2))
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
            describe_age(run.updated),
            _describe_life(run),
        )
        for run in found
    ]
    click.echo(table(("RUN", "STATE", "EPOCHS", "BEST", "UPDATED", "LIVE IN"), rows))
    return 0


def _describe_life(run: RunSummary) -> str:
    """Which process trains the run, and how many dashboards show it; empty when none does."""
    if run.pid is None:
        return ""
    place = f"process {run.pid} on {run.host}" if run.host else f"process {run.pid}"
    if not run.viewers:
        return place
    return f"{place}, {run.viewers} viewer{'s' if run.viewers > 1 else ''}"
