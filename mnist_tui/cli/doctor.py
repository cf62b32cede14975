"""`doctor`: what there is on this machine, and what to do about it."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from mnist_tui.cli.options import json_option, runs_dir_option, setting


@click.command(short_help="Examine this machine, and say what to do about it.")
@runs_dir_option
@setting("data_dir")
@json_option
def doctor(runs_dir: Path, data_dir: str | None, as_json: bool) -> int:
    """Examine this machine: software, GPU, processor, memory, terminal, data and folders.

    Each line is ok, a warning or a fault, and says what to do. A fault makes the exit code 1.
    Paste the output into a report of a problem.
    """
    from mnist_tui.doctor import Check, Level, examine

    found: list[Check] = []
    for check in examine(runs_dir, data_dir):
        found.append(check)
        if not as_json:
            click.echo(f"{check.level:<8} {check.name:<16} {check.found}")
            if check.advice:
                click.echo(f"{'':25} -> {check.advice}")
    if as_json:
        click.echo(json.dumps([asdict(check) for check in found], indent=2))
    return int(any(check.level is Level.FAULT for check in found))
