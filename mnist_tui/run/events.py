"""The events of a run: few a second, plain, frozen, and every one counts.

| event               | finish | stop | failure | when                                        |
|---------------------|--------|------|---------|---------------------------------------------|
| StateChanged        | yes    | yes  | yes     | every move from one state to another        |
| RunPrepared         | yes    | yes  | maybe   | once, when dataset and model are on the device |
| Notice              | maybe  | maybe| maybe   | something to keep in sight                  |
| EpochFinished       | yes    | maybe| maybe   | after each validation                       |
| LearningRateChanged | maybe  | maybe| maybe   | the user changed it                         |
| SettingsChanged     | maybe  | maybe| maybe   | the user changed epochs or saving interval  |
| CheckpointSaved     | yes    | yes  | maybe   | after the file is on disk                   |
| SaveFailed          | maybe  | maybe| maybe   | each time a file could not be written       |
| SavedAgain          | maybe  | maybe| maybe   | after a file could be written again         |
| Warned              | maybe  | maybe| maybe   | something is not as it should be            |
| HandOverFailed      | maybe  | maybe| maybe   | another process was to take the run over    |
| RunEnded            | once   | once | once    | the last event of every run                 |
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any

from mnist_tui.errors import MnistTuiError, Remedy
from mnist_tui.run.classes import DIGITS
from mnist_tui.run.codec import kind_of
from mnist_tui.run.state import State


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochRow:
    """One finished epoch: a line of metrics.jsonl, a row of the table.

    Accuracies are fractions in [0, 1]; losses are means per sample. A loss may be nan.
    """

    epoch: int
    train_loss: float
    train_accuracy: float
    val_loss: float
    val_accuracy: float
    lr: float
    """The learning rate of the epoch's last step."""
    seconds: float
    """Training and validation together, pauses left out."""
    samples_per_second: float
    """Of the training pass."""

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "EpochRow":
        """The row in a dictionary of its columns, as from a line of JSON; None is read as nan.

        Keys of a newer version are left out.

        Raises:
            TypeError: When a column is missing or is not a number.
        """
        known: dict[str, Any] = {}
        for name in (field.name for field in fields(cls) if field.name in values):
            value = math.nan if values[name] is None else values[name]
            if not isinstance(value, int | float) or isinstance(value, bool):
                raise TypeError(f"{name} is {value!r}")
            known[name] = value
        return cls(**known)

    def is_better_than(self, other: "EpochRow | None") -> bool:
        """Whether this epoch is the best so far: higher validation accuracy, then lower loss."""
        return other is None or self._quality > other._quality

    @property
    def _quality(self) -> tuple[float, float]:
        # A nan is neither more nor less than any number, so that the best would never change.
        accuracy, loss = self.val_accuracy, self.val_loss
        return (
            -math.inf if math.isnan(accuracy) else accuracy,
            -math.inf if math.isnan(loss) else -loss,
        )


def best_of(rows: Iterable[EpochRow]) -> EpochRow | None:
    """The best of some epochs, the first where several are equally good; None without any."""
    best = None
    for row in rows:
        best = row if row.is_better_than(best) else best
    return best


@dataclass(frozen=True, slots=True)
class Event:
    """The base class of all events."""

    @property
    def kind(self) -> str:
        """The event's name on disk: `epoch_finished` for EpochFinished."""
        return kind_of(type(self))

    def to_dict(self) -> dict[str, Any]:
        """The event as plain values, for one line of JSON."""
        return {"event": self.kind, **asdict(self)}


@dataclass(frozen=True, slots=True, kw_only=True)
class StateChanged(Event):
    """The run moved from one state to another."""

    state: State
    previous: State
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPrepared(Event):
    """Dataset and model are on the device; the first step comes next."""

    run: str
    """The run's name."""
    directory: str
    """The run's directory, as a path."""
    device: str
    """The device in words: `CPU, 2 threads`."""
    dataset: str
    """The dataset in words: `MNIST, 60,000 + 10,000 digits`."""
    model: str
    """The model's class and number of parameters: `MnistNet, 1,199,882 parameters`."""
    batches: int
    """Training batches per epoch."""
    epochs: int
    resumed_at: tuple[int, int] | None = None
    """(epoch, batches done in it) where a resumed run starts; None for a new run."""
    rows: tuple[EpochRow, ...] = ()
    """The epochs that a resumed run had finished before."""
    rates: "tuple[LearningRateChanged, ...]" = ()
    """The user's changes of the learning rate before that place, oldest first."""
    classes: tuple[str, ...] = DIGITS
    """The names of the dataset's classes, in the order of the labels."""
    is_handwriting: bool = True
    """Whether images are characters in MNIST's form, as one can draw them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice(Event):
    """Something that has to stay in sight for the whole run."""

    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Warned(Event):
    """Something is not as it should be; training goes on."""

    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochFinished(Event):
    """An epoch's training and validation are done."""

    row: EpochRow
    is_best: bool
    """Whether no earlier epoch of the run was better."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LearningRateChanged(Event):
    """The user changed the learning rate, from this batch on."""

    lr: float
    previous: float
    epoch: int
    global_batch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsChanged(Event):
    """The user changed how long the run is or how often it is saved, from this batch on."""

    epochs: int
    """Epochs in the whole run, from now on."""
    checkpoint_every_s: float
    """Seconds between automatic checkpoints, from now on; 0: only at epochs' ends."""
    previous_epochs: int
    previous_checkpoint_every_s: float
    epoch: int
    global_batch: int

    @property
    def values(self) -> dict[str, Any]:
        """The settings from now on, by TrainConfig's names."""
        before = (field.name for field in fields(self) if field.name.startswith("previous_"))
        names = (name.removeprefix("previous_") for name in before)
        return {name: getattr(self, name) for name in names}

    @property
    def changes(self) -> dict[str, tuple[Any, Any]]:
        """What is different, by TrainConfig's names: the value before, and from now on."""
        pairs = {
            name: (getattr(self, f"previous_{name}"), new) for name, new in self.values.items()
        }
        return {name: (old, new) for name, (old, new) in pairs.items() if old != new}


class SaveReason(StrEnum):
    """Why a checkpoint is written."""

    MANUAL = "manual"
    """The user asked for it."""
    SCHEDULE = "schedule"
    """The interval between automatic checkpoints has passed, or the settings have changed."""
    EPOCH = "epoch"
    """An epoch has ended."""
    BEST = "best"
    """An epoch has ended that is better than all before it."""
    STOP = "stop"
    """The run is stopping."""
    FINISH = "finish"
    """All epochs are done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointSaved(Event):
    """A checkpoint is on disk, whole, under its name."""

    path: str
    reason: SaveReason
    epoch: int
    batch: int
    """Batches of that epoch that are in it."""
    global_batch: int
    size_bytes: int
    milliseconds: float
    """From the copy at the batch boundary to the file on disk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveFailed(Event):
    """A file of the run could not be written; it is tried again each second."""

    path: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedAgain(Event):
    """A file that a SaveFailed was about is on disk again and up to date."""

    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOverFailed(Event):
    """A process that was to take the run over could not; the run goes on where it was."""

    message: str
    """Why, in one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnded(Event):
    """The run's last event; exactly one per run, whatever happened."""

    state: State
    """FINISHED, STOPPED or FAILED."""
    message: str
    """What happened, in one line."""
    hint: str = ""
    """What to do about a failure, without keys or options."""
    remedy: Remedy | None = None
    """The same for a viewer to put into a command or a key."""
    exit_code: int = 0
    saved: bool = False
    """Whether last.pt holds the run exactly as it ended."""
    best: EpochRow | None = None
    last: EpochRow | None = None
    elapsed_s: float = 0.0
    samples_per_second: float | None = None
    """Mean over all training in this process."""
    elsewhere: int | None = None
    """The other process that trains the run now; 0: not known which; None: it has ended."""


def ended_by(error: Exception) -> RunEnded:
    """The last event of a run that `error` ended, in one line."""
    if isinstance(error, MnistTuiError):
        message, remedy, exit_code = str(error), error.remedy, error.exit_code
    else:
        message, remedy, exit_code = f"{type(error).__name__}: {error}".splitlines()[0], None, 1
    return RunEnded(state=State.FAILED, message=message, remedy=remedy, exit_code=exit_code)
