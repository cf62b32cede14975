"""`remove`: runs into the trash."""

from pathlib import Path

import click

from mnist_tui import formatting
from mnist_tui.cli.options import complete_runs, runs_dir_option
from mnist_tui.errors import UsageError
from mnist_tui.process.invocation import command
from mnist_tui.store.catalog import find_run
from mnist_tui.store.tidying import contents_of, delete_run


@click.command()
@click.argument("runs", metavar="RUN...", nargs=-1, required=True, shell_complete=complete_runs)
@runs_dir_option
@click.option("--yes", "is_sure", is_flag=True, help="Do not ask.")
def remove(runs: tuple[str, ...], runs_dir: Path, *, is_sure: bool) -> int:
    """Move runs into the trash, the folder `.trash` among the runs.

    What waits there for more than a day is deleted for good by the next deletion. Until then a
    run is brought back by moving its folder out again, or with u in the dashboard that deleted
    it. A live run is not removed.
    """
    directories = [find_run(runs_dir, run) for run in runs]
    live = [directory.name for directory in directories if directory.lock.is_held()]
    if live:
        stop = command("control", live[0], "stop")
        raise UsageError(f"run {live[0]} is live: stop it first: {stop}")
    for directory in directories:
        contents = contents_of(directory)
        click.echo(
            f"{directory.path}: {contents.checkpoints} checkpoints, "
            f"{formatting.size(contents.size_bytes)} in {contents.files} files"
        )
    if not is_sure and not click.confirm("Remove?", default=False):
        return 0
    for directory in directories:
        # The trash lies beside the run where that is not below the folder of the runs.
        is_below = directory.path.absolute().is_relative_to(runs_dir.absolute())
        deleted = delete_run(directory, runs_dir if is_below else directory.path.parent)
        click.echo(f"removed: {directory.name}, until the trash is emptied in {deleted.trashed}")
    return 0
