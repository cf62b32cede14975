"""The epoch that is being trained: how far it is, and its running sums."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mnist_tui.run.events import EpochRow


@dataclass(slots=True)
class CurrentEpoch:
    """An epoch at a batch boundary. Its sums cover the batches whose losses were read back."""

    number: int = 1
    """Counted from 1."""
    batch: int = 0
    """Training batches done."""
    batches_read: int = 0
    """How many of them are in the sums."""
    samples: int = 0
    loss_sum: float = 0.0
    """Of the losses of single samples, added batch by batch, so that a resumed sum is the same."""
    correct: int = 0
    """Samples predicted right."""
    train_s: float = 0.0
    """Seconds of training, pauses left out."""
    validation_s: float = 0.0

    def add(
        self, losses: Sequence[float], correct: int, samples_up_to: Callable[[int], int]
    ) -> None:
        """Add the next batches' mean losses, and how many of their samples were predicted right.

        Args:
            losses: (K,), a mean per sample for each batch.
            correct: Of all K batches.
            samples_up_to: The number of samples in the epoch's first batches.
        """
        for batch, loss in enumerate(losses, start=self.batches_read):
            self.loss_sum += loss * (samples_up_to(batch + 1) - samples_up_to(batch))
        self.correct += correct
        self.batches_read += len(losses)
        self.samples = samples_up_to(self.batches_read)

    @property
    def loss(self) -> float | None:
        """Mean loss per sample so far."""
        return self.loss_sum / self.samples if self.samples else None

    @property
    def accuracy(self) -> float | None:
        """Fraction predicted right so far, in [0, 1]."""
        return self.correct / self.samples if self.samples else None

    def row(self, val_loss: float, val_accuracy: float, lr: float) -> EpochRow:
        """The finished epoch."""
        return EpochRow(
            epoch=self.number,
            train_loss=self.loss_sum / self.samples,
            train_accuracy=self.correct / self.samples,
            val_loss=val_loss,
            val_accuracy=val_accuracy,
            lr=lr,
            seconds=self.train_s + self.validation_s,
            samples_per_second=self.samples / max(self.train_s, 1e-9),
        )
