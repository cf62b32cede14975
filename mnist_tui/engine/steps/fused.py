"""A training step of MnistNet in eight fused kernels, on a GPU that Triton compiles for."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Final

import torch
from torch import Tensor
from triton import cdiv

from mnist_tui.config import TrainConfig
from mnist_tui.engine.steps.base import MnistKernels
from mnist_tui.engine.steps.kernels import backward, forward, shapes
from mnist_tui.models.mnist_net import MnistNet


@dataclass(frozen=True, kw_only=True)
class Tiles:
    """What one program of each kernel computes, and by how many warps."""

    pixels: int = 64
    """BLOCK of `first_layer`: conv1 output pixels."""
    pooled: int = 64
    """BLOCK of `second_layer`: conv2 output pixels after pooling."""
    pooled_warps: int = 8
    """Warps of `second_layer`."""
    units: int = 32
    """UNITS of `third_layer`: hidden units."""
    linear_warps: int = 8
    """Warps of `linear_layers`."""
    conv2_pixels: int = 64
    """BLOCK of `second_convolution`: conv2 output pixels per iteration."""
    conv2_blocks: int = 6
    """BLOCKS of `second_convolution`: iterations per program."""


TILES: Final = {
    "fp32": Tiles(),
    "tf32": Tiles(pooled_warps=4, units=16, linear_warps=4, conv2_pixels=128, conv2_blocks=2),
    "bf16": Tiles(),
}
"""By precision: the fastest of six on an H100."""
DOT: Final = {"fp32": "tf32x3", "tf32": "tf32", "bf16": "tf32"}
"""How float32 is multiplied, in each precision. Three products of TF32 are as exact as one of
float32: what rounding takes from either factor is multiplied too."""
CONV2_PIXELS: Final = 24 * 24
"""Pixels of the second convolution's output, before pooling."""
CONV2_WEIGHTS: Final = 9 * 64 * 32
PIXELS, POOLED, FEATURES, FIRST_SUMS, SECOND_SUMS = (
    int(size.value)
    for size in (
        *(shapes.PIXELS, shapes.POOLED, shapes.FEATURES),
        *(shapes.FIRST_SUMS, shapes.SECOND_SUMS),
    )
)
SLICES: Final = 36
"""Partial sums of the first linear layer."""


@dataclass(frozen=True, kw_only=True)
class _Saved:
    """Tensors that the forward pass saves for the backward pass; the kernels say their shapes."""

    activations: Tensor
    back_filters: Tensor
    features: Tensor
    argmax: Tensor
    hidden: Tensor
    output: Tensor
    losses: Tensor
    output_grads: Tensor
    hidden_grads: Tensor


class FusedStep(MnistKernels):
    """Takes training steps as AutogradStep does, several times as fast with small batches."""

    kernels = "fused kernels"

    def __init__(
        self, model: MnistNet, optimizer: torch.optim.Optimizer, config: TrainConfig, precision: str
    ) -> None:
        super().__init__(model, optimizer, config)
        self._dtype = torch.bfloat16 if precision == "bf16" else torch.float32
        self._dot = DOT[precision]
        self._tiles = TILES[precision]
        self._side_stream: torch.cuda.Stream | None = None
        self._device_guard: AbstractContextManager[Any] = nullcontext()
        """Makes the device the current one, on which Triton launches."""
        if self._device.type == "cuda":
            self._side_stream = torch.cuda.Stream(self._device)
            self._device_guard = torch.cuda.device(self._device)

    @torch.no_grad()
    def learn(
        self, images: Tensor, labels: Tensor, lr: float | Tensor, keep_mask: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        lr = torch.as_tensor(lr, dtype=torch.float32, device=self._device)
        keep = self._keep
        if keep_mask is None:
            keep_mask, keep = torch.ones(len(images), 64, 1, 1, device=self._device), 1.0
        with self._device_guard:
            saved = self._forward(images, labels, keep_mask, keep)
            loss = self._backward(images, saved, lr, keep)
        return loss, saved.output

    def _forward(self, images: Tensor, labels: Tensor, keep_mask: Tensor, keep: float) -> _Saved:
        batch, tiles, dot = len(images), self._tiles, self._dot
        w1, b1, w2, b2, w3, b3, w4, b4 = self._parameters
        saved = _Saved(
            activations=self._new(batch, 26, 26, 32, dtype=self._dtype),
            back_filters=self._new(9, 32, 64, dtype=self._dtype),
            features=self._new(batch, FEATURES, dtype=self._dtype),
            argmax=self._new(batch, POOLED, 64, dtype=torch.uint8),
            hidden=self._new(batch, 128),
            output=self._new(batch, 10),
            losses=self._new(batch),
            output_grads=self._new(batch, 16),
            hidden_grads=self._new(batch, 128),
        )
        filters = self._new(9, 64, 32, dtype=self._dtype)
        forward.first_layer[(cdiv(batch * PIXELS, tiles.pixels) + CONV2_WEIGHTS // 1024,)](
            *(images, w1, b1, w2, saved.activations, filters, saved.back_filters, batch),
            BLOCK=tiles.pixels,
        )
        forward.second_layer[(cdiv(batch * POOLED, tiles.pooled),)](
            *(saved.activations, filters, b2, keep_mask, saved.features, saved.argmax, batch, keep),
            BLOCK=tiles.pooled,
            PRECISION=dot,
            num_warps=tiles.pooled_warps,
        )
        partials = self._new(SLICES, batch, 128)
        forward.third_layer[(SLICES, 128 // tiles.units, cdiv(batch, 32))](
            *(saved.features, w3, partials, batch),
            SLICE=FEATURES // SLICES,
            UNITS=tiles.units,
            PRECISION=dot,
        )
        forward.head[(batch,)](
            *(partials, b3, w4, b4, labels, saved.hidden, saved.output, saved.losses),
            *(saved.output_grads, saved.hidden_grads, batch, self._smoothing),
            SLICES=SLICES,
        )
        return saved

    def _backward(self, images: Tensor, saved: _Saved, lr: Tensor, keep: float) -> Tensor:
        """Update the weights or make their gradients; return the mean loss."""
        batch, tiles, dot = len(images), self._tiles, self._dot
        if not self.updates:
            for parameter in self._parameters:
                parameter.grad = torch.empty_like(parameter)
        w1, b1, w2, b2, w3, b3, w4, b4 = self._parameters
        dw1, db1, dw2, db2, dw3, db3, dw4, db4 = (
            parameter if self.updates else parameter.grad for parameter in self._parameters
        )
        feature_grads, loss = self._new(batch, POOLED, 64, dtype=self._dtype), self._new()
        backward.linear_layers[(FEATURES // 64 + 1,)](
            *(saved.features, saved.hidden, saved.output_grads, saved.hidden_grads, saved.losses),
            *(w3, b3, w4, b4, dw3, db3, dw4, db4, lr, feature_grads, loss, batch, keep),
            UPDATE=self.updates,
            PRECISION=dot,
            num_warps=tiles.linear_warps,
        )
        count = cdiv(batch * CONV2_PIXELS, tiles.conv2_pixels * tiles.conv2_blocks)
        partials = self._new(count, SECOND_SUMS)
        with self._beside_main():
            backward.second_convolution[(count, 3)](
                *(feature_grads, saved.argmax, saved.activations, partials, batch),
                BLOCK=tiles.conv2_pixels,
                BLOCKS=tiles.conv2_blocks,
                PRECISION=dot,
            )
        first_count = cdiv(batch * PIXELS, 64)
        first_partials = self._new(first_count, FIRST_SUMS)
        backward.first_convolution[(first_count,)](
            *(feature_grads, saved.argmax, saved.back_filters, saved.activations, images),
            *(first_partials, batch),
            PRECISION=dot,
        )
        self._join()
        backward.convolutions[((FIRST_SUMS + SECOND_SUMS) // 16,)](
            *(first_partials, partials, w1, b1, w2, b2, dw1, db1, dw2, db2, lr, first_count, count),
            UPDATE=self.updates,
        )
        return loss

    def _new(self, *shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
        return torch.empty(shape, dtype=dtype, device=self._device)

    def _beside_main(self) -> AbstractContextManager[Any]:
        """Launch kernels that may run beside those launched next, until `_join`."""
        if self._side_stream is not None:
            self._side_stream.wait_stream(torch.cuda.current_stream(self._device))
        return torch.cuda.stream(self._side_stream)

    def _join(self) -> None:
        if self._side_stream is not None:
            torch.cuda.current_stream(self._device).wait_stream(self._side_stream)
