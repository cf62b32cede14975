"""Asking the checkpoints of a run that is over, or was never seen alive."""

import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mnist_tui.errors import CheckpointError, MnistTuiError
from mnist_tui.run.inference import InferenceFuture, InferenceRequest, InferenceResult
from mnist_tui.store.directory import RunDirectory
from mnist_tui.torch_runtime import loading_torch

if TYPE_CHECKING:
    from mnist_tui.models.classifier import Classifier


log: Final = logging.getLogger(__name__)


class CheckpointPredictor:
    """Answers questions from a run's last checkpoint, on one thread of its own.

    The checkpoint is read again only when its file has changed. Making a reader is cheap and
    imports no torch; its first answer does.
    """

    def __init__(self, directory: RunDirectory, model: str | None = None) -> None:
        """Answer for the run in `directory`.

        Args:
            directory: The run's.
            model: Where the user says that the code of its network is; None: where it was.
        """
        self._directory = directory
        self._model = model
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="checkpoint-reader")
        self._read: tuple[Path, int, int] | None = None
        """The checkpoint that the model is of: its path, time and size."""
        self._classifier: Classifier | None = None
        self._epoch, self._batch = 1, 0

    def ask(self, question: InferenceRequest) -> InferenceFuture:
        """Let the model of the last checkpoint read images. Any thread; returns at once.

        The reply gets a MnistTuiError where there is no answer.
        """
        return self._thread.submit(self._answer, question)

    def _answer(self, question: InferenceRequest) -> InferenceResult:
        with loading_torch():
            from mnist_tui.inference.forward import read_images

        try:
            probabilities, inside = read_images(self._load(), question)
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
                f"{self._directory.name} has no checkpoint to ask; go on with the run, or start one"
            ) from error
        found = (path, stat.st_mtime_ns, stat.st_size)
        if self._classifier is None or found != self._read:
            checkpoint = read_checkpoint(path)
            source = named_source(self._model)[0] if self._model is not None else None
            self._classifier, self._read = load_model(checkpoint, path, source), found
            self._epoch, self._batch = checkpoint.epoch, checkpoint.batch
        return self._classifier
