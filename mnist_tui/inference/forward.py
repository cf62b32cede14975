"""Letting a network read images, without changing anything that training depends on."""

from contextlib import ExitStack
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mnist_tui.data.device_split import scale
from mnist_tui.errors import TrainingError
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
            inside = _look_inside(classifier, images[:1]) if request.looks_inside else None
    finally:
        model.train(was_training)
    if not probabilities.isfinite().all():
        raise TrainingError("its weights are not numbers any more, or too large")
    return tuple(tuple(row) for row in probabilities.tolist()), inside


def _look_inside(classifier: Classifier, image: Tensor) -> FirstLayer | None:
    """Run the network on an image, and look at the first convolution of one channel in it.

    Args:
        classifier: In eval mode; the caller has disabled gradients.
        image: (1, 1, 28, 28) float32 in [0, 1].

    Returns:
        Its filters and their positive responses, after the batch normalization that follows it,
        if any; None where the network has no such convolution.
    """
    first: nn.Conv2d | None = None
    output: Any = None
    """What it, or the normalization after it, returned."""
    response: Tensor | None = None
    """A copy, since an activation may work in place."""

    def watch(layer: nn.Module, arguments: tuple[Any, ...], result: Any) -> None:
        nonlocal first, output, response
        is_first = first is None and isinstance(layer, nn.Conv2d)
        is_next = isinstance(layer, nn.BatchNorm2d) and arguments[:1] and arguments[0] is output
        if is_first or is_next:
            first = layer if isinstance(layer, nn.Conv2d) else first
            output, response = result, result.clone()

    with ExitStack() as stack:
        for layer in classifier.module.modules():
            is_convolution = isinstance(layer, nn.Conv2d) and layer.in_channels == 1
            if is_convolution or isinstance(layer, nn.BatchNorm2d):
                stack.callback(layer.register_forward_hook(watch).remove)
        classifier(image.clone())
    if first is None or response is None:
        return None
    filters = first.weight[:, 0].float()  # (F, h, w)
    greatest = filters.abs().amax(dim=(1, 2), keepdim=True).clamp(min=1e-12)
    maps = response[0].float().clamp(min=0)  # (F, H, W)
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
