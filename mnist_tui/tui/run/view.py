"""What the dashboard knows of a run from its events, kept apart from how it is shown."""

from dataclasses import dataclass, field
from pathlib import Path

from mnist_tui.run.events import (
    CheckpointSaved,
    EpochFinished,
    EpochRow,
    Event,
    LearningRateChanged,
    Notice,
    RunEnded,
    RunPrepared,
    SettingsChanged,
)


@dataclass(frozen=True)
class Scores:
    """The finished epochs that the numbers are compared with."""

    last: EpochRow | None = None
    previous: EpochRow | None = None
    best: EpochRow | None = None


@dataclass
class RunView:
    """A run as its events told it. UI thread only."""

    prepared: RunPrepared | None = None
    epochs: int = 0
    """Epochs in the whole run; 0 before that is known."""
    rows: list[EpochRow] = field(default_factory=list)
    best: EpochRow | None = None
    rates: list[LearningRateChanged] = field(default_factory=list)
    """The changes of the learning rate, oldest first."""
    notices: list[str] = field(default_factory=list)
    saved: CheckpointSaved | None = None
    """The newest checkpoint."""
    files: tuple[str, ...] = ()
    """The names of the checkpoints that were written, the newest first."""
    ended: RunEnded | None = None

    def take(self, event: Event) -> None:
        """Learn what `event` tells."""
        match event:
            case RunPrepared():
                self.prepared, self.epochs = event, event.epochs
                self.rates = list(event.rates)
                for row in event.rows:
                    self._add(row)
            case EpochFinished():
                self._add(event.row)
            case LearningRateChanged():
                self.rates.append(event)
            case SettingsChanged():
                self.epochs = event.epochs
            case Notice():
                if event.message not in self.notices:
                    self.notices.append(event.message)
            case CheckpointSaved():
                self.saved = event
                name = Path(event.path).name
                self.files = (name, *(file for file in self.files if file != name))
            case RunEnded():
                self.ended = event

    def _add(self, row: EpochRow) -> None:
        self.rows.append(row)
        if row.is_better_than(self.best):
            self.best = row

    @property
    def is_elsewhere(self) -> bool:
        """Whether another process goes on with the run."""
        return self.ended is not None and self.ended.elsewhere is not None

    @property
    def scores(self) -> Scores:
        """The newest, the one before and the best epoch."""
        last = self.rows[-1] if self.rows else None
        previous = self.rows[-2] if len(self.rows) > 1 else None
        return Scores(last, previous, self.best)
