"""How far a run is: its snapshots, checkpoints and last event are made from this."""

import math
from collections import deque

from mnist_tui.config import TrainConfig
from mnist_tui.data.spec import DatasetSpec
from mnist_tui.engine.cuda.readback import Readback
from mnist_tui.engine.current_epoch import CurrentEpoch
from mnist_tui.engine.learner import Learner, LearnerState
from mnist_tui.engine.live_hyperparameters import LiveHyperparameters
from mnist_tui.engine.throughput import Throughput
from mnist_tui.errors import TrainingError
from mnist_tui.inference.validation_pass import Evaluation
from mnist_tui.run.buckets import HistorySnapshot
from mnist_tui.run.events import EpochFinished, EpochRow, Event, RunEnded
from mnist_tui.run.history import LossHistory
from mnist_tui.run.progress import Progress
from mnist_tui.run.requests import Adjust
from mnist_tui.run.state import State
from mnist_tui.store.checkpoint import KEPT_ROWS, Checkpoint


class RunState:
    """The current epoch, the rows of those before, the losses, learning rate and times of a run.

    Training thread only. The learner does the steps; this counts them.
    """

    def __init__(
        self,
        config: TrainConfig,
        learner: Learner,
        history: LossHistory,
        dataset: DatasetSpec,
        fingerprint: str,
    ) -> None:
        """Begin before the first batch."""
        self.throughput = Throughput()
        self.epoch = CurrentEpoch()
        """The epoch that is being trained; changed here alone."""
        self._hyperparameters = LiveHyperparameters(config, learner.batches)
        self._learner = learner
        self._history = history
        self._dataset, self._fingerprint = dataset, fingerprint
        self._rows: deque[EpochRow] = deque(maxlen=KEPT_ROWS)
        self._best: EpochRow | None = None
        self._batch_loss: float | None = None
        self._block_began_s = 0.0
        """Active seconds when the batches began that were not read back yet."""
        self._readback: Readback | None = None
        """The current epoch's next figures, on their way from the device."""

    @property
    def config(self) -> TrainConfig:
        """The settings in force."""
        return self._hyperparameters.config

    @property
    def is_complete(self) -> bool:
        """Whether all epochs are done."""
        return self.epoch.number > self.config.epochs

    @property
    def epochs_done(self) -> int:
        """Finished epochs, those before a resume included."""
        return self.epoch.number - 1

    @property
    def global_batch(self) -> int:
        """Training batches done in the whole run."""
        return self._first_batch + self.epoch.batch

    @property
    def _first_batch(self) -> int:
        """Training batches of the epochs before."""
        return (self.epoch.number - 1) * self._learner.batches

    @property
    def peak_lr(self) -> float:
        """The learning rate in force, leaving out its schedule."""
        return self._hyperparameters.peak_lr

    def lr_at(self, batch: int) -> float:
        """The learning rate of the current epoch's step that `batch` others come before."""
        return self._hyperparameters.lr_at(self._first_batch + batch)

    @property
    def _lr(self) -> float:
        """The learning rate of the next step."""
        return self.lr_at(self.epoch.batch)

    def go_on(self, before: TrainConfig, peak_lr: float | None) -> list[Event]:
        """Resume after `before`, at `peak_lr` where it is given; the events to emit."""
        return self._hyperparameters.go_on(before, peak_lr, self.epoch.number, self.global_batch)

    def adjust(self, request: Adjust) -> list[Event]:
        """Make the requested changes from here on; the events to emit."""
        return self._hyperparameters.adjust(request, self.epoch.number, self.global_batch)

    def restore(self, checkpoint: Checkpoint) -> None:
        """Go on from `checkpoint`, learner and all.

        Raises:
            Exception: Of whatever kind torch raises, when it does not fit the model.
        """
        self._learner.restore(
            LearnerState(model=checkpoint.model, optimizer=checkpoint.optimizer, rng=checkpoint.rng)
        )
        self._history.restore(HistorySnapshot.from_dict(checkpoint.history))
        self._hyperparameters.restore(checkpoint)
        self._rows.extend(checkpoint.rows)
        self._best = checkpoint.best
        self.throughput = Throughput(checkpoint.elapsed_s)
        self.epoch = CurrentEpoch(
            number=checkpoint.epoch,
            batch=checkpoint.batch,
            batches_read=checkpoint.batch,
            samples=self._learner.samples_up_to(checkpoint.batch),
            loss_sum=checkpoint.loss_sum,
            correct=checkpoint.correct,
            train_s=checkpoint.epoch_train_s,
        )

    def open_block(self) -> None:
        """Time the batches that are trained from here on."""
        self._block_began_s = self.throughput.active_s

    def advance(self, batch: int) -> None:
        """Count the current epoch's training batches up to `batch` as done."""
        self.epoch.batch = batch

    def collect(self, *, waits: bool = True) -> None:
        """Take in the losses of the batches done since the last time.

        Args:
            waits: Whether to wait for the device until all are here. Else those asked for the
                last time are taken in, if they are here, and the next are asked for, so that the
                device never runs out of work for the sake of being watched.

        Raises:
            TrainingError: When one of them is not a number.
        """
        before = self.epoch.samples
        losses: list[float] = []
        while (readback := self._next_readback()) is not None and (waits or readback.is_here):
            self._readback = None
            values, correct = readback.result()
            self.epoch.add(values, correct, self._learner.samples_up_to)
            losses += values
        if losses:
            self._time(self.epoch.samples - before)
            self._batch_loss = losses[-1]
            self._history.extend(losses)
            self._check_losses(losses)

    def _next_readback(self) -> Readback | None:
        """The next figures on their way, requested if need be; None when there are none."""
        epoch = self.epoch
        if self._readback is None and epoch.batches_read < epoch.batch:
            self._readback = self._learner.read_back(epoch.batches_read, epoch.batch)
        return self._readback

    def _time(self, samples: int) -> None:
        """Time the samples that were trained on since the last time."""
        active_s = self.throughput.active_s
        seconds, self._block_began_s = active_s - self._block_began_s, active_s
        self.epoch.train_s += seconds
        self.throughput.trained(samples, seconds)

    def _check_losses(self, losses: list[float]) -> None:
        first = self.epoch.batches_read - len(losses) + 1
        for batch, loss in enumerate(losses, start=first):
            if not math.isfinite(loss):
                raise TrainingError(
                    f"the loss became {loss} in batch {batch:,} of epoch {self.epoch.number}; "
                    f"try a learning rate smaller than {self._lr:g}"
                )

    def check_weights(self) -> None:
        """Make sure that the weights are numbers. Waits for the device.

        Raises:
            TrainingError: When they are not.
        """
        if not self._learner.has_finite_weights():
            raise TrainingError(
                f"the weights are not numbers after batch {self.epoch.batch:,} of epoch "
                f"{self.epoch.number}; try a learning rate smaller than {self._lr:g}"
            )

    def close_epoch(self, result: Evaluation, validation_s: float) -> EpochFinished:
        """Make the current epoch's row and open the next epoch; the event to emit."""
        self.throughput.validated(validation_s)
        self.epoch.validation_s = validation_s
        row = self.epoch.row(result.loss, result.accuracy, self._learner.lr)
        is_best = row.is_better_than(self._best)
        self._rows.append(row)
        self._best = row if is_best else self._best
        self.epoch = CurrentEpoch(number=row.epoch + 1)
        return EpochFinished(row=row, is_best=is_best)

    def checkpoint(self) -> Checkpoint:
        """All that the run depends on from here.

        Raises:
            TrainingError: When the weights are not numbers.
        """
        self.collect()
        self.check_weights()
        epoch, hyperparameters = self.epoch, self._hyperparameters
        return Checkpoint(
            **self._learner.capture(),
            config=self.config,
            fingerprint=self._fingerprint,
            epoch=epoch.number,
            batch=epoch.batch,
            global_batch=self.global_batch,
            loss_sum=epoch.loss_sum,
            correct=epoch.correct,
            epoch_train_s=epoch.train_s,
            lr_scale=hyperparameters.lr_scale,
            rows=tuple(self._rows),
            elapsed_s=self.throughput.elapsed_s,
            history=self._history.snapshot().to_dict(),
            rates=hyperparameters.lr_changes,
            best=self._best,
            classes=self._dataset.classes,
            is_handwriting=self._dataset.is_handwriting,
        )

    def progress(self, state: State, activity: str, validation_batch: int = 0) -> Progress:
        """The snapshot of this boundary, with the losses that were collected."""
        epoch, learner, epochs = self.epoch, self._learner, self.config.epochs
        throughput = self.throughput.samples_per_second
        return Progress(
            state=state,
            activity=activity,
            epoch=min(epoch.number, epochs),
            epochs=epochs,
            batch=learner.batches if self.is_complete else epoch.batch,
            batches=learner.batches,
            validation_batch=validation_batch,
            validation_batches=learner.validation_batches,
            global_batch=self.global_batch,
            train_loss=epoch.loss,
            train_accuracy=epoch.accuracy,
            batch_loss=self._batch_loss,
            lr=self._lr,
            samples_per_second=throughput,
            mean_samples_per_second=self.throughput.mean_samples_per_second,
            step_s=self.config.batch_size / throughput if throughput else None,
            elapsed_s=self.throughput.elapsed_s,
            remaining_s=self._remaining_s(validation_batch),
        )

    def _remaining_s(self, validation_batch: int) -> float | None:
        """Estimated seconds to the end of the run."""
        learner, epochs_left = self._learner, self.config.epochs - self.epoch.number
        if epochs_left < 0:
            return 0.0
        samples = (epochs_left + 1) * learner.samples - self.epoch.samples
        validations = epochs_left + 1.0 - validation_batch / learner.validation_batches
        return self.throughput.remaining_s(samples, validations, learner.validation_samples)

    def ended(
        self, state: State, message: str, *, is_saved: bool = False, exit_code: int = 0
    ) -> RunEnded:
        """The run's last event, with its figures."""
        return RunEnded(
            state=state,
            message=message,
            exit_code=exit_code,
            saved=is_saved,
            best=self._best,
            last=self._rows[-1] if self._rows else None,
            elapsed_s=self.throughput.elapsed_s,
            samples_per_second=self.throughput.mean_samples_per_second,
        )
