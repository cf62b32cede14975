"""Training steps of MnistNet by the C library of `mnist_net.c`."""

import ctypes
import itertools
import logging
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional as F

from mnist_tui.config import TrainConfig
from mnist_tui.engine.steps.base import MnistKernels
from mnist_tui.engine.steps.native.kernels import Kernels
from mnist_tui.engine.steps.native.last_layer import last_layer
from mnist_tui.models.mnist_net import MnistNet

log: Final = logging.getLogger(__name__)

_FEATURES: Final = 9216
_BLOCKS: Final = 288
"""Blocks that the features come in."""
_UNITS: Final = 128
"""Hidden units."""
_SLICES: Final = 16
"""Parts that the hidden units' sums come in."""
_WIDTH: Final = 32
"""Features in a block, and channels of the first convolution."""
_NUMBERS: Final = (
    *((name, ctypes.c_long) for name in ("updates", "block", "biases_last")),
    ("rate", ctypes.c_float),
)
_ADDRESSES: Final = (
    *("images", "w1", "b1", "w2", "b2", "keep", "features", "alive", "sources", "counts"),
    *("hidden", "d_hidden", "w3", "d_w3", "d_features"),
    *("d_w1", "d_b1", "d_w2", "d_b2", "packed", "sums"),
)
"""Of `struct step`, which has the shapes."""


class MnistStep(MnistKernels):
    """Takes training steps as AutogradStep does, on a CPU, about three times as fast."""

    kernels = "native C kernels"

    def __init__(
        self, model: MnistNet, optimizer: torch.optim.Optimizer, config: TrainConfig, precision: str
    ) -> None:
        """Lay out the weights of `model`, which is on the CPU, as the library wants them.

        Raises:
            NativeUnavailableError: When the library cannot be made, or compute in `precision`.
        """
        # Transposed in memory: all weights of a feature lie one behind the other.
        weight = model.fc1.weight
        weight.data = weight.data.t().contiguous().t()
        super().__init__(model, optimizer, config)
        self._gradients = [torch.empty_like(parameter) for parameter in self._parameters[:4]]
        w1, b1, w2, b2, w3, *_ = self._parameters
        self._d_w3 = w3 if self.updates else torch.empty_like(w3)
        self.library = Kernels("mnist_net", precision, _ADDRESSES, _NUMBERS)
        self.library.set(w1=w1, b1=b1, w2=w2, b2=b2, w3=w3, d_w3=self._d_w3)
        self.library.set(
            **dict(zip(("d_w1", "d_b1", "d_w2", "d_b2"), self._gradients, strict=True))
        )
        self._make_room(max(config.batch_size, 2))
        self.library.set(block=_WIDTH, biases_last=0)
        self.sums_as_pytorch = precision == "fp32" and self._find_order()
        """Whether the convolutions' outputs have the bits of PyTorch's, so that pooling takes the
        same one of four values where rounding alone decides."""

    @torch.no_grad()
    def _find_order(self) -> bool:
        """Sum in the order in which PyTorch does on this processor; whether it was found.

        See `convolution.h`.
        """
        w1, b1, w2, b2, *_ = self._parameters
        images = torch.rand(2, 1, 28, 28, generator=torch.Generator().manual_seed(0))
        convolved = F.conv2d(F.relu(F.conv2d(images, w1, b1)), w2, b2)
        expected = F.relu(F.max_pool2d(convolved, 2)).view(2, _BLOCKS, _WIDTH)
        for biases_last, block in itertools.product(range(4), (8, 16, _WIDTH)):
            self.library.set(block=block, biases_last=biases_last)
            if torch.equal(self.features(images), expected):
                return True
        self.library.set(block=_WIDTH, biases_last=0)
        log.info("native kernels sum in another order than PyTorch's on this processor")
        return False

    def features(self, images: Tensor) -> Tensor:
        """What the first linear layer gets of (B, 1, 28, 28) images without dropout, in blocks:
        (B, 288, 32)."""
        batch = len(images)
        self._forward(images, torch.ones(batch, 64))
        return self._features[:batch].view(_BLOCKS, batch, _WIDTH).transpose(0, 1)

    def _forward(self, images: Tensor, keep: Tensor) -> None:
        """Go from images to features and hidden sums; `keep` (B, 64) is what dropout makes."""
        batch = len(images)
        if batch > self._room:
            self._make_room(batch)
        self.library.set(images=images.contiguous(), keep=keep)
        self.library.call("forward", batch)

    @torch.no_grad()
    def learn(
        self, images: Tensor, labels: Tensor, lr: float | Tensor, keep_mask: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        batch, library = len(images), self.library
        *_, w3, b3, w4, b4 = self._parameters
        self._forward(
            images, torch.ones(batch, 64) if keep_mask is None else keep_mask / self._keep
        )
        slices = self._hidden[: _SLICES * batch].view(_SLICES, batch, _UNITS)
        hidden = slices.sum(0).add_(b3).relu_()  # (B, 128)
        last = last_layer(hidden, labels, w4, b4, self._smoothing)
        library.set(d_hidden=last.d_hidden, updates=self.updates, rate=float(lr))
        library.call("backward", batch)
        gradients = (
            *(*self._gradients, self._d_w3),
            *(last.d_hidden.sum(0), last.d_weight, last.d_bias),
        )
        for parameter, gradient in zip(self._parameters, gradients, strict=True):
            if not self.updates:
                parameter.grad = gradient
            elif parameter is not w3:
                parameter.sub_(gradient, alpha=float(lr))
        return last.loss, last.output

    def _make_room(self, batch: int) -> None:
        """Allocate what the library keeps between its calls, for up to so many images."""
        self._room = batch
        self._hidden = torch.empty(_SLICES * batch, _UNITS)
        self._features = torch.empty(batch, _FEATURES)
        self.library.reserve(64 * batch)
        self.library.set(
            hidden=self._hidden,
            features=self._features,
            alive=torch.empty(batch, _BLOCKS, dtype=torch.int32),
            sources=torch.empty(batch, _FEATURES, dtype=torch.int16),
            counts=torch.empty(batch, 128, dtype=torch.uint8),
            d_features=torch.empty(batch, _FEATURES),
        )
