"""A run's events in sentences, the same ones in the dashboard's log and on plain lines."""

from pathlib import Path
from typing import Final

from mnist_tui import formatting
from mnist_tui.config import SETTINGS
from mnist_tui.process.invocation import spell_out
from mnist_tui.run import events
from mnist_tui.run.state import State

_MOVES: Final = {
    State.LOADING: "loading PyTorch, the data and the network",
    State.RUNNING: "training",
    State.PAUSED: "paused",
    State.STOPPING: "saving the last checkpoint …",
}


def describe(event: events.Event) -> str | None:
    """One sentence that says `event`; None when another event says it better."""
    match event:
        case events.StateChanged():
            is_resumed = event.state is State.RUNNING and event.previous is State.PAUSED
            return "resumed" if is_resumed else _MOVES.get(event.state)
        case events.RunPrepared():
            return _describe_run(event)
        case events.EpochFinished():
            return _describe_epoch(event)
        case events.CheckpointSaved():
            return describe_save(event)
        case events.SaveFailed():
            return f"could not save {shorten(event.path)}: {event.message}"
        case events.SavedAgain():
            return f"saved {shorten(event.path)}, which could not be saved before"
        case events.LearningRateChanged():
            old, new = formatting.learning_rate(event.previous), formatting.learning_rate(event.lr)
            return f"learning rate {old} → {new} in epoch {event.epoch}"
        case events.SettingsChanged():
            return _describe_settings(event)
        case events.Notice() | events.Warned():
            return event.message
        case events.HandOverFailed():
            return f"the run goes on here: {event.message}"
        case events.RunEnded():
            ended = spell_out(event)
            return f"{ended.message.rstrip('.')} – {ended.hint}" if ended.hint else ended.message
    return None


def describe_save(event: events.CheckpointSaved) -> str:
    """A saved checkpoint: its file, its place in the run, its size and the time it took."""
    place = formatting.place(event.epoch, event.batch)
    cost = (
        f"{formatting.size(event.size_bytes)}, {formatting.short_time(event.milliseconds / 1000)}"
    )
    return f"saved {shorten(event.path)} · {place} · {cost}"


def describe_row(row: events.EpochRow) -> str:
    """A finished epoch with all its figures, for a line without columns."""
    return (
        f"epoch {row.epoch}: training loss {formatting.loss(row.train_loss)}, "
        f"accuracy {formatting.percent(row.train_accuracy)}; validation {describe_scores(row)}; "
        f"{formatting.seconds(row.seconds)} s, {formatting.throughput(row.samples_per_second)}"
    )


def describe_scores(row: events.EpochRow) -> str:
    """The validation scores of an epoch."""
    return f"loss {formatting.loss(row.val_loss)}, accuracy {formatting.percent(row.val_accuracy)}"


def shorten(path: str) -> str:
    """The last two parts of a path, which are enough to know it by."""
    parts = Path(path).parts
    return "/".join(parts[-2:]) if len(parts) > 2 else path


def _describe_run(event: events.RunPrepared) -> str:
    run = f"run {event.run}: {event.dataset} · {event.device} · {event.model}"
    if event.resumed_at is None:
        return run
    return f"{run}; resuming at {formatting.place(*event.resumed_at)}"


def _describe_settings(event: events.SettingsChanged) -> str:
    parts = []
    for name, (old, new) in event.changes.items():
        if name == "checkpoint_every_s":
            parts.append(f"save every {_interval(old)} → {_interval(new)}")
        else:
            parts.append(f"{SETTINGS[name].label} {old} → {new}")
    return f"{', '.join(parts)} in epoch {event.epoch}"


def _interval(seconds: float) -> str:
    return f"{seconds:g} s" if seconds else "epoch's end"


def _describe_epoch(event: events.EpochFinished) -> str:
    row = event.row
    best = " ★ best" if event.is_best else ""
    return (
        f"epoch {row.epoch}: validation accuracy {formatting.percent(row.val_accuracy)}, "
        f"loss {formatting.loss(row.val_loss)}, {formatting.seconds(row.seconds)} s{best}"
    )
