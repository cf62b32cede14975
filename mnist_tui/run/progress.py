"""The snapshot of a run that viewers read on their own timer; the latest one wins."""

from dataclasses import dataclass

from mnist_tui.run.state import State


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a run is, at one batch boundary.

    Published by the training thread by assigning one reference, at most some ten times a
    second; read from any thread. Numbers that are not known yet are None.
    """

    state: State = State.READY
    activity: str = ""
    """The current activity in words: `loading torch`, `training`, `validating`."""
    blocked_on: str = ""
    """Why a finished run cannot be saved yet, or nothing is heard of it; empty otherwise."""
    epoch: int = 0
    """The current epoch, counted from 1; 0 before the first."""
    epochs: int = 0
    """Epochs in the whole run."""
    batch: int = 0
    """Training batches done in the current epoch."""
    batches: int = 0
    """Training batches in one epoch."""
    validation_batch: int = 0
    """Validation batches done after the current epoch's training batches."""
    validation_batches: int = 0
    """Validation batches in one epoch."""
    global_batch: int = 0
    """Training batches done in the whole run, those before a resume included."""
    train_loss: float | None = None
    """Mean loss per sample over the current epoch so far."""
    train_accuracy: float | None = None
    """Fraction of the current epoch's examples that were predicted correctly so far, in [0, 1]."""
    batch_loss: float | None = None
    """The latest batch's mean loss per sample."""
    lr: float | None = None
    """The learning rate of the next step."""
    samples_per_second: float | None = None
    """Training samples per second over about the last second."""
    mean_samples_per_second: float | None = None
    """Training samples per second over all training in this process; validation not counted."""
    step_s: float | None = None
    """Seconds per training step over about the last second."""
    elapsed_s: float = 0.0
    """Seconds of training and validation so far, pauses left out, earlier processes included."""
    remaining_s: float | None = None
    """Estimated seconds to the end of the run, validation included."""

    @property
    def total_batches(self) -> int:
        """Training batches in the whole run."""
        return self.epochs * self.batches

    @property
    def run_fraction(self) -> float:
        """The part of the run's training batches that is done, in [0, 1]."""
        return self.global_batch / self.total_batches if self.total_batches else 0.0

    @property
    def epoch_fraction(self) -> float:
        """The part of the current epoch's training batches that is done, in [0, 1]."""
        return self.batch / self.batches if self.batches else 0.0
