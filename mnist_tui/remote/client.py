"""A run of another process behind the Runner protocol, for a dashboard of this one."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from mnist_tui.errors import MnistTuiError, Remedy, UsageError
from mnist_tui.inference.checkpoint_predictor import CheckpointPredictor, ask_model
from mnist_tui.remote.connection import ConnectionLostError, connect
from mnist_tui.remote.mirror import Mirror
from mnist_tui.run.events import RunEnded, ended_by
from mnist_tui.run.inference import InferenceFuture, InferenceRequest
from mnist_tui.run.machine import SampleMachine
from mnist_tui.run.plan import AttachedRun
from mnist_tui.run.session import PastEvent
from mnist_tui.run.state import State
from mnist_tui.store.catalog import find_run

log: Final = logging.getLogger(__name__)


class RemoteRunner:
    """A Runner that trains nothing: its session mirrors that of the process that does.

    Requests are checked against the mirrored state at once, and sent; where the run has gone on
    meanwhile and refuses one, that is a warning. A connection that breaks is made again while
    the run is live; what was missed comes as one CaughtUp.
    """

    def __init__(self, plan: AttachedRun) -> None:
        self.plan = plan
        self._mirror: Final = Mirror(is_read_only=plan.is_read_only)
        self.session = self._mirror.session
        self._directory: Final = find_run(plan.runs_dir, plan.name)
        self._predictor: Final = CheckpointPredictor(self._directory)
        self._pid = 0
        self._shown_s = 0.0
        """Unix time up to which the past is known."""
        self.afterword = ""
        self.place = ""
        """The process that trains the run, in words; empty before it is known."""

    @property
    def outlives_viewer(self) -> bool:
        """It does, in its process."""
        return True

    @property
    def sample_machine(self) -> SampleMachine | None:
        """Samples the machine of the process that trains; None once the run is over."""
        return None if self.session.state.is_over else self._mirror.sample_machine

    def leave(self) -> None:
        """End `run` soon; the other process trains on. Any thread; a signal handler too."""
        self._mirror.leave()

    def ask(self, request: InferenceRequest) -> InferenceFuture:
        """Let the other process's model read images, or that of the last checkpoint. Any thread."""
        return ask_model(self.session, request, self._predictor)

    def past(self) -> Sequence[PastEvent]:
        """What had been emitted before the newest CaughtUp and was not received. Any thread.

        The older part is read from the run's directory.
        """
        received = self._mirror.past
        first_s = received[0][0] if received else float("inf")
        on_disk = [event for event in self._directory.read_events() if event[0] < first_s]
        return [event for event in (*on_disk, *received) if event[0] > self._shown_s]

    def run(self) -> None:
        """Follow the run to its end, or until `leave`. Blocks; a thread of its own."""
        session = self.session
        try:
            ended = self._follow()
        except MnistTuiError as error:
            ended = ended_by(error)
        except Exception as error:
            log.exception("the run could not be followed")
            ended = ended_by(error)
        session.publish(replace(session.progress, state=ended.state, activity="", remaining_s=None))
        session.mirror(ended)
        self._mirror.close()

    def _follow(self) -> RunEnded:
        """Mirror the run, in whichever process it is, to its end."""
        while True:
            try:
                connection = connect(self._directory)
            except UsageError as error:
                is_live = self._directory.lock.is_held()
                return self._cannot_attach(error) if is_live else self._end_on_disk()
            self._pid = connection.greeting.pid
            self.place = f"process {self._pid} on {connection.greeting.host}"
            try:
                ended = self._mirror.follow(connection)
            except ConnectionLostError as error:
                log.info("the connection to process %d is lost: %s", self._pid, error)
                ended = None
            finally:
                connection.close()
            if self._mirror.is_leaving:
                return self._left()
            if ended is not None and ended.elsewhere is None:
                return ended
            # Let go, or the run goes on in another process.
            self._shown_s = self._mirror.heard_s

    def _left(self) -> RunEnded:
        return RunEnded(
            state=State.STOPPED,
            message=f"run {self._directory.name} goes on in {self.place or 'its process'}",
            hint="come back to it",
            remedy=Remedy(command="attach", run=str(self._directory.path)),
            saved=True,
            elapsed_s=self.session.progress.elapsed_s,
            samples_per_second=self.session.progress.mean_samples_per_second,
            elsewhere=self._pid,
        )

    def _cannot_attach(self, error: UsageError) -> RunEnded:
        """Say why a live run is not followed; it is not concerned."""
        return replace(
            ended_by(error),
            hint="the run goes on; try again, or see what it has saved",
            remedy=Remedy(command="show", run=str(self._directory.path)),
            elsewhere=self._directory.lock.owner.pid,
        )

    def _end_on_disk(self) -> RunEnded:
        """How a run ended that could not say so: its files say it, or its process has died."""
        status = self._directory.read_status()
        state, message = status.end
        return RunEnded(
            state=state,
            message=message,
            saved=self._directory.last.exists() and status.saved,
            elapsed_s=self.session.progress.elapsed_s,
        )
