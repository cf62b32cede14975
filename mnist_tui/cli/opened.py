"""Runs as commands open them: which runner a plan has, and the dashboard on a run that is there."""

from pathlib import Path

from mnist_tui.cli.tty import check_terminal
from mnist_tui.errors import Remedy, UsageError
from mnist_tui.run.plan import AttachedRun, Runner, RunPlan, ShownRun
from mnist_tui.store.directory import RunDirectory
from mnist_tui.tui import DisplayOptions


def make_runner(plan: RunPlan) -> Runner:
    """Make the runner that trains the plan's run, attaches to it, or only shows it."""
    if isinstance(plan, ShownRun):
        from mnist_tui.replay import ReplayRunner

        return ReplayRunner(plan)
    if isinstance(plan, AttachedRun):
        from mnist_tui.remote.client import RemoteRunner

        return RemoteRunner(plan)
    from mnist_tui.engine.runner import TrainingRunner
    from mnist_tui.remote.server import serve

    return TrainingRunner(plan, serve)


def attached_plan(
    directory: RunDirectory, runs_dir: Path, *, is_read_only: bool = False
) -> AttachedRun:
    """The plan that attaches to a live run, once that is known to be possible.

    Raises:
        UsageError: When it is not; it says why.
    """
    from mnist_tui.remote.connection import connect

    try:
        connect(directory).close()
    except UsageError as error:
        remedy = Remedy(command="show", run=str(directory.path))
        raise UsageError(f"{error}; see what it has saved", remedy) from error
    folder, name = place_of(directory, runs_dir)
    return AttachedRun(
        config=directory.read_config(), runs_dir=folder, name=name, is_read_only=is_read_only
    )


def place_of(directory: RunDirectory, runs_dir: Path) -> tuple[Path, str]:
    """The folder of the runs that a run is in, and its name there: `runs_dir`, or its own."""
    if directory.path.is_relative_to(runs_dir):
        return runs_dir, str(directory.path.relative_to(runs_dir))
    return directory.path.parent, directory.name


def run_on_disk(
    directory: RunDirectory,
    runs_dir: Path,
    look: DisplayOptions,
    model: str | None = None,
    *,
    is_read_only: bool = False,
) -> int:
    """Show a run as its directory has it; `model` says where its network's code is now."""
    folder, name = place_of(directory, runs_dir)
    plan = ShownRun(
        config=directory.read_config(),
        runs_dir=folder,
        name=name,
        model=model,
        is_read_only=is_read_only,
    )
    show_plan(plan, look)
    return 0


def show_plan(plan: RunPlan, look: DisplayOptions) -> int:
    """Show the dashboard on a run that is not to be trained here; the exit code."""
    check_terminal(plan)
    from mnist_tui.tui.launch import run_dashboard

    return run_dashboard(plan, make_runner, look, start=True)
