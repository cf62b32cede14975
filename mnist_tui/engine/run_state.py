"""Where a run stands: what viewers see of it and what a checkpoint holds are made from this."""

import math
from typing import Final

from mnist_tui.config import TrainConfig
from mnist_tui.engine.cuda.readback import Readback
from mnist_tui.engine.current_epoch import CurrentEpoch
from mnist_tui.engine.learner import Learner, LearnerState
from mnist_tui.engine.live_settings import LiveHyperparameters
from mnist_tui.engine.throughput import Throughput
from mnist_tui.errors import TrainingError
from mnist_tui.inference.validation_pass import Evaluation
from mnist_tui.run.events import EpochFinished, EpochRow, LearningRateChanged, RunEnded
from mnist_tui.run.history import LossHistory
from mnist_tui.run.progress import Progress
from mnist_tui.run.state import State
from mnist_tui.store.checkpoint import Checkpoint


class RunState:
    """The open epoch, the rows of those before, the losses, the rates and the times of a run.

    Training thread only. The learner does the steps; this counts them.
    """

    def __init__(self, config: TrainConfig, learner: Learner, history: LossHistory) -> None:
        self.settings: Final = LiveHyperparameters(config, learner.batches)
        self.pace = Throughput()
        self.epoch = CurrentEpoch()
        self._learner = learner
        self._history = history
        self._rows: list[EpochRow] = []
        self._best: EpochRow | None = None
        self._rates: list[LearningRateChanged] = []
        self._batch_loss: float | None = None
        self._block_began_s = 0.0
        """Active seconds when the batches began that were not fetched yet."""
        self._fetch: Readback | None = None
        """The open epoch's next figures, on their way from the device."""

    @property
    def config(self) -> TrainConfig:
        """The settings in force."""
        return self.settings.config

    @property
    def global_batch(self) -> int:
        """Training batches done in the whole run."""
        return (self.epoch.number - 1) * self._learner.batches + self.epoch.batch

    @property
    def lr(self) -> float:
        """The learning rate of the next step."""
        return self.settings.lr_at(self.global_batch)

    @property
    def epochs_done(self) -> int:
        """Finished epochs, those before a resume included."""
        return len(self._rows)

    def restore(self, checkpoint: Checkpoint) -> None:
        """Go on from `checkpoint`, learner and all.

        Raises:
            Exception: Of whatever kind torch raises, when it does not fit the model.
        """
        self._learner.restore(
            LearnerState(model=checkpoint.model, optimizer=checkpoint.optimizer, rng=checkpoint.rng)
        )
        self._history.load_state_dict(checkpoint.history)
        self._rows = list(checkpoint.rows)
        self._best = checkpoint.best
        self._rates = list(checkpoint.rates)
        self.settings.lr_scale = checkpoint.lr_scale
        self.pace = Throughput(checkpoint.elapsed_s)
        self.epoch = CurrentEpoch(
            number=checkpoint.epoch,
            batch=checkpoint.batch,
            fetched=checkpoint.batch,
            samples=self._learner.samples_up_to(checkpoint.batch),
            loss_sum=checkpoint.loss_sum,
            correct=checkpoint.correct,
            train_s=checkpoint.epoch_train_s,
        )

    def open_block(self) -> None:
        """Batches are trained from here on, and timed."""
        self._block_began_s = self.pace.active_s

    def collect(self, *, waits: bool = True) -> None:
        """Take in the losses of the batches done since the last time.

        Args:
            waits: Whether to wait for the device until all are here. Else what was asked for the
                last time is taken in, if it is here, and the next is asked for, so that the
                device never runs out of work for the sake of being watched.

        Raises:
            TrainingError: When one of them is not a number.
        """
        before = self.epoch.samples
        losses: list[float] = []
        while (fetch := self._next_fetch()) is not None and (waits or fetch.is_here):
            losses += self._take_in(fetch)
        if losses:
            self._time(self.epoch.samples - before)
            self._batch_loss = losses[-1]
            self._history.extend(losses)
            self._check(losses)

    def _next_fetch(self) -> Readback | None:
        """What brings the next figures, asked for if need be; None where there are none."""
        epoch = self.epoch
        if self._fetch is None and epoch.fetched < epoch.batch:
            self._fetch = self._learner.ask(epoch.fetched, epoch.batch)
        return self._fetch

    def _take_in(self, fetch: Readback) -> list[float]:
        """Add figures that were asked for to the open epoch's; the losses among them."""
        self._fetch = None
        epoch, size = self.epoch, self._learner.samples_up_to
        losses, correct = fetch.result()
        for batch, loss in enumerate(losses, start=epoch.fetched):
            epoch.loss_sum += loss * (size(batch + 1) - size(batch))
        epoch.correct += correct
        epoch.fetched += len(losses)
        epoch.samples = size(epoch.fetched)
        return losses

    def _time(self, samples: int) -> None:
        """So many samples were trained on since the last time."""
        active_s = self.pace.active_s
        seconds, self._block_began_s = active_s - self._block_began_s, active_s
        self.epoch.train_s += seconds
        self.pace.trained(samples, seconds)

    def _check(self, losses: list[float]) -> None:
        """Find out whether the newest losses are numbers."""
        first = self.epoch.fetched - len(losses) + 1
        for batch, loss in enumerate(losses, start=first):
            if not math.isfinite(loss):
                raise TrainingError(
                    f"the loss became {loss} in batch {batch:,} of epoch {self.epoch.number}; "
                    f"try a learning rate smaller than {self.lr:g}"
                )

    def check_weights(self) -> None:
        """Find out whether the weights are numbers. Waits for the device.

        Raises:
            TrainingError: When they are not.
        """
        if not self._learner.has_finite_weights():
            raise TrainingError(
                f"the weights are not numbers after batch {self.epoch.batch:,} of epoch "
                f"{self.epoch.number}; try a learning rate smaller than {self.lr:g}"
            )

    def changed(self, change: LearningRateChanged) -> None:
        """A person has changed the rate: part of what a resume restores."""
        self._rates.append(change)

    def close_epoch(self, result: Evaluation) -> EpochFinished:
        """Make the open epoch's row, open the next one; what is to be told."""
        row = self.epoch.row(result.loss, result.accuracy, self._learner.lr)
        is_best = row.is_better_than(self._best)
        self._rows.append(row)
        self._best = row if is_best else self._best
        self.epoch = CurrentEpoch(number=row.epoch + 1)
        return EpochFinished(row=row, is_best=is_best)

    def checkpoint(self, fingerprint: str) -> Checkpoint:
        """All that the run depends on from here, of digits with that fingerprint.

        Raises:
            TrainingError: When the weights are not numbers.
        """
        self.collect()
        self.check_weights()
        epoch = self.epoch
        return Checkpoint(
            **self._learner.capture(),
            config=self.config,
            fingerprint=fingerprint,
            epoch=epoch.number,
            batch=epoch.batch,
            global_batch=self.global_batch,
            loss_sum=epoch.loss_sum,
            correct=epoch.correct,
            epoch_train_s=epoch.train_s,
            lr_scale=self.settings.lr_scale,
            rows=tuple(self._rows),
            elapsed_s=self.pace.elapsed_s,
            history=self._history.state_dict(),
            rates=tuple(self._rates),
        )

    def progress(self, state: State, activity: str, validation_batch: int = 0) -> Progress:
        """The snapshot of this boundary, with the losses that were collected."""
        epoch, learner, epochs = self.epoch, self._learner, self.config.epochs
        rate = self.pace.samples_per_second
        return Progress(
            state=state,
            activity=activity,
            epoch=min(epoch.number, epochs),
            epochs=epochs,
            batch=epoch.batch if epoch.number <= epochs else learner.batches,
            batches=learner.batches,
            validation_batch=validation_batch,
            validation_batches=learner.validation_batches,
            global_batch=self.global_batch,
            train_loss=epoch.loss,
            train_accuracy=epoch.accuracy,
            batch_loss=self._batch_loss,
            lr=self.lr,
            samples_per_second=rate,
            mean_samples_per_second=self.pace.mean_samples_per_second,
            step_s=self.config.batch_size / rate if rate else None,
            elapsed_s=self.pace.elapsed_s,
            remaining_s=self._remaining_s(validation_batch),
        )

    def _remaining_s(self, validation_batch: int) -> float | None:
        """Seconds to the end of the run, as far as can be told."""
        learner, epochs_left = self._learner, self.config.epochs - self.epoch.number
        if epochs_left < 0:
            return 0.0
        samples = (epochs_left + 1) * learner.samples - self.epoch.samples
        validations = epochs_left + 1.0 - validation_batch / learner.validation_batches
        return self.pace.remaining_s(samples, validations, learner.validation_samples)

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
            elapsed_s=self.pace.elapsed_s,
            samples_per_second=self.pace.mean_samples_per_second,
        )
