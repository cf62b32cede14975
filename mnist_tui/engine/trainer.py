"""The training loop: epochs of batches, and what happens between two of them, or two chunks."""

import logging
import math
import time
from typing import Final

from mnist_tui.config import TrainConfig
from mnist_tui.engine.control import (
    Adjust,
    Infer,
    Pause,
    Request,
    Resume,
    Save,
    Stop,
    StopAsked,
)
from mnist_tui.engine.devices import is_out_of_memory
from mnist_tui.engine.epoch import OpenEpoch
from mnist_tui.engine.evaluation import Evaluation
from mnist_tui.engine.events import (
    EpochFinished,
    EpochRow,
    Event,
    LearningRateChanged,
    RunEnded,
    SettingsChanged,
)
from mnist_tui.engine.inference import Reading
from mnist_tui.engine.learner import Learner, LearnerState
from mnist_tui.engine.pace import Pace
from mnist_tui.engine.progress import Progress
from mnist_tui.engine.session import Session
from mnist_tui.engine.settings import LiveSettings
from mnist_tui.engine.state import State
from mnist_tui.errors import TrainingError
from mnist_tui.runs.checkpoint import Checkpoint
from mnist_tui.runs.directory import RunDirectory
from mnist_tui.runs.writer import RunWriter

log: Final = logging.getLogger(__name__)

_PUBLISH_S: Final = 0.1
"""Losses are fetched from the device, and a snapshot published, at most this often."""
_EPOCH_SAVE_S: Final = 1.0
"""The end of an epoch is saved unless a checkpoint was asked for less than this ago."""


class Trainer:
    """One run. Everything here happens on the thread that calls `run`.

    A new Trainer of the same config, digits and thread count, given the checkpoint that
    another took after any batch, goes on as that one would have: bit for bit on the CPU.
    """

    def __init__(
        self,
        *,
        config: TrainConfig,
        learner: Learner,
        fingerprint: str,
        session: Session,
        directory: RunDirectory,
        writer: RunWriter,
    ) -> None:
        self._settings = LiveSettings(config, learner.batches)
        self._learner = learner
        self._fingerprint = fingerprint
        self._session = session
        self._directory = directory
        self._writer = writer
        self._pace = Pace()
        self._epoch = OpenEpoch()
        self._rows: list[EpochRow] = []
        self._best: EpochRow | None = None
        self._rates: list[LearningRateChanged] = []
        self._activity = "training"
        self._validation_batch = 0
        self._batch_loss: float | None = None
        self._block_began_s = 0.0
        """Active seconds when the batches began that were not fetched yet."""
        self._publish_at = 0.0
        self._save_asked_at = time.perf_counter()

    def restore(self, checkpoint: Checkpoint) -> None:
        """Go on from `checkpoint` instead of from the start; call it before `run`.

        Raises:
            Exception: Of whatever kind torch raises, when it does not fit the model.
        """
        self._learner.restore(
            LearnerState(model=checkpoint.model, optimizer=checkpoint.optimizer, rng=checkpoint.rng)
        )
        self._session.history.load_state_dict(checkpoint.history)
        self._rows = list(checkpoint.rows)
        self._best = checkpoint.best
        self._rates = list(checkpoint.rates)
        self._settings.lr_scale = checkpoint.lr_scale
        self._pace = Pace(checkpoint.elapsed_s)
        self._epoch = OpenEpoch(
            number=checkpoint.epoch,
            batch=checkpoint.batch,
            fetched=checkpoint.batch,
            samples=self._learner.samples_up_to(checkpoint.batch),
            loss_sum=checkpoint.loss_sum,
            correct=checkpoint.correct,
            train_s=checkpoint.epoch_train_s,
        )

    def change_lr(self, lr: float) -> None:
        """Train at `lr` from the next batch on, with a schedule at that peak; before `run`."""
        self._tell(self._settings.set_peak_lr(lr, self._epoch.number, self._global_batch))

    @property
    def lr(self) -> float:
        """The learning rate without its schedule, as a person has changed it."""
        return self._settings.peak_lr

    def run(self) -> RunEnded:
        """Train to the end, or until a Stop. Blocks.

        Returns:
            How it ended, all files standing; telling it is the caller's part.

        Raises:
            TrainingError: When the loss is not a number any more.
        """
        self._session.move(State.RUNNING)
        self._pace.go()
        try:
            while self._epoch.number <= self._config.epochs:
                self._train()
                self._close_epoch(self._validate())
        except StopAsked as stop:
            return self._stop(stop.request)
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            raise TrainingError(
                f"the device ran out of memory near batch {self._epoch.batch + 1:,} of epoch "
                f"{self._epoch.number}; try a --batch-size smaller than {self._config.batch_size}"
            ) from error
        self._pace.halt()
        is_saved = self._save_and_wait("finish")
        done = len(self._rows)
        message = f"finished {done} epoch{'s' if done != 1 else ''}"
        return self.ended(State.FINISHED, message, is_saved=is_saved)

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
            elapsed_s=self._pace.elapsed_s,
            samples_per_second=self._pace.mean_samples_per_second,
        )

    def _train(self) -> None:
        """The batches of the open epoch that are not done yet."""
        self._activity = "training"
        self._learner.open_epoch(self._epoch.number)
        self._block_began_s = self._pace.active_s
        while self._epoch.batch < self._learner.batches:
            rates = self._next_rates()
            self._learner.train(self._epoch.batch, rates)
            self._epoch.batch += len(rates)
            self._boundary()
        self._collect()
        # The last step's weights have seen no loss yet; no row is made of broken ones.
        self._check_weights()

    def _next_rates(self) -> list[float]:
        """The learning rates of the batches that are trained before the next boundary."""
        batch, first = self._epoch.batch, self._global_batch
        count = self._learner.stop_after(batch) - batch
        return [self._settings.lr_at(step) for step in range(first, first + count)]

    def _validate(self) -> Evaluation:
        self._activity = "validating"
        began_s = self._pace.active_s

        def between(batch: int) -> None:
            self._validation_batch = batch
            self._boundary()

        try:
            result = self._learner.validate(between)
        finally:
            self._validation_batch = 0
        self._epoch.validation_s = self._pace.active_s - began_s
        self._pace.validated(self._epoch.validation_s)
        return result

    def _close_epoch(self, result: Evaluation) -> None:
        """Write the epoch's row, open the next one, and save."""
        row = self._epoch.row(result.loss, result.accuracy, self._lr)
        is_best = row.is_better_than(self._best)
        self._rows.append(row)
        self._best = row if is_best else self._best
        self._epoch = OpenEpoch(number=row.epoch + 1)
        session = self._session
        session.insight = self._learner.observer.after(session.insight, row.epoch, result)
        self._session.emit(EpochFinished(row=row, is_best=is_best))
        if is_best:
            self._save("best")
        elif time.perf_counter() - self._save_asked_at > _EPOCH_SAVE_S:
            self._save("epoch")

    def _boundary(self) -> None:
        """Between two batches: answer requests, publish when it is time, save when it is due."""
        while (request := self._session.mailbox.take()) is not None:
            self._answer(request)
        now = time.perf_counter()
        if now >= self._publish_at:
            self._publish()
        every_s = self._config.checkpoint_every_s
        if every_s and now - self._save_asked_at >= every_s:
            self._save("schedule")

    def _answer(self, request: Request) -> None:
        match request:
            case Pause():
                self._pause()
            case Resume():
                pass  # the run was going on again when this arrived
            case Save():
                self._save("manual")
            case Stop():
                raise StopAsked(request)
            case Adjust():
                self._adjust(request)
            case Infer():
                self._infer(request)

    def _pause(self) -> None:
        """Wait for Resume, answering everything else meanwhile."""
        self._collect()
        self._pace.halt()
        # Before the event, too: who hears of the pause finds the batch that it came at.
        self._publish()
        self._session.move(State.PAUSED)
        self._publish()
        while not isinstance(request := self._session.mailbox.wait(), Resume):
            if not isinstance(request, Pause):
                self._answer(request)
                self._publish()
        self._session.move(State.RUNNING)
        self._pace.go()

    def _infer(self, request: Infer) -> None:
        """Let the model read images; a question that fails harms nobody but who asked."""
        if not request.reply.set_running_or_notify_cancel():
            return
        try:
            probabilities, inside = self._learner.read(request.question)
        except Exception as error:
            log.exception("a question could not be answered")
            request.reply.set_exception(TrainingError(f"the model could not answer: {error}"))
            return
        request.reply.set_result(
            Reading(
                probabilities=probabilities,
                epoch=min(self._epoch.number, self._config.epochs),
                batch=self._epoch.batch,
                inside=inside,
            )
        )

    def _adjust(self, request: Adjust) -> None:
        """Change what was asked for; the session has found the values possible."""
        told = self._settings.adjust(request, self._epoch.number, self._global_batch)
        for event in told:
            self._tell(event)
        if any(isinstance(event, SettingsChanged) for event in told):
            # At once, so that a resume of a run that was killed knows of it too.
            self._save("schedule")

    def _tell(self, event: Event) -> None:
        """Emit a change of the settings; those of the rate are part of what a resume restores."""
        if isinstance(event, LearningRateChanged):
            self._rates.append(event)
        self._session.emit(event)

    def _stop(self, request: Stop) -> RunEnded:
        """End at this boundary, saved unless that was not wanted."""
        self._pace.halt()
        self._session.move(State.STOPPING, request.reason)
        epoch = self._epoch
        is_saved = self._save_and_wait("stop") if request.save else False
        message = (
            f"{request.reason}: stopped in epoch {epoch.number} after batch {epoch.batch:,} of "
            f"{self._learner.batches:,}, {'saved' if is_saved else 'not saved'}"
        )
        return self.ended(State.STOPPED, message, is_saved=is_saved, exit_code=request.exit_code)

    def _collect(self) -> None:
        """Fetch the losses of the batches done since the last time. Waits for the device.

        Raises:
            TrainingError: When one of them is not a number.
        """
        epoch = self._epoch
        if epoch.fetched == epoch.batch:
            return
        first, size = epoch.fetched, self._learner.samples_up_to
        losses, correct = self._learner.fetch(first, epoch.batch)
        for batch, loss in enumerate(losses, start=first):
            epoch.loss_sum += loss * (size(batch + 1) - size(batch))
        epoch.correct += correct
        epoch.samples = size(epoch.batch)
        epoch.fetched = epoch.batch
        active_s = self._pace.active_s
        seconds, self._block_began_s = active_s - self._block_began_s, active_s
        epoch.train_s += seconds
        self._pace.trained(epoch.samples - size(first), seconds)
        self._batch_loss = losses[-1]
        self._session.history.extend(losses)
        for batch, loss in enumerate(losses, start=first + 1):
            if not math.isfinite(loss):
                raise TrainingError(
                    f"the loss became {loss} in batch {batch:,} of epoch {epoch.number}; "
                    f"try a learning rate smaller than {self._lr:g}"
                )

    def _publish(self) -> None:
        """Bring the session's snapshot up to this boundary."""
        self._collect()
        now = time.perf_counter()
        self._publish_at = now + _PUBLISH_S
        epoch, learner, epochs = self._epoch, self._learner, self._config.epochs
        open_fraction = 1.0 - self._validation_batch / learner.validation_batches
        epochs_left = epochs - epoch.number
        self._session.publish(
            Progress(
                state=self._session.state,
                activity=self._activity,
                epoch=min(epoch.number, epochs),
                epochs=epochs,
                batch=epoch.batch if epoch.number <= epochs else learner.batches,
                batches=learner.batches,
                validation_batch=self._validation_batch,
                validation_batches=learner.validation_batches,
                global_batch=self._global_batch,
                train_loss=epoch.loss,
                train_accuracy=epoch.accuracy,
                batch_loss=self._batch_loss,
                lr=self._lr,
                samples_per_second=self._pace.samples_per_second,
                mean_samples_per_second=self._pace.mean_samples_per_second,
                step_s=self._step_s,
                elapsed_s=self._pace.elapsed_s,
                remaining_s=self._pace.remaining_s(
                    max(0, epochs_left) * learner.samples + learner.samples - epoch.samples,
                    max(0, epochs_left) + open_fraction,
                    learner.validation_samples,
                )
                if epochs_left >= 0
                else 0.0,
            )
        )

    @property
    def _step_s(self) -> float | None:
        rate = self._pace.samples_per_second
        return self._config.batch_size / rate if rate else None

    @property
    def _global_batch(self) -> int:
        return (self._epoch.number - 1) * self._learner.batches + self._epoch.batch

    @property
    def _lr(self) -> float:
        """The learning rate of the next step."""
        return self._settings.lr_at(self._global_batch)

    @property
    def _config(self) -> TrainConfig:
        """The settings in force."""
        return self._settings.config

    def _save(self, reason: str) -> None:
        """Hand a checkpoint of this boundary to the writer; last.pt is always brought up to it.

        Raises:
            TrainingError: When the weights are not numbers, before anything is overwritten.
        """
        self._collect()
        self._check_weights()
        self._save_asked_at = time.perf_counter()
        epoch = self._epoch
        checkpoint = Checkpoint(
            **self._learner.capture(),
            config=self._config,
            fingerprint=self._fingerprint,
            epoch=epoch.number,
            batch=epoch.batch,
            global_batch=self._global_batch,
            loss_sum=epoch.loss_sum,
            correct=epoch.correct,
            epoch_train_s=epoch.train_s,
            lr_scale=self._settings.lr_scale,
            rows=tuple(self._rows),
            elapsed_s=self._pace.elapsed_s,
            history=self._session.history.state_dict(),
            rates=tuple(self._rates),
        )
        if reason == "best":
            self._writer.save(self._directory.best, reason, checkpoint)
            reason = "epoch"
        elif reason == "manual":
            self._writer.save(self._directory.step(self._global_batch), reason, checkpoint)
            reason = "schedule"
        self._writer.save(self._directory.last, reason, checkpoint)

    def _check_weights(self) -> None:
        """Find out whether the weights are numbers. Waits for the device.

        Raises:
            TrainingError: When they are not.
        """
        if not self._learner.has_finite_weights():
            raise TrainingError(
                f"the weights are not numbers after batch {self._epoch.batch:,} of epoch "
                f"{self._epoch.number}; try a learning rate smaller than {self._lr:g}"
            )

    def _save_and_wait(self, reason: str) -> bool:
        """Save, and return when the file stands, or False when it could not be written."""
        self._activity = "saving"
        self._publish()
        self._save(reason)
        return self._writer.flush()
