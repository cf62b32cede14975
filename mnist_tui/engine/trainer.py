"""The training loop: epochs of batches, and what happens at the boundaries between them."""

import math
import time
from collections.abc import Callable
from typing import Final

from mnist_tui import formatting
from mnist_tui.devices import is_out_of_memory
from mnist_tui.engine.checkpointing import CheckpointSchedule
from mnist_tui.engine.ending import RunEnding
from mnist_tui.engine.hand_over import HandedOver, HandOver
from mnist_tui.engine.learner import Learner
from mnist_tui.engine.publishing import ProgressPublisher
from mnist_tui.engine.run_state import RunState
from mnist_tui.errors import Remedy, TrainingError
from mnist_tui.run.events import RunEnded, SaveReason, SettingsChanged
from mnist_tui.run.requests import (
    Adjust,
    Detach,
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
from mnist_tui.store.directory import RunDirectory
from mnist_tui.store.writer import RunWriter

_LOOK_S: Final = 10.0
"""Between two looks of a paused run whether somebody watches."""


class Trainer:
    """One run. Everything here happens on the thread that calls `run`.

    A new Trainer of the same config, dataset and thread count, whose state is restored from the
    checkpoint that another took after any batch, goes on as that one would have: bit for bit on
    the CPU.
    """

    def __init__(
        self,
        *,
        state: RunState,
        learner: Learner,
        session: Session,
        directory: RunDirectory,
        writer: RunWriter,
        begins_paused: bool = False,
        notify: str = "",
    ) -> None:
        self._begins_paused = begins_paused
        self._state = state
        self._learner = learner
        self._session = session
        self._checkpoints = CheckpointSchedule(directory, writer)
        self._hand_over = HandOver(directory, session, writer, notify)
        self._publisher = ProgressPublisher(session, state)
        self._ending = RunEnding(
            state=state,
            learner=learner,
            session=session,
            directory=directory,
            writer=writer,
            checkpoints=self._checkpoints,
            publisher=self._publisher,
        )

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
            return self._ending.stop(stop.request)
        except HandedOver as hand_over:
            self._session.move(State.STOPPING, "handed over")
            self._hand_over.pass_on_requests()
            return self._ending.hand_over(hand_over.pid)
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            raise self._out_of_memory() from error
        finally:
            self._hand_over.close()
        return self._ending.finish()

    def _train(self) -> None:
        """Train the batches of the current epoch that are not done yet."""
        self._publisher.activity = "training"
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
        self._publisher.activity = "validating"
        state, session = self._state, self._session
        began_s = state.throughput.active_s
        try:
            result = self._learner.validate(self._validation_boundary)
        finally:
            self._publisher.validation_batch = 0
        finished = state.close_epoch(result, state.throughput.active_s - began_s)
        session.publish_validation(
            self._learner.observer.after(session.validation, finished.row.epoch, result)
        )
        session.emit(finished)
        if finished.is_best:
            self._save(SaveReason.BEST)
        elif self._checkpoints.is_due_after_epoch:
            self._save(SaveReason.EPOCH)

    def _validation_boundary(self, batch: int) -> None:
        self._publisher.validation_batch = batch
        self._boundary()

    def _boundary(self) -> None:
        """Between two batches: answer requests, publish when it is time, save when it is due."""
        while (request := self._session.mailbox.take()) is not None:
            self._answer(request)
        self._publisher.publish_if_due()
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
                self._learner.answer(request, self._state.epoch)

    def _pause(self) -> None:
        """Wait for Resume, answering everything else meanwhile."""
        self._state.collect()
        self._state.throughput.halt()
        # Before the event, too: its listeners find the batch of the pause in the snapshot.
        self._publisher.publish()
        self._session.move(State.PAUSED)
        self._publisher.publish()
        idle_timeout_s = self._state.config.idle_timeout_s
        while not isinstance(request := wait_for_request(self._session, idle_timeout_s), Resume):
            if not isinstance(request, Pause):
                self._answer(request)
                self._publisher.publish()
        self._session.move(State.RUNNING)
        self._state.throughput.go()

    def _adjust(self, request: Adjust) -> None:
        """Make the requested changes; the session has found the values possible."""
        events = self._state.adjust(request)
        # Before the events, too: their listeners find the new learning rate in the snapshot.
        self._publisher.publish()
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

    def _out_of_memory(self) -> TrainingError:
        epoch, size = self._state.epoch, self._state.config.batch_size
        return TrainingError(
            f"the device ran out of memory near batch {epoch.batch + 1:,} of epoch "
            f"{epoch.number}; a new run with batches smaller than {size} takes less",
            remedy=Remedy(settings={"batch_size": None}),
        )

    def _save(self, reason: SaveReason) -> None:
        """Hand a checkpoint of this boundary to the writer.

        Raises:
            TrainingError: When the weights are not numbers, before anything is overwritten.
        """
        self._checkpoints.save(reason, self._state.checkpoint())


def wait_for_request(
    session: Session, idle_timeout_s: float, clock: Callable[[], float] = time.monotonic
) -> Request:
    """Wait for the next request to a paused run. The training thread.

    Args:
        idle_timeout_s: Seconds without any viewer after which the request is to save and stop;
            0: there is no such limit.
        clock: Seconds.
    """
    watched_at = clock()
    while True:
        if session.viewers:
            watched_at = clock()
        left_s = watched_at + (idle_timeout_s or math.inf) - clock()
        if left_s <= 0:
            waited = formatting.duration(idle_timeout_s)
            return Stop(reason=f"Paused, and watched by nobody for {waited}: stopped")
        request = session.mailbox.wait_for(min(left_s, _LOOK_S) if idle_timeout_s else None)
        if request is not None:
            return request
