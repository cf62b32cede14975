"""Letting a network read images, without changing anything that training depends on."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mnist_tui.data.device_split import scale
from mnist_tui.errors import TrainingError
from mnist_tui.models.registry import Net
from mnist_tui.run.inference import FirstLayer, InferenceRequest

Answer = tuple[tuple[tuple[float, ...], ...], FirstLayer | None]
"""The probabilities of each image's classes, and what the first layer makes of the first image."""


def read_images(model: Net, question: InferenceRequest, precision: str = "fp32") -> Answer:
    """Run the network in eval mode; its mode, weights and statistics stay as they are.

    No random number is drawn, so that a run goes on exactly as if nobody had asked.
    Waits for the device.

    Raises:
        TrainingError: When what comes out are no numbers, as with weights that are none.

    Args:
        model: On any device; used by nobody else meanwhile.
        question: The images.
        precision: As in TrainConfig.
    """
    device = next(model.parameters()).device
    pixels = np.frombuffer(question.images, np.uint8).reshape(-1, 1, 28, 28)
    images = scale(torch.tensor(pixels, device=device))  # (N, 1, 28, 28)
    was_training = model.training
    model.eval()
    try:
        with (
            torch.inference_mode(),
            torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16"),
        ):
            probabilities = model(images).exp().float()  # (N, 10)
            inside = _look_inside(model, images[:1]) if question.looks_inside else None
    finally:
        model.train(was_training)
    if not probabilities.isfinite().all():
        raise TrainingError("its weights are not numbers any more, or too large")
    return tuple(tuple(row) for row in probabilities.tolist()), inside


def _look_inside(model: Net, image: Tensor) -> FirstLayer:
    maps = model.first_layer(image.clone())[0].float()  # (F, H, W)
    filters = model.conv1.weight[:, 0].float()  # (F, h, w)
    greatest = filters.abs().amax(dim=(1, 2), keepdim=True).clamp(min=1e-12)
    return FirstLayer(
        filters=_gray(128 + 127 * filters / greatest),
        filter_shape=_shape(filters),
        maps=_gray(255 * maps / maps.amax().clamp(min=1e-12)),
        map_shape=_shape(maps),
    )


def _gray(values: Tensor) -> bytes:
    """Values of 0 to 255 as bytes; what is no number becomes 0."""
    array: NDArray[np.float32] = values.nan_to_num(0.0).clamp(0, 255).round().cpu().numpy()
    return array.astype(np.uint8).tobytes()


def _shape(values: Tensor) -> tuple[int, int, int]:
    count, height, width = values.shape
    return count, height, width
