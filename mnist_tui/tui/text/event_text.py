"""Events in words, for the log pane, the answer line and the toasts."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from mnist_tui import formatting
from mnist_tui.process.invocation import with_remedy
from mnist_tui.run.events import (
    CheckpointSaved,
    EpochFinished,
    Event,
    LearningRateChanged,
    Notice,
    RunEnded,
    RunPrepared,
    SaveFailed,
    SettingsChanged,
    StateChanged,
    Warned,
)
from mnist_tui.run.plan import RunPlan
from mnist_tui.run.state import State

Level = Literal["detail", "info", "good", "warning", "error"]
"""How much it matters; details are in the log pane only when asked for."""


@dataclass(frozen=True)
class LogEntry:
    """One thing said to the person."""

    text: str
    level: Level = "info"


STATE_WORDS: Final = {
    State.READY: "ready",
    State.LOADING: "loading",
    State.RUNNING: "training",
    State.PAUSED: "paused",
    State.STOPPING: "saving …",
    State.FINISHED: "finished",
    State.STOPPED: "stopped",
    State.FAILED: "failed",
}
"""Each state as the header names it."""

_MOVES: Final = {
    State.LOADING: LogEntry("loading torch, the digits and the network"),
    State.RUNNING: LogEntry("training"),
    State.PAUSED: LogEntry("paused"),
    State.STOPPING: LogEntry("saving the last checkpoint …"),
}


def describe_plan(plan: RunPlan) -> tuple[str, ...]:
    """The settings of a run that has not started, the most telling first."""
    config = plan.config
    return (
        config.recipe,
        f"{config.epochs} epoch{'s' if config.epochs != 1 else ''}",
        f"batch {config.batch_size}",
        f"{config.optimizer} lr {config.lr:g}",
        f"dataset {config.dataset}",
        f"device {config.device}",
    )


def describe(event: Event) -> LogEntry | None:
    """What `event` says in one sentence; None when another event says it better."""
    match event:
        case StateChanged():
            return _describe_move(event)
        case RunPrepared():
            return _describe_run(event)
        case EpochFinished():
            return _describe_epoch(event)
        case CheckpointSaved():
            return LogEntry(describe_save(event), _save_level(event.reason))
        case SaveFailed():
            return LogEntry(f"could not save {shorten(event.path)}: {event.message}", "error")
        case LearningRateChanged():
            old, new = formatting.learning_rate(event.previous), formatting.learning_rate(event.lr)
            return LogEntry(f"learning rate {old} → {new} in epoch {event.epoch}")
        case SettingsChanged():
            return LogEntry(_describe_settings(event))
        case Notice() | Warned():
            return LogEntry(event.message, "warning")
        case RunEnded():
            level: Level = "error" if event.state is State.FAILED else "good"
            hint = f" – {with_remedy(event.hint, event.remedy)}" if event.hint else ""
            return LogEntry(event.message + hint, level)
    return None


def describe_save(event: CheckpointSaved) -> str:
    """Where a checkpoint is, what is in it, how large it is and how long it took."""
    place = formatting.place(event.epoch, event.batch)
    cost = (
        f"{formatting.size(event.size_bytes)}, {formatting.short_time(event.milliseconds / 1000)}"
    )
    return f"saved {shorten(event.path)} · {place} · {cost}"


def _save_level(reason: str) -> Level:
    """Saves that nobody asked for come every few seconds."""
    if reason == "manual":
        return "good"
    return "detail" if reason in ("schedule", "epoch", "best") else "info"


def shorten(path: str) -> str:
    """The last two parts of a path, which are enough to know it by."""
    parts = Path(path).parts
    return "/".join(parts[-2:]) if len(parts) > 2 else path


def _describe_move(event: StateChanged) -> LogEntry | None:
    if event.state is State.RUNNING and event.previous is State.PAUSED:
        return LogEntry("resumed")
    return _MOVES.get(event.state)


def _describe_run(event: RunPrepared) -> LogEntry:
    where = f"run {event.run}: {event.dataset} · {event.device} · {event.model}"
    if event.resumed_at is None:
        return LogEntry(where)
    return LogEntry(f"{where}; goes on from {formatting.place(*event.resumed_at)}")


def _describe_settings(event: SettingsChanged) -> str:
    parts = []
    if event.epochs != event.previous_epochs:
        parts.append(f"epochs {event.previous_epochs} → {event.epochs}")
    if event.checkpoint_every_s != event.previous_checkpoint_every_s:
        old, new = event.previous_checkpoint_every_s, event.checkpoint_every_s
        parts.append(f"save every {_interval(old)} → {_interval(new)}")
    return f"{', '.join(parts)} in epoch {event.epoch}"


def _interval(seconds: float) -> str:
    return f"{seconds:g} s" if seconds else "epoch's end"


def _describe_epoch(event: EpochFinished) -> LogEntry:
    row = event.row
    best = " ★ best" if event.is_best else ""
    return LogEntry(
        f"epoch {row.epoch}: validation accuracy {formatting.percent(row.val_accuracy)}, "
        f"loss {formatting.loss(row.val_loss)}, {formatting.seconds(row.seconds)} s{best}",
        "good" if event.is_best else "info",
    )
