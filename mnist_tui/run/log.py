"""The fold of a run's events: what a viewer that comes late needs to know."""

from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from mnist_tui.run import events
from mnist_tui.run.classes import DIGITS
from mnist_tui.run.state import State


@dataclass(frozen=True)
class Scores:
    """The finished epochs that a viewer compares."""

    last: events.EpochRow | None = None
    previous: events.EpochRow | None = None
    best: events.EpochRow | None = None


@dataclass
class RunLog:
    """Everything that follows from a run's events, without the events.

    The session keeps one and hands out copies; each viewer adds the later events to its own.
    Not thread-safe.
    """

    state: State = State.READY
    prepared: events.RunPrepared | None = None
    epochs: int = 0
    """Epochs in the whole run; 0 before that is known."""
    rows: list[events.EpochRow] = field(default_factory=list)
    """The finished epochs, oldest first, those before a resume included."""
    best: events.EpochRow | None = None
    learning_rates: list[events.LearningRateChanged] = field(default_factory=list)
    """The user's changes of the learning rate, oldest first."""
    settings: events.SettingsChanged | None = None
    """The newest change of the settings."""
    notices: list[str] = field(default_factory=list)
    """What must stay in sight, without repetitions."""
    saved: events.CheckpointSaved | None = None
    """The newest checkpoint."""
    files: tuple[str, ...] = ()
    """The names of the checkpoint files that were written, newest first."""
    failing: dict[str, str] = field(default_factory=dict)
    """The paths that could not be written when last tried, with the reasons."""
    ended: events.RunEnded | None = None

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the dataset's classes; the digits before they are known."""
        return self.prepared.classes if self.prepared else DIGITS

    @property
    def is_handwriting(self) -> bool:
        """Whether images are characters in MNIST's form; so before it is known."""
        return self.prepared is None or self.prepared.is_handwriting

    def add(self, event: events.Event) -> None:
        """Take in one event."""
        match event:
            case events.StateChanged():
                self.state = event.state
            case events.RunPrepared():
                self.prepared, self.epochs = event, event.epochs
                self.learning_rates = list(event.rates)
                self.rows, self.best = list(event.rows), events.best_of(event.rows)
            case events.EpochFinished():
                self.rows.append(event.row)
                self.best = events.best_of(row for row in (self.best, event.row) if row)
            case events.LearningRateChanged():
                self.learning_rates.append(event)
            case events.SettingsChanged():
                self.settings, self.epochs = event, event.epochs
            case events.Notice():
                if event.message not in self.notices:
                    self.notices.append(event.message)
            case events.CheckpointSaved():
                self.saved = event
                name = Path(event.path).name
                self.files = (name, *(file for file in self.files if file != name))
                self.failing.pop(event.path, None)
            case events.SaveFailed():
                self.failing[event.path] = event.message
            case events.SavedAgain():
                self.failing.pop(event.path, None)
            case events.RunEnded():
                self.ended = event
            case CaughtUp():
                newer = event.log.copy()
                for name in (field.name for field in fields(newer)):
                    setattr(self, name, getattr(newer, name))

    @property
    def live_settings(self) -> dict[str, Any]:
        """What is known of the settings that can change in a run, by TrainConfig's names."""
        changed = self.settings.values if self.settings is not None else {}
        return {"epochs": self.epochs, **changed} if self.epochs else changed

    def copy(self) -> "RunLog":
        """A log of its own that later events can be added to."""
        return replace(
            self,
            rows=list(self.rows),
            learning_rates=list(self.learning_rates),
            notices=list(self.notices),
            failing=dict(self.failing),
        )

    @property
    def last_save(self) -> tuple[int, int] | None:
        """Epoch and batch of the newest checkpoint, or of the one that the run resumed from."""
        if self.saved is not None:
            return self.saved.epoch, self.saved.batch
        return self.prepared.resumed_at if self.prepared else None

    @property
    def is_elsewhere(self) -> bool:
        """Whether another process goes on with the run."""
        return self.ended is not None and self.ended.elsewhere is not None

    @property
    def can_resume(self) -> bool:
        """Whether the run has ended in this process with a checkpoint to resume it from."""
        if self.prepared is None or self.ended is None or self.is_elsewhere:
            return False
        return self.ended.saved or self.last_save is not None

    @property
    def scores(self) -> Scores:
        """The newest epoch, the one before it, and the best."""
        last = self.rows[-1] if self.rows else None
        previous = self.rows[-2] if len(self.rows) > 1 else None
        return Scores(last, previous, self.best)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaughtUp(events.Event):
    """A viewer has caught up with a run of another process: this replaces all that it knew.

    The run itself never emits it.
    """

    log: RunLog
