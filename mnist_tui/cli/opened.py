"""Runs as commands open them: which runner a plan has, and the dashboard, if it has a terminal."""

import os
import sys
from pathlib import Path
from typing import Any

from mnist_tui.errors import Remedy, UsageError
from mnist_tui.process.invocation import command_of
from mnist_tui.process.streams import is_in_page, is_terminal
from mnist_tui.run.plan import AttachedRun, ResumedRun, Runner, RunPlan, ShownRun
from mnist_tui.store.catalog import list_remedy
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
    open_dashboard(plan, look)
    return 0


def open_dashboard(
    plan: RunPlan, look: DisplayOptions, *, start: bool = True, **options: Any
) -> int:
    """Show the dashboard on a plan until the user leaves it; the exit code.

    Args:
        start: Whether to begin at once, and not by the user's key.
        options: Others of `run_dashboard`.

    Raises:
        UsageError: When there is no terminal for it.
    """
    check_terminal(plan)
    from mnist_tui.tui.launch import run_dashboard

    return run_dashboard(plan, make_runner, look, start=start, **options)


def check_terminal(plan: RunPlan, other_way: Remedy | None = None) -> None:
    """Find out whether the dashboard has a terminal, and one that it can draw on.

    Args:
        other_way: What to do without a terminal; None: what comes nearest to the plan.

    Raises:
        UsageError: When it has none; it says what to type instead.
    """
    other = _other_way(plan) if other_way is None else command_of(other_way)
    if is_in_page():
        return
    if not (is_terminal(sys.stdin) and is_terminal(sys.stdout)):
        raise UsageError(f"the dashboard needs a terminal; without one use: {other}")
    term = os.environ.get("TERM", "")
    if sys.platform != "win32" and term in ("", "dumb", "unknown"):
        raise UsageError(
            f"the dashboard cannot draw on a terminal of TERM={term or '(not set)'}; set TERM to "
            f"your terminal's type, such as xterm-256color, or use: {other}"
        )


def _other_way(plan: RunPlan) -> str:
    """The command that comes nearest to the plan in plain lines."""
    headless = {"headless": None}
    match plan:
        case ShownRun() | AttachedRun():
            return command_of(list_remedy(plan.runs_dir))
        case ResumedRun():
            run = str(plan.runs_dir / plan.name)
            return command_of(Remedy(command="resume", run=run, settings=headless))
        case _:
            return command_of(Remedy(command="train", settings=headless))
