"""A run from its plan to its last event, whatever happens on the way."""

import logging
import os
import time
from contextlib import ExitStack, suppress
from dataclasses import replace
from typing import Final

from mnist_tui.errors import (
    CheckpointError,
    DataError,
    MnistTuiError,
    TrainingError,
    UsageError,
)
from mnist_tui.inference.checkpoint_predictor import CheckpointPredictor
from mnist_tui.run.events import RunEnded
from mnist_tui.run.inference import InferenceFuture, InferenceRequest
from mnist_tui.run.plan import ResumedRun, TrainedRun
from mnist_tui.run.progress import Progress
from mnist_tui.run.requests import Infer, Stop, StopAsked
from mnist_tui.run.session import Session
from mnist_tui.run.state import State
from mnist_tui.store.atomic import write_json
from mnist_tui.store.catalog import find_run
from mnist_tui.store.directory import RunDirectory, create_run
from mnist_tui.store.logfile import log_to
from mnist_tui.torch_runtime import loading_torch

log: Final = logging.getLogger(__name__)


class TrainingRunner:
    """The engine's Runner. Making one is cheap and imports no torch; `run` does."""

    def __init__(self, plan: TrainedRun) -> None:
        self.plan = plan
        self.session = Session()
        self._reader: CheckpointPredictor | None = None
        """Answers for the run once it is over."""

    def run(self) -> None:
        """Train to the end. Blocks; call it once, on a thread of its own. Raises nothing."""
        session = self.session
        session.move(State.LOADING)
        directory: RunDirectory | None = None
        is_ours = is_refused = False
        with ExitStack() as stack:
            try:
                self.say("opening the run's directory")
                directory = self._open_directory()
                stack.enter_context(directory.lock())
                is_ours = True
                self._reader = CheckpointPredictor(directory)
                stack.enter_context(log_to(directory.log))
                log.info("run %s: %s", directory.name, self.plan.config)
                self.say("loading PyTorch")
                # Here, not above: torch takes seconds, and the dashboard is to be on screen first.
                with loading_torch():
                    from mnist_tui.engine.prepare import train

                ended = train(self, directory, stack)
            except StopAsked as stop:
                ended = _stopped_early(stop.request)
            except MnistTuiError as error:
                log.error("%s", error)
                is_refused = isinstance(error, UsageError | DataError) and not isinstance(
                    self.plan, ResumedRun
                )
                ended = _failed(str(error), error.exit_code, directory)
            except Exception as error:
                log.exception("training failed")
                message = f"{type(error).__name__}: {error}".splitlines()[0]
                ended = _failed(message, 1, directory)
            log.info("%s: %s", ended.state, ended.message)
            if directory is not None and is_ours:
                _leave_word(directory, ended)
            session.publish(_at_rest(session.progress, ended.state))
            session.end(ended)
            if directory is not None and is_ours and is_refused:
                # Its one line says all, and its name is free for the next try.
                directory.delete()

    def ask(self, request: InferenceRequest) -> InferenceFuture:
        """Let the model read images: the live one, or that of the last checkpoint. Any thread."""
        infer = Infer(request)
        answer = self.session.request(infer)
        if not answer.is_accepted and self.session.state.is_over and self._reader is not None:
            return self._reader.ask(request)
        if not answer.is_accepted:
            infer.future.set_exception(TrainingError(answer.message))
        return infer.future

    def say(self, activity: str) -> None:
        """Publish what is being done while the run loads, and give way to a Stop.

        Raises:
            StopAsked: When a stop was asked for.
        """
        self.session.publish(Progress(state=self.session.state, activity=activity))
        while (request := self.session.mailbox.take()) is not None:
            if isinstance(request, Stop):
                raise StopAsked(request)

    def _open_directory(self) -> RunDirectory:
        plan = self.plan
        if isinstance(plan, ResumedRun):
            return find_run(plan.runs_dir, plan.name)
        return create_run(plan.runs_dir, plan.name, plan.config)


def _leave_word(directory: RunDirectory, ended: RunEnded) -> None:
    """Have status.json say how a run ended that did not come as far as writing it."""
    status = {"pid": os.getpid(), "updated": round(time.time(), 3)}
    with suppress(OSError):
        if not directory.status.exists():
            write_json(directory.status, {"state": ended.state, **status, "message": ended.message})


def _stopped_early(request: Stop) -> RunEnded:
    message = f"{request.reason}: stopped before the first batch"
    return RunEnded(state=State.STOPPED, message=message, exit_code=request.exit_code)


def _failed(message: str, exit_code: int, directory: RunDirectory | None) -> RunEnded:
    hint = ""
    says_how = exit_code in (CheckpointError.exit_code, UsageError.exit_code)
    if not says_how and directory is not None and directory.last.exists():
        hint = f"the last good checkpoint stands: {directory.resume_command()}"
    elif directory is not None and exit_code == 1:
        hint = f"the details are in {directory.log}"
    return RunEnded(state=State.FAILED, message=message, hint=hint, exit_code=exit_code)


def _at_rest(progress: Progress, state: State) -> Progress:
    """The last snapshot of a run that is over."""
    return replace(progress, state=state, activity="", blocked_on="", remaining_s=None)
