"""Events, plans and states in words, for the log pane and the status line."""

import math
from dataclasses import dataclass
from typing import Final, Literal

from mnist_tui import formatting, wording
from mnist_tui.config import SETTINGS, recipe_values
from mnist_tui.run.events import (
    CheckpointSaved,
    EpochFinished,
    EpochRow,
    Event,
    HandOverFailed,
    Notice,
    RunEnded,
    SavedAgain,
    SaveFailed,
    SaveReason,
    Warned,
)
from mnist_tui.run.plan import RunPlan
from mnist_tui.run.state import State

Level = Literal["detail", "info", "good", "warning", "error"]
"""How much it matters; details are in the log pane only when asked for."""


@dataclass(frozen=True)
class LogEntry:
    """A message to the user."""

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


def describe_plan(plan: RunPlan) -> tuple[str, ...]:
    """The settings of a run that has not started, the most telling first."""
    config = plan.config
    is_recipes = config.model == recipe_values(config.recipe)["model"]
    return (
        config.recipe,
        *(() if is_recipes else (f"model {SETTINGS['model'].rule.spell(config.model)}",)),
        formatting.counted(config.epochs, "epoch"),
        f"batch {config.batch_size}",
        f"{config.optimizer} lr {config.lr:g}",
        f"dataset {config.dataset}",
        f"device {config.device}",
    )


GUESSING: Final = "no better than guessing: try a lower learning rate ([ halves it)"
"""What to do about an epoch that has learned nothing."""

_GUESSING_LOSS: Final = 0.97
"""Of the loss of equal probabilities; a net that learns anything is below that after an epoch."""
_GUESSING_ACCURACY: Final = 1.5
"""Times the accuracy of guessing."""


def is_guessing(row: EpochRow, classes: int) -> bool:
    """Whether an epoch's validation is no better than guessing one of that many classes.

    A loss that is not a number counts, too.
    """
    is_wrong = row.val_accuracy < _GUESSING_ACCURACY / classes
    return is_wrong and not row.val_loss < _GUESSING_LOSS * math.log(classes)


def describe(event: Event) -> LogEntry | None:
    """What `event` says in one sentence; None when another event says it better."""
    sentence = wording.describe(event)
    return None if sentence is None else LogEntry(sentence, _level(event))


def _level(event: Event) -> Level:
    match event:
        case EpochFinished(is_best=True) | SavedAgain():
            return "good"
        case CheckpointSaved(reason=SaveReason.MANUAL):
            return "good"
        case CheckpointSaved(reason=SaveReason.SCHEDULE | SaveReason.EPOCH | SaveReason.BEST):
            # These come every few seconds.
            return "detail"
        case SaveFailed() | RunEnded(state=State.FAILED):
            return "error"
        case Notice() | Warned() | HandOverFailed():
            return "warning"
        case RunEnded():
            return "good"
    return "info"
