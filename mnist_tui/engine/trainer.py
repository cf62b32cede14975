"""The training loop: epochs of batches, and what happens at the boundaries between them."""

import logging
import time
from dataclasses import replace
from typing import Final

from mnist_tui.config import TrainConfig
from mnist_tui.data.spec import DatasetSpec
from mnist_tui.devices import is_out_of_memory
from mnist_tui.engine.checkpointing import CheckpointSchedule
from mnist_tui.engine.hand_over import HandedOver, HandOver
from mnist_tui.engine.learner import Learner
from mnist_tui.engine.paused import wait_for_request
from mnist_tui.engine.run_state import RunState
from mnist_tui.errors import Remedy, TrainingError
from mnist_tui.inference.validation_pass import Evaluation
from mnist_tui.run.events import RunEnded, SaveReason, SettingsChanged, Warned
from mnist_tui.run.inference import InferenceResult
from mnist_tui.run.requests import (
    Adjust,
    Detach,
    GiveUp,
    Infer,
    Pause,
    Request,
    Resume,
    Save,
    Stop,
    StopRequested,
)
from mnist_tui.run.session import Session
from mnist_tui.run.state import State
from mnist_tui.store.checkpoint import Checkpoint
from mnist_tui.store.directory import RunDirectory
from mnist_tui.store.writer import RunWriter

log: Final = logging.getLogger(__name__)

_PUBLISH_S: Final = 0.1
"""Losses are read back from the device, and a snapshot published, at most this often."""
_TRY_AGAIN_S: Final = 1.0
"""From one try to save the end of a run to the next, on a disk that takes nothing."""


class Trainer:
    """One run. Everything here happens on the thread that calls `run`.

    A new Trainer of the same config, dataset and thread count, given the checkpoint that another
    took after any batch, goes on as that one would have: bit for bit on the CPU.
    """

    def __init__(
        self,
        *,
        config: TrainConfig,
        learner: Learner,
        dataset: DatasetSpec,
        fingerprint: str,
        session: Session,
        directory: RunDirectory,
        writer: RunWriter,
        begins_paused: bool = False,
        notify: str = "",
    ) -> None:
        self._begins_paused = begins_paused
        self._directory = directory
        self._state = RunState(config, learner, session.history)
        self._learner = learner
        self._dataset, self._fingerprint = dataset, fingerprint
        self._session = session
        self._checkpoints = CheckpointSchedule(directory, writer)
        self._hand_over = HandOver(directory, session, writer, notify)
        self._activity = "training"
        self._validation_batch = 0
        self._publish_at = 0.0

    def restore(self, checkpoint: Checkpoint) -> None:
        """Go on from `checkpoint` instead of from the start; call it before `run`.

        Raises:
            Exception: Of whatever kind torch raises, when it does not fit the model.
        """
        self._state.restore(checkpoint)

    def set_peak_lr(self, lr: float) -> None:
        """Train at `lr` from the next batch on, with a schedule at that peak; before `run`."""
        self._session.emit(self._state.set_peak_lr(lr))

    def leave_schedule(self, before: TrainConfig) -> None:
        """Emit that the learning rate jumps, where `before` scheduled it; before `run`."""
        for event in self._state.leave_schedule(before):
            self._session.emit(event)

    @property
    def peak_lr(self) -> float:
        """The learning rate in force, leaving out its schedule."""
        return self._state.peak_lr

    def run(self) -> RunEnded:
        """Train to the end, until a Stop, or until another process goes on. Blocks.

        Returns:
            How it ended, with all files written; emitting it is the caller's part.

        Raises:
            TrainingError: When the loss is not a number any more, or memory runs out.
        """
        self._session.move(State.RUNNING)
        self._state.throughput.go()
        try:
            if self._begins_paused:
                self._pause()
            while not self._state.is_complete:
                self._train()
                self._validate()
        except StopRequested as stop:
            return self._stop(stop.request)
        except HandedOver as hand_over:
            return self._end_here(hand_over.pid)
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            raise self._out_of_memory() from error
        finally:
            self._hand_over.close()
        return self._finish()

    def failed(self, message: str, exit_code: int) -> RunEnded:
        """The last event of a run that `run` did not bring to an end."""
        return self._state.ended(State.FAILED, message, exit_code=exit_code)

    def _train(self) -> None:
        """Train the batches of the current epoch that are not done yet."""
        self._activity = "training"
        state, learner = self._state, self._learner
        learner.open_epoch(state.epoch.number)
        state.open_block()
        for batch in learner.train_from(state.epoch.batch, state.lr_at):
            state.advance(batch)
            self._boundary()
        state.collect()
        # A NaN from the last step would only show in the next loss, so check the weights
        # before validating.
        state.check_weights()

    def _validate(self) -> None:
        """Validate, close the epoch and save it where that is due."""
        self._activity = "validating"
        state, session = self._state, self._session
        began_s = state.throughput.active_s
        try:
            result = self._learner.validate(self._validation_boundary)
        finally:
            self._validation_batch = 0
        finished = state.close_epoch(result, state.throughput.active_s - began_s)
        self._analyze(result, finished.row.epoch)
        session.emit(finished)
        if finished.is_best:
            self._save(SaveReason.BEST)
        elif self._checkpoints.is_due_after_epoch:
            self._save(SaveReason.EPOCH)

    def _validation_boundary(self, batch: int) -> None:
        self._validation_batch = batch
        self._boundary()

    def _analyze(self, result: Evaluation, epoch: int) -> None:
        """Publish what the validation of `epoch` showed."""
        session = self._session
        session.publish_validation(self._learner.observer.after(session.validation, epoch, result))

    def _boundary(self) -> None:
        """Between two batches: answer requests, publish when it is time, save when it is due."""
        while (request := self._session.mailbox.take()) is not None:
            self._answer(request)
        if time.perf_counter() >= self._publish_at:
            self._publish(waits=False)
        if self._checkpoints.is_due(self._state.config.checkpoint_every_s):
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
                raise StopRequested(request)
            case Detach():
                self._detach()
            case Adjust():
                self._adjust(request)
            case Infer():
                self._infer(request)

    def _pause(self) -> None:
        """Wait for Resume, answering everything else meanwhile."""
        self._state.collect()
        self._state.throughput.halt()
        # Before the event, too: its listeners find the batch of the pause in the snapshot.
        self._publish()
        self._session.move(State.PAUSED)
        self._publish()
        idle_timeout_s = self._state.config.idle_timeout_s
        while not isinstance(request := wait_for_request(self._session, idle_timeout_s), Resume):
            if not isinstance(request, Pause):
                self._answer(request)
                self._publish()
        self._session.move(State.RUNNING)
        self._state.throughput.go()

    def _infer(self, request: Infer) -> None:
        """Let the model read images; a request that fails harms nobody but its sender."""
        if not request.future.set_running_or_notify_cancel():
            return
        try:
            probabilities, inside = self._learner.read_images(request.inference)
        except Exception as error:
            log.exception("an inference request failed")
            request.future.set_exception(TrainingError(f"the model could not answer: {error}"))
            return
        epoch = self._state.epoch
        request.future.set_result(
            InferenceResult(
                probabilities=probabilities,
                epoch=epoch.number,
                batch=epoch.batch,
                inside=inside,
            )
        )

    def _adjust(self, request: Adjust) -> None:
        """Make the requested changes; the session has found the values possible."""
        events = self._state.adjust(request)
        # Before the events, too: their listeners find the new learning rate in the snapshot.
        self._publish()
        for event in events:
            self._session.emit(event)
        if any(isinstance(event, SettingsChanged) for event in events):
            # At once, so that a resume of a run that was killed knows of it too.
            self._save(SaveReason.SCHEDULE)

    def _detach(self) -> None:
        """Prepare to hand the run over or, where the other process is ready, do it.

        Raises:
            HandedOver: When the other process goes on with the run.
        """
        if not self._hand_over.is_ready:
            self._hand_over.begin()
            return
        is_paused = self._session.state is State.PAUSED
        self._state.throughput.halt()
        self._save(SaveReason.SCHEDULE)
        self._hand_over.complete(is_paused=is_paused)
        if not is_paused:
            self._state.throughput.go()

    def _end_here(self, pid: int) -> RunEnded:
        """End in this process; that one goes on."""
        self._session.move(State.STOPPING, "handed over")
        self._hand_over.pass_on_requests()
        message = f"run {self._directory.name} goes on in process {pid}, without a terminal"
        return replace(
            self._state.ended(State.STOPPED, message, is_saved=True),
            hint="come back to it",
            remedy=Remedy(command="attach", run=str(self._directory.path)),
            elsewhere=pid,
        )

    def _finish(self) -> RunEnded:
        self._state.throughput.halt()
        is_saved = self._save_last(SaveReason.FINISH, is_patient=True)
        done = self._state.epochs_done
        saved = "" if is_saved else " Not saved."
        message = f"Finished {done} epoch{'s' if done != 1 else ''}.{saved}"
        return self._state.ended(State.FINISHED, message, is_saved=is_saved)

    def _stop(self, request: Stop) -> RunEnded:
        """End at this boundary, saved if the request says so."""
        self._state.throughput.halt()
        self._session.move(State.STOPPING, request.reason)
        epoch = self._state.epoch
        is_saved = request.save and self._save_last(SaveReason.STOP, is_patient=request.is_patient)
        message = (
            f"{request.reason} in epoch {epoch.number}, batch {epoch.batch:,} of "
            f"{self._learner.batches:,}. {'Saved' if is_saved else 'Not saved'}."
        )
        return self._state.ended(
            State.STOPPED, message, is_saved=is_saved, exit_code=request.exit_code
        )

    def _out_of_memory(self) -> TrainingError:
        epoch, size = self._state.epoch, self._state.config.batch_size
        return TrainingError(
            f"the device ran out of memory near batch {epoch.batch + 1:,} of epoch "
            f"{epoch.number}; a new run with batches smaller than {size} takes less",
            remedy=Remedy(settings={"batch_size": None}),
        )

    def _publish(self, *, waits: bool = True) -> None:
        """Publish a snapshot of this boundary, or of the losses that have been read back."""
        self._state.collect(waits=waits)
        self._publish_at = time.perf_counter() + _PUBLISH_S
        self._session.publish(
            self._state.progress(self._session.state, self._activity, self._validation_batch)
        )

    def _save(self, reason: SaveReason) -> None:
        """Hand a checkpoint of this boundary to the writer.

        Raises:
            TrainingError: When the weights are not numbers, before anything is overwritten.
        """
        self._checkpoints.save(reason, self._state.checkpoint(self._dataset, self._fingerprint))

    def _save_last(self, reason: SaveReason, *, is_patient: bool) -> bool:
        """Save and wait until it is on disk; False when it could not be written.

        With `is_patient`, and where somebody can mend what is wrong with the disk, keep trying.
        """
        self._activity = "saving"
        self._publish()
        self._save(reason)
        if self._checkpoints.flush():
            return True
        if not (is_patient and self._session.has_interactive_viewer):
            return False
        if self._checkpoints.is_hopeless:
            return False
        self._publish_blocked()
        while self._waits_for_disk():
            if self._checkpoints.flush():
                return True
        return False

    def _publish_blocked(self) -> None:
        """Tell viewers that the run cannot end yet, and why."""
        session = self._session
        if session.state is not State.STOPPING:
            session.move(State.STOPPING)
        self._activity = "waiting for the disk"
        self._publish()
        blocked_on = f"not saved yet ({self._checkpoints.problem}): make room on the disk"
        session.publish(replace(session.progress, blocked_on=blocked_on))
        session.emit(Warned(message=blocked_on))

    def _waits_for_disk(self) -> bool:
        """Let some time pass; whether the run is still to be saved."""
        request = self._session.mailbox.wait_for(_TRY_AGAIN_S)
        if isinstance(request, Infer):
            self._infer(request)
        gives_up = isinstance(request, Stop) and not request.is_patient
        return not (gives_up or isinstance(request, GiveUp))
