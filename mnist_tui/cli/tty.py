"""The dashboard's need of a terminal, and the command to use without one."""

import os
import sys

from mnist_tui.errors import Remedy, UsageError
from mnist_tui.process.invocation import command_of
from mnist_tui.process.streams import is_in_page, is_terminal
from mnist_tui.run.plan import AttachedRun, ResumedRun, RunPlan, ShownRun


def check_terminal(plan: RunPlan, other_way: Remedy | None = None) -> None:
    """Find out whether the dashboard has a terminal, and one that it can draw on.

    Args:
        plan: What it is to show.
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
    from mnist_tui.store.catalog import list_remedy

    headless = {"headless": None}
    match plan:
        case ShownRun() | AttachedRun():
            return command_of(list_remedy(plan.runs_dir))
        case ResumedRun():
            run = str(plan.runs_dir / plan.name)
            return command_of(Remedy(command="resume", run=run, settings=headless))
        case _:
            return command_of(Remedy(command="train", settings=headless))
