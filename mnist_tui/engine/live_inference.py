"""Inference requests, answered by the network that is being trained."""

import logging
from typing import Final

from mnist_tui.engine.current_epoch import CurrentEpoch
from mnist_tui.engine.learner import Learner
from mnist_tui.errors import TrainingError
from mnist_tui.run.inference import InferenceResult
from mnist_tui.run.requests import Infer

log: Final = logging.getLogger(__name__)


def answer(request: Infer, learner: Learner, epoch: CurrentEpoch) -> None:
    """Let the network read images; a request that fails harms nobody but its sender.

    Training thread, between two batches.
    """
    if not request.future.set_running_or_notify_cancel():
        return
    try:
        probabilities, inside = learner.read_images(request.inference)
    except Exception as error:
        log.exception("an inference request failed")
        request.future.set_exception(TrainingError(f"the model could not answer: {error}"))
        return
    request.future.set_result(
        InferenceResult(
            probabilities=probabilities, epoch=epoch.number, batch=epoch.batch, inside=inside
        )
    )
