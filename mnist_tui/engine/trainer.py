"""The training loop: epochs of batches, and what happens between two of them, or two chunks."""

import logging
import time
from dataclasses import replace
from typing import Final

from mnist_tui.config import TrainConfig
from mnist_tui.devices import is_out_of_memory
from mnist_tui.engine.checkpointing import Saving
from mnist_tui.engine.learner import Learner
from mnist_tui.engine.run_state import RunState
from mnist_tui.errors import TrainingError
from mnist_tui.inference.validation_pass import Evaluation
from mnist_tui.run.events import (
    Event,
    LearningRateChanged,
    RunEnded,
    SaveReason,
    SettingsChanged,
    Warned,
)
from mnist_tui.run.inference import InferenceResult
from mnist_tui.run.requests import (
    Adjust,
    GiveUp,
    Infer,
    Pause,
    Request,
    Resume,
    Save,
    Stop,
    StopAsked,
)
from mnist_tui.run.session import Session
from mnist_tui.run.state import State
from mnist_tui.store.checkpoint import Checkpoint
from mnist_tui.store.directory import RunDirectory
from mnist_tui.store.writer import RunWriter

log: Final = logging.getLogger(__name__)

_PUBLISH_S: Final = 0.1
"""Losses are fetched from the device, and a snapshot published, at most this often."""
_TRY_AGAIN_S: Final = 1.0
"""From one try to save the end of a run to the next, on a disk that takes nothing."""


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
        self._record = RunState(config, learner, session.history)
        self._learner = learner
        self._fingerprint = fingerprint
        self._session = session
        self._saving = Saving(directory, writer)
        self._activity = "training"
        self._validation_batch = 0
        self._publish_at = 0.0

    def restore(self, checkpoint: Checkpoint) -> None:
        """Go on from `checkpoint` instead of from the start; call it before `run`.

        Raises:
            Exception: Of whatever kind torch raises, when it does not fit the model.
        """
        self._record.restore(checkpoint)

    def change_lr(self, lr: float) -> None:
        """Train at `lr` from the next batch on, with a schedule at that peak; before `run`."""
        record = self._record
        self._tell(record.settings.set_peak_lr(lr, record.epoch.number, record.global_batch))

    @property
    def lr(self) -> float:
        """The learning rate without its schedule, as a person has changed it."""
        return self._record.settings.peak_lr

    def run(self) -> RunEnded:
        """Train to the end, or until a Stop. Blocks.

        Returns:
            How it ended, all files standing; telling it is the caller's part.

        Raises:
            TrainingError: When the loss is not a number any more.
        """
        record = self._record
        self._session.move(State.RUNNING)
        record.pace.go()
        try:
            while record.epoch.number <= record.config.epochs:
                self._train()
                self._close_epoch(self._validate())
        except StopAsked as stop:
            return self._stop(stop.request)
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            raise TrainingError(
                f"the device ran out of memory near batch {record.epoch.batch + 1:,} of epoch "
                f"{record.epoch.number}; try a --batch-size smaller than "
                f"{record.config.batch_size}"
            ) from error
        record.pace.halt()
        is_saved = self._save_and_wait(SaveReason.FINISH, is_patient=True)
        done = record.epochs_done
        message = (
            f"finished {done} epoch{'s' if done != 1 else ''}{'' if is_saved else ', not saved'}"
        )
        return record.ended(State.FINISHED, message, is_saved=is_saved)

    def failed(self, message: str, exit_code: int) -> RunEnded:
        """The last event of a run that `run` did not bring to an end."""
        return self._record.ended(State.FAILED, message, exit_code=exit_code)

    def _train(self) -> None:
        """The batches of the open epoch that are not done yet."""
        self._activity = "training"
        record, learner = self._record, self._learner
        learner.open_epoch(record.epoch.number)
        record.open_block()
        while record.epoch.batch < learner.batches:
            rates = self._next_rates()
            learner.train(record.epoch.batch, rates)
            record.epoch.batch += len(rates)
            self._boundary()
        record.collect()
        # The last step's weights have seen no loss yet; no row is made of broken ones.
        record.check_weights()

    def _next_rates(self) -> list[float]:
        """The learning rates of the batches that are trained before the next boundary."""
        batch, first = self._record.epoch.batch, self._record.global_batch
        count = self._learner.stop_after(batch) - batch
        return [self._record.settings.lr_at(step) for step in range(first, first + count)]

    def _validate(self) -> Evaluation:
        self._activity = "validating"
        pace = self._record.pace
        began_s = pace.active_s

        def between(batch: int) -> None:
            self._validation_batch = batch
            self._boundary()

        try:
            result = self._learner.validate(between)
        finally:
            self._validation_batch = 0
        self._record.epoch.validation_s = pace.active_s - began_s
        pace.validated(self._record.epoch.validation_s)
        return result

    def _close_epoch(self, result: Evaluation) -> None:
        """Write the epoch's row, open the next one, and save."""
        finished = self._record.close_epoch(result)
        session = self._session
        session.publish_validation(
            self._learner.observer.after(session.validation, finished.row.epoch, result)
        )
        session.emit(finished)
        if finished.is_best:
            self._save(SaveReason.BEST)
        elif self._saving.is_due_after_epoch:
            self._save(SaveReason.EPOCH)

    def _boundary(self) -> None:
        """Between two batches: answer requests, publish when it is time, save when it is due."""
        while (request := self._session.mailbox.take()) is not None:
            self._answer(request)
        if time.perf_counter() >= self._publish_at:
            self._publish(waits=False)
        if self._saving.is_due(self._record.config.checkpoint_every_s):
            self._save(SaveReason.SCHEDULE)

    def _answer(self, request: Request) -> None:
        match request:
            case Pause():
                self._pause()
            case Resume():
                pass  # the run was going on again when this arrived
            case Save():
                self._save(SaveReason.MANUAL)
            case Stop():
                raise StopAsked(request)
            case Adjust():
                self._adjust(request)
            case Infer():
                self._infer(request)

    def _pause(self) -> None:
        """Wait for Resume, answering everything else meanwhile."""
        self._record.collect()
        self._record.pace.halt()
        # Before the event, too: who hears of the pause finds the batch that it came at.
        self._publish()
        self._session.move(State.PAUSED)
        self._publish()
        while not isinstance(request := self._session.mailbox.wait(), Resume):
            if not isinstance(request, Pause):
                self._answer(request)
                self._publish()
        self._session.move(State.RUNNING)
        self._record.pace.go()

    def _infer(self, request: Infer) -> None:
        """Let the model read images; a question that fails harms nobody but who asked."""
        if not request.future.set_running_or_notify_cancel():
            return
        try:
            probabilities, inside = self._learner.read(request.inference)
        except Exception as error:
            log.exception("a question could not be answered")
            request.future.set_exception(TrainingError(f"the model could not answer: {error}"))
            return
        epoch = self._record.epoch
        request.future.set_result(
            InferenceResult(
                probabilities=probabilities,
                epoch=epoch.number,
                batch=epoch.batch,
                inside=inside,
            )
        )

    def _adjust(self, request: Adjust) -> None:
        """Change what was asked for; the session has found the values possible."""
        record = self._record
        told = record.settings.adjust(request, record.epoch.number, record.global_batch)
        # Before the events, too: who hears of a rate finds it in the snapshot, and doubles that.
        self._publish()
        for event in told:
            self._tell(event)
        if any(isinstance(event, SettingsChanged) for event in told):
            # At once, so that a resume of a run that was killed knows of it too.
            self._save(SaveReason.SCHEDULE)

    def _tell(self, event: Event) -> None:
        """Emit a change of the settings; those of the rate are part of what a resume restores."""
        if isinstance(event, LearningRateChanged):
            self._record.changed(event)
        self._session.emit(event)

    def _stop(self, request: Stop) -> RunEnded:
        """End at this boundary, saved unless that was not wanted."""
        self._record.pace.halt()
        self._session.move(State.STOPPING, request.reason)
        epoch = self._record.epoch
        is_saved = request.save and self._save_and_wait(
            SaveReason.STOP, is_patient=request.is_patient
        )
        message = (
            f"{request.reason}: stopped in epoch {epoch.number} after batch {epoch.batch:,} of "
            f"{self._learner.batches:,}, {'saved' if is_saved else 'not saved'}"
        )
        return self._record.ended(
            State.STOPPED, message, is_saved=is_saved, exit_code=request.exit_code
        )

    def _publish(self, *, waits: bool = True) -> None:
        """Bring the session's snapshot up to this boundary, or to the losses that are here."""
        self._record.collect(waits=waits)
        self._publish_at = time.perf_counter() + _PUBLISH_S
        self._session.publish(
            self._record.progress(self._session.state, self._activity, self._validation_batch)
        )

    def _save(self, reason: SaveReason) -> None:
        """Hand a checkpoint of this boundary to the writer.

        Raises:
            TrainingError: When the weights are not numbers, before anything is overwritten.
        """
        self._saving.save(reason, self._record.checkpoint(self._fingerprint))

    def _save_and_wait(self, reason: SaveReason, *, is_patient: bool) -> bool:
        """Save, and return when the file stands, or False when it could not be written.

        Where a person can mend what is wrong with the disk, that is waited for.
        """
        self._activity = "saving"
        self._publish()
        self._save(reason)
        is_saved = self._saving.flush()
        if is_saved or not (is_patient and self._session.has_interactive_viewer):
            return is_saved
        self._ask_for_room()
        while not is_saved and self._is_waited_for():
            is_saved = self._saving.flush()
        return is_saved

    def _ask_for_room(self) -> None:
        """Tell that the run cannot end yet, and why."""
        session = self._session
        if session.state is not State.STOPPING:
            session.move(State.STOPPING)
        self._activity = "waiting for the disk"
        self._publish()
        blocked_on = f"not saved yet ({self._saving.problem}): make room; or q, w to leave it"
        session.publish(replace(session.progress, blocked_on=blocked_on))
        session.emit(Warned(message=blocked_on))

    def _is_waited_for(self) -> bool:
        """Let some time pass; whether somebody still waits for the run to be saved."""
        request = self._session.mailbox.wait_for(_TRY_AGAIN_S)
        if isinstance(request, Infer):
            self._infer(request)
        gives_up = isinstance(request, Stop) and not request.is_patient
        return not (gives_up or isinstance(request, GiveUp))
