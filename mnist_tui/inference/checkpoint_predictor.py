"""Inference with a run's checkpoints, once no process trains it."""

import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mnist_tui.errors import CheckpointError, MnistTuiError, TrainingError
from mnist_tui.run.inference import InferenceFuture, InferenceRequest, InferenceResult
from mnist_tui.run.requests import Infer
from mnist_tui.run.session import Session
from mnist_tui.store.directory import RunDirectory
from mnist_tui.torch_runtime import loading_torch

if TYPE_CHECKING:
    from mnist_tui.models.classifier import Classifier


log: Final = logging.getLogger(__name__)


class CheckpointPredictor:
    """Runs inference with the network of a run's last checkpoint, on one thread of its own.

    The checkpoint is read again only when its file has changed. Making a predictor is cheap and
    imports no torch; its first request does.
    """

    def __init__(self, directory: RunDirectory, model: str | None = None) -> None:
        """Answer for the run in `directory`.

        Args:
            model: Where the user says that the code of its network is; None: where it was.
        """
        self._directory = directory
        self._model = model
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="checkpoint-reader")
        self._read: tuple[Path, int, int] | None = None
        """The checkpoint that the model is of: its path, time and size."""
        self._classifier: Classifier | None = None
        self._epoch, self._batch = 1, 0

    def ask(self, request: InferenceRequest) -> InferenceFuture:
        """Let the model of the last checkpoint read images. Any thread; returns at once.

        The future gets an MnistTuiError where there is no result.
        """
        return self._thread.submit(self._answer, request)

    def _answer(self, request: InferenceRequest) -> InferenceResult:
        with loading_torch():
            from mnist_tui.inference.forward import read_images

        try:
            probabilities, inside = read_images(self._load(), request)
        except MnistTuiError:
            raise
        except Exception as error:
            log.exception("the checkpoint could not be asked")
            raise CheckpointError(f"the model could not answer: {error}") from error
        return InferenceResult(
            probabilities=probabilities, inside=inside, epoch=self._epoch, batch=self._batch
        )

    def _load(self) -> "Classifier":
        from mnist_tui.inference.load import load_model
        from mnist_tui.inference.model_source import named_source
        from mnist_tui.store.checkpoint import read_checkpoint

        path = self._directory.last if self._directory.last.exists() else self._directory.best
        try:
            stat = path.stat()
        except OSError as error:
            raise CheckpointError(
                f"{self._directory.name} has no checkpoint to ask; resume the run, or start one"
            ) from error
        found = (path, stat.st_mtime_ns, stat.st_size)
        if self._classifier is None or found != self._read:
            checkpoint = read_checkpoint(path)
            source = named_source(self._model)[0] if self._model is not None else None
            self._classifier, self._read = load_model(checkpoint, path, source), found
            self._epoch, self._batch = checkpoint.epoch, checkpoint.batch
        return self._classifier


def ask_model(
    session: Session, request: InferenceRequest, predictor: CheckpointPredictor | None
) -> InferenceFuture:
    """Run inference with a run's live model, or after its end with the last checkpoint's.

    Any thread; returns at once. The future gets a TrainingError where there is no model yet.
    """
    infer = Infer(request)
    answer = session.request(infer)
    if answer.is_accepted:
        return infer.future
    if session.state.is_over and predictor is not None:
        return predictor.ask(request)
    infer.future.set_exception(TrainingError(answer.message))
    return infer.future
