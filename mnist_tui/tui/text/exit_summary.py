"""The result of a run: for the dashboard, and for the terminal after it."""

from typing import Final

from mnist_tui import formatting
from mnist_tui.errors import Remedy
from mnist_tui.process.invocation import command_of, spell_out
from mnist_tui.run.events import RunEnded
from mnist_tui.run.log import RunLog
from mnist_tui.run.state import State

_MOST_FILES: Final = 3
"""How many checkpoints are named."""


def resume_command(view: RunLog) -> str | None:
    """The command that resumes the run; None when there is nothing to resume.

    That of a finished run makes it an epoch longer.
    """
    if view.prepared is None or view.ended is None or not view.can_resume:
        return None
    longer = {}
    if view.ended.state is State.FINISHED:
        longer["epochs"] = max(view.epochs, len(view.rows)) + 1
    return command_of(Remedy(command="resume", run=view.prepared.directory, settings=longer))


def exit_report(view: RunLog, columns: int = 80) -> str:
    """The run in plain lines; empty when none was started.

    Where the terminal has so few columns, the checkpoints' names have a line of their own.
    """
    if view.ended is None:
        return ""
    ended = spell_out(view.ended)
    lines = [ended.message]
    if ended.hint:
        lines.append(f"  what to do  {ended.hint}")
    facts = outcome_facts(view)
    go_on = resume_command(view)
    if go_on is not None:
        is_finished = ended.state is State.FINISHED
        facts.append(("continue for longer" if is_finished else "resume", go_on))
    size = max((len(label) for label, _ in facts), default=0)
    for label, value in facts:
        line = f"  {label:<{size}}  {value}"
        folder, colon, names = line.rpartition(": ")
        is_long = label == "saved in" and colon and len(line) > columns
        lines += [f"{folder}:", f"{'':{size + 4}}{names}"] if is_long else [line]
    return "\n".join(lines)


def outcome_facts(view: RunLog) -> list[tuple[str, str]]:
    """The figures of a run that has ended, as labels and values."""
    ended = view.ended
    if ended is None:
        return []
    facts = _epoch_facts(view, "accuracy ")
    facts.append(("time", _describe_time(ended, "images per second")))
    if view.prepared is not None:
        facts.append(("saved in", _describe_checkpoints(view.prepared.directory, view.files)))
    return facts + _lost(view)


def brief_facts(view: RunLog) -> list[tuple[str, str]]:
    """The same for two lines of the dashboard, which has the run's name elsewhere."""
    ended = view.ended
    if ended is None:
        return []
    facts = [*_epoch_facts(view, ""), ("in", _describe_time(ended, "images/s"))]
    if view.prepared is not None and view.files:
        facts.append(("saved", f"{_name_some(view.files)} in {view.prepared.directory}"))
    elif view.prepared is not None:
        facts.append(("saved in", view.prepared.directory))
    return facts + _lost(view)


def _epoch_facts(view: RunLog, unit: str) -> list[tuple[str, str]]:
    last = (view.ended and view.ended.last) or view.scores.last
    best = (view.ended and view.ended.best) or view.best
    is_one = last is not None and last == best
    rows = (
        [("last and best epoch", last)] if is_one else [("last epoch", last), ("best epoch", best)]
    )
    return [
        (
            label,
            f"{row.epoch}: {unit}{formatting.percent(row.val_accuracy)}, "
            f"loss {formatting.loss(row.val_loss)}",
        )
        for label, row in rows
        if row is not None
    ]


def _lost(view: RunLog) -> list[tuple[str, str]]:
    """What a run that was not saved at its end has lost."""
    if view.ended is None or view.ended.saved or view.last_save is None:
        return []
    place = formatting.place(*view.last_save)
    return [("last save", f"{place}; later progress is lost")]


def _describe_checkpoints(directory: str, files: tuple[str, ...]) -> str:
    """The run's directory, and the checkpoints in it that this process wrote."""
    return f"{directory}/checkpoints: {_name_some(files)}" if files else directory


def _name_some(files: tuple[str, ...]) -> str:
    return ", ".join(files[:_MOST_FILES]) + (" …" if len(files) > _MOST_FILES else "")


def _describe_time(ended: RunEnded, unit: str) -> str:
    time = formatting.duration(ended.elapsed_s)
    if ended.samples_per_second is None:
        return time
    return f"{time}, {formatting.count(round(ended.samples_per_second))} {unit}"
