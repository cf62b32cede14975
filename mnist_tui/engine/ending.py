"""The end of a run: its last checkpoint on disk, and its last event."""

from dataclasses import replace
from typing import Final

from mnist_tui import formatting
from mnist_tui.engine.checkpointing import CheckpointSchedule
from mnist_tui.engine.learner import Learner
from mnist_tui.engine.publishing import ProgressPublisher
from mnist_tui.engine.run_state import RunState
from mnist_tui.errors import Remedy
from mnist_tui.run.events import RunEnded, SaveReason, Warned
from mnist_tui.run.requests import GiveUp, Infer, Stop
from mnist_tui.run.session import Session
from mnist_tui.run.state import State
from mnist_tui.store.directory import RunDirectory
from mnist_tui.store.writer import RunWriter

_TRY_AGAIN_S: Final = 1.0
"""From one try to save the end of a run to the next, on a disk that takes nothing."""


class RunEnding:
    """Ends a run at a batch boundary. Training thread only.

    Each way to end returns the run's last event, with all files written; emitting it is the
    caller's part.
    """

    def __init__(
        self,
        *,
        state: RunState,
        learner: Learner,
        session: Session,
        directory: RunDirectory,
        writer: RunWriter,
        checkpoints: CheckpointSchedule,
        publisher: ProgressPublisher,
    ) -> None:
        self._state, self._learner = state, learner
        self._session = session
        self._directory = directory
        self._writer = writer
        self._checkpoints = checkpoints
        self._publisher = publisher

    def finish(self) -> RunEnded:
        """End after the last epoch."""
        self._state.throughput.halt()
        is_saved = self._save(SaveReason.FINISH, is_patient=True)
        epochs = formatting.counted(self._state.epochs_done, "epoch")
        message = f"Finished {epochs}.{'' if is_saved else ' Not saved.'}"
        return self._state.ended(State.FINISHED, message, is_saved=is_saved)

    def stop(self, request: Stop) -> RunEnded:
        """End by request, saved if it says so."""
        self._state.throughput.halt()
        self._session.move(State.STOPPING, request.reason)
        epoch = self._state.epoch
        is_saved = request.save and self._save(SaveReason.STOP, is_patient=request.is_patient)
        message = (
            f"{request.reason} in epoch {epoch.number}, batch {epoch.batch:,} of "
            f"{self._learner.batches:,}. {'Saved' if is_saved else 'Not saved'}."
        )
        return self._state.ended(
            State.STOPPED, message, is_saved=is_saved, exit_code=request.exit_code
        )

    def hand_over(self, pid: int) -> RunEnded:
        """End in this process; the process `pid` has the run's checkpoint, and goes on."""
        message = f"run {self._directory.name} goes on in process {pid}, without a terminal"
        return replace(
            self._state.ended(State.STOPPED, message, is_saved=True),
            hint="come back to it",
            remedy=Remedy(command="attach", run=str(self._directory.path)),
            elsewhere=pid,
        )

    def _save(self, reason: SaveReason, *, is_patient: bool) -> bool:
        """Save and wait until it is on disk; False when it could not be written.

        With `is_patient`, and where somebody can mend what is wrong with the disk, keep trying.
        """
        self._publisher.activity = "saving"
        self._publisher.publish()
        self._checkpoints.save(reason, self._state.checkpoint())
        if self._writer.flush():
            return True
        if not (is_patient and self._session.has_interactive_viewer) or self._writer.is_overtaken:
            return False
        self._publish_blocked()
        while self._waits_for_disk():
            if self._writer.flush():
                return True
        return False

    def _publish_blocked(self) -> None:
        """Tell viewers that the run cannot end yet, and why."""
        session = self._session
        if session.state is not State.STOPPING:
            session.move(State.STOPPING)
        self._publisher.activity = "waiting for the disk"
        self._publisher.publish()
        problem = next(iter(self._writer.unsaved.values()), "")
        blocked_on = f"not saved yet ({problem}): make room on the disk"
        session.publish(replace(session.progress, blocked_on=blocked_on))
        session.emit(Warned(message=blocked_on))

    def _waits_for_disk(self) -> bool:
        """Let some time pass; whether the run is still to be saved."""
        request = self._session.mailbox.wait_for(_TRY_AGAIN_S)
        if isinstance(request, Infer):
            self._learner.answer(request, self._state.epoch)
        gives_up = isinstance(request, Stop) and not request.is_patient
        return not (gives_up or isinstance(request, GiveUp))
