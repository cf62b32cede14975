"""`compare`: several runs side by side."""

import os
import shutil
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.cells import cell_len

from mnist_tui.cli.options import complete_runs, json_option, runs_dir_option
from mnist_tui.cli.table import table
from mnist_tui.process.streams import is_terminal
from mnist_tui.store.atomic import to_json
from mnist_tui.store.catalog import find_run
from mnist_tui.store.comparison import Comparison, PickedRun
from mnist_tui.store.comparison import compare as compare_runs

_ROWS = 16
"""The height of the chart."""


@click.command(short_help="Compare up to eight runs.")
@click.argument("runs", metavar="RUN...", nargs=-1, required=True, shell_complete=complete_runs)
@runs_dir_option
@json_option
def compare(runs: tuple[str, ...], runs_dir: Path, *, as_json: bool) -> int:
    """Compare up to eight runs: settings that differ, and results.

    On a terminal their validation losses are drawn over each other.
    """
    directories = [find_run(runs_dir, run) for run in runs]
    comparison = compare_runs(
        [PickedRun(number, run.name, run) for number, run in enumerate(directories, 1)]
    )
    if as_json:
        click.echo(to_json(_values(comparison), indent=2))
        return 0
    width = None
    if is_terminal(sys.stdout):
        width = shutil.get_terminal_size().columns
        _draw(comparison, width)
    click.echo("\n\n".join(tables(comparison, width)))
    return 0


def tables(comparison: Comparison, width: int | None) -> list[str]:
    """Settings and results in one table, or in two where a terminal of `width` is too narrow."""
    from mnist_tui.tui.runs.compared_curves import cells

    heading, *rows = cells(comparison)
    numbered = [["", *heading], *([f"{number}", *row] for number, row in enumerate(rows, 1))]
    whole = table(numbered[0], numbered[1:])
    settings = len(comparison.differing)
    if width is None or cell_len(whole.splitlines()[0]) <= width or not settings:
        return [whole]
    named = [row[: 2 + settings] for row in numbered]
    results = [[row[0], *row[2 + settings :]] for row in numbered]
    return [table(part[0], part[1:]) for part in (named, results)]


def _values(comparison: Comparison) -> dict[str, Any]:
    """What JSON says of a comparison."""
    return {
        "differing": comparison.differing,
        "runs": [
            {
                "run": run.name,
                "directory": str(run.directory.path),
                "settings": run.settings,
                "best": asdict(run.best) if run.best else None,
                "last": asdict(run.rows[-1]) if run.rows else None,
                "epochs_to_97": run.epochs_to(0.97),
                "epochs_to_99": run.epochs_to(0.99),
                "seconds": run.seconds,
            }
            for run in comparison.runs
        ],
    }


def _draw(comparison: Comparison, width: int) -> None:
    """Draw the validation losses on the terminal."""
    from rich.console import Console
    from rich.segment import Segment, Segments
    from textual.color import Color

    from mnist_tui.tui.charts.glyphs import glyphs_for
    from mnist_tui.tui.charts.palette import Palette
    from mnist_tui.tui.charts.plot import Plot
    from mnist_tui.tui.dashboard.timeline import Axis
    from mnist_tui.tui.runs.compared_curves import TITLES, compared_chart
    from mnist_tui.tui.themes import COMPARED_ON_A_TERMINAL

    glyphs = glyphs_for(sys.stdout.encoding, os.environ.get("TERM", ""))
    plot = Plot.draw(compared_chart(TITLES[0], comparison, Axis.EPOCH), width, _ROWS, glyphs=glyphs)
    palette = Palette(COMPARED_ON_A_TERMINAL, Color(0, 0, 0, ansi=-1))
    console = Console(width=width, highlight=False)
    for strip in plot.strips(palette):
        console.print(Segments([*strip, Segment.line()]), end="")
