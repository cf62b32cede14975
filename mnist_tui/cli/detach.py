"""`--detach`: a run in a process without a terminal, from the start."""

import sys
from functools import partial

from mnist_tui.errors import Remedy, UsageError
from mnist_tui.headless import EventPrinter
from mnist_tui.process.invocation import command_of
from mnist_tui.process.logout import describe_limit
from mnist_tui.process.plain_lines import PlainLines
from mnist_tui.process.signals import signals_as_requests
from mnist_tui.process.successor import Successor, SuccessorError
from mnist_tui.run.events import RunEnded, RunPrepared
from mnist_tui.run.plan import TrainedRun
from mnist_tui.run.state import State
from mnist_tui.run.wire import event_of


def run_detached(plan: TrainedRun) -> int:
    """Start a process without a terminal that trains `plan`; return when the run is prepared.

    On the way, stderr says what it does. Main thread.

    Returns:
        The exit code: 0 when it trains now, and otherwise the one that the run ended with.

    Raises:
        UsageError: When no such process can be started.
    """
    try:
        successor = Successor(plan)
    except SuccessorError as error:
        raise UsageError(f"{error}; leave --detach out") from error
    activity = "starting a process without a terminal"
    lines = PlainLines(lambda: activity)
    printer = EventPrinter(lines, as_json=False)
    # The loss of the terminal is nothing to the run.
    leave = partial(sys.exit, 129)
    with signals_as_requests(successor.send_request, hang_up=leave), lines.live():
        while True:
            try:
                message = successor.receive() or {}
            except SuccessorError as error:
                printer.print_event(RunEnded(state=State.FAILED, message=str(error), exit_code=1))
                break
            activity = message.get("activity", activity)
            event = event_of(message.get("event", {}))
            if event is not None:
                printer.print_event(event)
            if isinstance(event, RunPrepared):
                printer.exit_code = 0
                lines.print(_describe(event, successor.pid), sys.stdout)
            if isinstance(event, RunPrepared | RunEnded):
                break
    successor.let_go()
    return printer.exit_code


def _describe(run: RunPrepared, pid: int) -> str:
    """What the user has to know of a run that is left alone."""
    attach = command_of(Remedy(command="attach", run=run.directory))
    limit = describe_limit()
    note = f"\nnote: {limit}" if limit else ""
    return f"{run.run} trains in process {pid}, without a terminal; to watch it: {attach}{note}"
