"""Inference with a run's model: the request, the result, and the future between them."""

from concurrent.futures import Future
from dataclasses import dataclass
from typing import Final

IMAGE_BYTES: Final = 28 * 28
"""The size of one image on its way to the model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InferenceRequest:
    """Images to run a run's model on, as it is at the moment.

    Raises:
        ValueError: When the bytes are not whole images.
    """

    images: bytes
    """N x 28 x 28 gray values, image by image, row by row; 0 is background, 255 is ink."""
    looks_inside: bool = False
    """Whether to return the first layer's filters and their response to the first image, too."""

    def __post_init__(self) -> None:
        if not self.images or len(self.images) % IMAGE_BYTES:
            raise ValueError(f"{len(self.images)} bytes are not images of {IMAGE_BYTES} each")


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstLayer:
    """The first convolution's weights and its response to one image."""

    filters: bytes
    """(F, h, w) uint8: each weight, 128 for zero, scaled by the greatest of its filter."""
    filter_shape: tuple[int, int, int]
    maps: bytes
    """(F, H, W) uint8: each filter's response, black where negative; 255 is the greatest of all."""
    map_shape: tuple[int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class InferenceResult:
    """The model's predictions for the images of an InferenceRequest."""

    probabilities: tuple[tuple[float, ...], ...]
    """For each image, one per class; each row's sum is 1."""
    epoch: int
    """The current epoch of the weights that were used, counted from 1."""
    batch: int
    """Batches of that epoch that those weights were trained on."""
    inside: FirstLayer | None = None
    """What the first convolution makes of the first image, if that was asked for; None also where
    the network has no convolution that takes an image."""


InferenceFuture = Future[InferenceResult]
"""Gets the result, or an MnistTuiError; cancelled when the run ends first."""
