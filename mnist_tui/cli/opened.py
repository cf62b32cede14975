"""Runs as commands open them: which runner a plan has, and the dashboard on a run that is there."""

from mnist_tui.cli.tty import check_terminal
from mnist_tui.run.plan import AttachedRun, Runner, RunPlan, ShownRun
from mnist_tui.store.directory import RunDirectory
from mnist_tui.tui.display_options import DisplayOptions


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


def run_on_disk(
    directory: RunDirectory,
    look: DisplayOptions,
    model: str | None = None,
    *,
    is_read_only: bool = False,
) -> int:
    """Show a run as its directory has it; `model` says where its network's code is now."""
    plan = ShownRun(
        config=directory.read_config(),
        runs_dir=directory.path.parent,
        name=directory.name,
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
