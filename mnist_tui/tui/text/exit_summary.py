"""What is left to say on the terminal after the dashboard is gone."""

from typing import Final

from mnist_tui import formatting
from mnist_tui.errors import Remedy
from mnist_tui.process.invocation import command_of, spell_out
from mnist_tui.run.events import EpochRow, RunEnded
from mnist_tui.run.log import RunLog
from mnist_tui.run.plan import RunPlan
from mnist_tui.run.state import State

_MOST_FILES: Final = 3
"""How many checkpoints are named."""


def resume_command(plan: RunPlan, view: RunLog) -> str | None:
    """The exact command that goes on with the run; None when there is nothing to go on with.

    For a run that has finished it is the one that makes it an epoch longer.
    """
    if view.prepared is None or view.ended is None or view.is_elsewhere:
        return None
    has_checkpoint = view.ended.saved or view.saved is not None or view.prepared.resumed_at
    if not has_checkpoint:
        return None
    longer = {}
    if view.ended.state is State.FINISHED:
        longer["epochs"] = max(view.epochs, len(view.rows)) + 1
    run = str(plan.runs_dir / view.prepared.run)
    return command_of(Remedy(command="resume", run=run, settings=longer))


def exit_report(plan: RunPlan, view: RunLog, columns: int = 80) -> str:
    """The run in plain lines; empty when none was started.

    Where the terminal has so few columns, the checkpoints' names have a line of their own.
    """
    if view.ended is None:
        return ""
    ended = spell_out(view.ended)
    lines = [ended.message]
    if ended.hint:
        lines.append(f"  what to do  {ended.hint}")
    for label, value in outcome_facts(plan, view):
        line = f"  {label:<10}  {value}"
        folder, colon, names = line.rpartition(": ")
        is_long = label == "saved in" and colon and len(line) > columns
        lines += [f"{folder}:", f"{'':14}{names}"] if is_long else [line]
    return "\n".join(lines)


def outcome_facts(plan: RunPlan, view: RunLog) -> list[tuple[str, str]]:
    """The figures of a run that has ended, as labels and values."""
    ended = view.ended
    if ended is None:
        return []
    facts: list[tuple[str, str]] = []
    last, best = ended.last or view.scores.last, ended.best or view.best
    if last is not None:
        facts.append(("last epoch", _describe_row(last)))
    if best is not None:
        facts.append(("best epoch", _describe_row(best)))
    facts.append(("time", _describe_time(ended)))
    if view.prepared is not None:
        facts.append(("saved in", _describe_checkpoints(view.prepared.directory, view.files)))
    if not ended.saved and view.saved is not None:
        place = formatting.place(view.saved.epoch, view.saved.batch)
        facts.append(("saved at", f"{place}: what came after it is not kept"))
    go_on = resume_command(plan, view)
    if go_on is not None:
        facts.append(("go further" if ended.state is State.FINISHED else "go on", go_on))
    return facts


def _describe_checkpoints(directory: str, files: tuple[str, ...]) -> str:
    """The run's directory, and the checkpoints in it that this process wrote."""
    if not files:
        return directory
    some = ", ".join(files[:_MOST_FILES]) + (" …" if len(files) > _MOST_FILES else "")
    return f"{directory}/checkpoints: {some}"


def _describe_row(row: EpochRow) -> str:
    accuracy, loss = formatting.percent(row.val_accuracy), formatting.loss(row.val_loss)
    return f"{row.epoch} · accuracy {accuracy} · loss {loss}"


def _describe_time(ended: RunEnded) -> str:
    time = formatting.duration(ended.elapsed_s)
    if ended.samples_per_second is None:
        return time
    return f"{time}, {formatting.count(round(ended.samples_per_second))} digits per second"
