"""Letting a network read images, without changing anything that training depends on."""

import numpy as np
import torch

from mnist_tui.data.device_split import scale
from mnist_tui.errors import TrainingError
from mnist_tui.inference.first_layer import look_inside
from mnist_tui.models.classifier import Classifier
from mnist_tui.run.inference import FirstLayer, InferenceRequest

Answer = tuple[tuple[tuple[float, ...], ...], FirstLayer | None]
"""The probabilities of each image's classes, and what the first layer makes of the first image."""


def read_images(
    classifier: Classifier, request: InferenceRequest, precision: str = "fp32"
) -> Answer:
    """Run the network in eval mode; its mode, weights and statistics stay as they are.

    No random number is drawn, so that a run goes on exactly as if there had been no request.
    Waits for the device.

    Raises:
        TrainingError: When what comes out are no numbers, as with weights that are none.

    Args:
        classifier: On any device; used by nobody else meanwhile.
        request: The images.
        precision: As in TrainConfig.
    """
    model = classifier.module
    device = next(model.parameters()).device
    pixels = np.frombuffer(request.images, np.uint8).reshape(-1, 1, 28, 28)
    images = scale(torch.tensor(pixels, device=device))  # (N, 1, 28, 28)
    was_training = model.training
    model.eval()
    try:
        with (
            torch.inference_mode(),
            torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16"),
        ):
            probabilities = classifier(images).exp().float()  # (N, classes)
            inside = look_inside(classifier, images[:1]) if request.looks_inside else None
    finally:
        model.train(was_training)
    if not probabilities.isfinite().all():
        raise TrainingError("its weights are not numbers any more, or too large")
    return tuple(tuple(row) for row in probabilities.tolist()), inside
