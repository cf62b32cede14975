"""A run from its plan to its last event, whatever happens on the way."""

import logging
import os
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, nullcontext, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from mnist_tui.engine.failure import ended_by_failure, other_device, with_way_on
from mnist_tui.engine.notifying import EndCommand
from mnist_tui.engine.steps.native.library import MODELS, compile_ahead
from mnist_tui.errors import DataError, MnistTuiError, TrainingError, UsageError
from mnist_tui.inference.checkpoint_predictor import CheckpointPredictor, ask_model
from mnist_tui.process.predecessor import Predecessor
from mnist_tui.run.events import RunEnded
from mnist_tui.run.inference import InferenceFuture, InferenceRequest
from mnist_tui.run.plan import LocalRunner, NewRun, ResumedRun, TrainedRun
from mnist_tui.run.progress import Progress
from mnist_tui.run.requests import Stop, StopRequested
from mnist_tui.run.session import Session
from mnist_tui.run.state import State
from mnist_tui.store.atomic import write_json
from mnist_tui.store.catalog import find_run
from mnist_tui.store.directory import RunDirectory
from mnist_tui.store.logfile import log_to
from mnist_tui.store.new_run import create_run, discard_run
from mnist_tui.torch_runtime import loading_torch

if TYPE_CHECKING:
    from mnist_tui.engine.prepared_run import PreparedRun
    from mnist_tui.models.source import ModelSource

log: Final = logging.getLogger(__name__)

Serve = Callable[[Session, RunDirectory], AbstractContextManager[None]]
"""While its context is open, other processes can watch and steer the session's run."""


def nowhere(session: Session, directory: RunDirectory) -> AbstractContextManager[None]:
    """Serve nobody."""
    return nullcontext()


class TrainingRunner(LocalRunner):
    """The engine's Runner. Making one is cheap and imports no torch; `run` does."""

    def __init__(
        self,
        plan: TrainedRun,
        serve: Serve = nowhere,
        *,
        predecessor: Predecessor | None = None,
        network: "ModelSource | None" = None,
    ) -> None:
        """Make a runner.

        Args:
            serve: Lets other processes watch and steer the run, while its directory is locked.
            predecessor: The process that hands the run over to this one, if any.
            network: What makes the network, where a script has handed it over.
        """
        self.plan = plan
        self._predecessor = predecessor
        self._network = network
        self.session = Session()
        self._serve: Final = serve
        self._end_command: Final = EndCommand(plan.notify, self.session)
        self.error: Exception | None = None
        """What the run failed by, once it is over; None where it did not fail."""
        self._directory: RunDirectory | None = None
        """The run's, from when it is locked."""
        self._predictor: CheckpointPredictor | None = None
        """Answers for the run once it is over."""

    def run(self) -> None:
        """Train to the end. Blocks; call it once, on a thread of its own. Raises nothing."""
        session = self.session
        session.move(State.LOADING)
        is_refused = False
        with ExitStack() as stack:
            try:
                ended = self._train(stack)
            except StopRequested as stop:
                ended = _stopped_early(stop.request)
            except Exception as error:
                if isinstance(error, MnistTuiError):
                    log.error("%s", error)
                else:
                    log.exception("training failed")
                self.error = error
                is_refused = isinstance(error, UsageError | DataError)
                ended = ended_by_failure(error, self._directory)
            log.info("%s: %s", ended.state, ended.message)
            self._write_last_status(ended)
            session.publish(_final(session.progress, ended.state))
            session.end(ended)
            if self._directory is not None and is_refused and isinstance(self.plan, NewRun):
                # Its one line says all, and its name is free for the next try.
                discard_run(self._directory)
        # Not before: the command itself may resume the run, or look at it.
        self._hear_of_end_command()

    def _train(self, stack: ExitStack) -> RunEnded:
        """Open the run's directory, prepare the run, and train it to the end.

        Args:
            stack: Closes what must stay open until the last event has been emitted.

        Raises:
            StopRequested: When a stop was requested before the first batch.
            MnistTuiError: When the run cannot be trained.
        """
        self.say("opening the run's directory")
        plan = self.plan
        if isinstance(plan, ResumedRun):
            directory = find_run(plan.runs_dir, plan.name)
        else:
            directory = create_run(plan.runs_dir, plan.name, plan.config)
        predecessor = self._predecessor
        lock = directory.lock
        held = lock.hold() if predecessor is None else lock.share(predecessor.lock)
        stack.enter_context(held)
        self._directory = directory
        self._predictor = CheckpointPredictor(directory)
        stack.enter_context(log_to(directory.log))
        if predecessor is None:
            stack.enter_context(self._serve(self.session, directory))
        log.info("run %s: %s", directory.name, plan.config)
        self.say("loading PyTorch")
        if plan.config.model in MODELS and plan.config.device in ("auto", "cpu"):
            compile_ahead(plan.config.model)  # it takes a second or two on a machine's first start
        # Here, not above: torch takes seconds, and the dashboard is to be on screen first.
        with loading_torch():
            from mnist_tui.engine.prepare import prepare

        prepared = prepare(plan, self.session, directory, self.say, predecessor, self._network)
        stack.callback(prepared.writer.close)
        if predecessor is not None:
            # Until here the other process has served the run.
            stack.enter_context(self._serve(self.session, directory))
        prepared.start(self.session)
        return self._train_prepared(prepared, directory)

    def _hear_of_end_command(self) -> None:
        """Say in the run's log, and in `afterword`, where the user's command has failed."""
        self.afterword = self._end_command.problem()
        directory = self._directory
        if not self.afterword:
            return
        is_kept = directory is not None and directory.path.is_dir()
        with log_to(directory.log) if directory and is_kept else nullcontext():
            log.warning("%s", self.afterword)

    def _train_prepared(self, prepared: "PreparedRun", directory: RunDirectory) -> RunEnded:
        trainer, writer = prepared.trainer, prepared.writer
        try:
            ended = trainer.run()
        except TrainingError as error:
            self.error = error
            ended = prepared.state.ended(State.FAILED, str(error), exit_code=error.exit_code)
            writer.flush()
            return with_way_on(ended, error.remedy, prepared.state, directory)
        except Exception as error:
            blamed = prepared.blame(error)
            if not blamed or other_device(error):
                raise
            log.exception("the network failed")
            raise TrainingError(f"{prepared.source.name} failed: {blamed}") from error
        finally:
            writer.flush()
        if writer.is_overtaken:
            hint = f"{directory.lock.owner} trains this run now, and wrote its newest checkpoint"
            return replace(ended, hint=hint, exit_code=1)
        missing = writer.unsaved
        if not missing:
            return ended
        path, reason = next(iter(missing.items()))
        hint = (
            f"make room on the disk, or check its permissions: {path} could not be written "
            f"({reason})"
        )
        if directory.last.exists():
            hint += "; the last checkpoint that was saved is still there"
        return replace(ended, hint=hint, exit_code=ended.exit_code if ended.saved else 1)

    def ask(self, request: InferenceRequest) -> InferenceFuture:
        """Let the model read images: the live one, or that of the last checkpoint. Any thread."""
        return ask_model(self.session, request, self._predictor)

    def say(self, activity: str) -> None:
        """Publish what is being done while the run loads, and give way to a Stop.

        Raises:
            StopRequested: When a stop was requested.
        """
        self.session.publish(Progress(state=self.session.state, activity=activity))
        while (request := self.session.mailbox.take()) is not None:
            if isinstance(request, Stop):
                raise StopRequested(request)

    def _write_last_status(self, ended: RunEnded) -> None:
        """Write status.json for a run that ended before it wrote one itself."""
        directory = self._directory
        if directory is None or directory.status.exists():
            return
        status = {"pid": os.getpid(), "updated": round(time.time(), 3)}
        with suppress(OSError):
            write_json(directory.status, {"state": ended.state, **status, "message": ended.message})


def _stopped_early(request: Stop) -> RunEnded:
    message = f"{request.reason} before the first batch."
    return RunEnded(state=State.STOPPED, message=message, exit_code=request.exit_code)


def _final(progress: Progress, state: State) -> Progress:
    """The last snapshot of a run that is over."""
    return replace(progress, state=state, activity="", blocked_on="", remaining_s=None)
