"""A training step of MnistNet in eight kernels of our own, on a GPU that Triton compiles for."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Final

import torch
from torch import Tensor
from triton import cdiv

from mnist_tui.config import TrainConfig
from mnist_tui.engine.optimizers import plain_step
from mnist_tui.engine.steps import kernels
from mnist_tui.engine.steps.base import AutogradStep
from mnist_tui.engine.steps.kernels import shapes
from mnist_tui.models.mnist_net import MnistNet


@dataclass(frozen=True, kw_only=True)
class Tiles:
    """What one program of each kernel takes on, and by how many warps."""

    pixels: int = 64
    """Of the first layer."""
    pooled: int = 64
    """Places of the second layer, after pooling."""
    pooled_warps: int = 8
    units: int = 32
    """Hidden units."""
    features_warps: int = 8
    """On the way back through 64 features."""
    above: int = 64
    """Pixels at once of the second layer, on the way back to its weights."""
    above_blocks: int = 6
    """How often that many."""


TILES: Final = {
    "fp32": Tiles(),
    "tf32": Tiles(pooled_warps=4, units=16, features_warps=4, above=128, above_blocks=2),
    "bf16": Tiles(),
}
"""By precision: the fastest of six on an H100."""
DOT: Final = {"fp32": "tf32x3", "tf32": "tf32", "bf16": "tf32"}
"""How float32 is multiplied, in each precision. Three products of TF32 are as exact as one of
float32: what rounding takes from either factor is multiplied too."""
ABOVE: Final = 24 * 24
"""Pixels of the second layer, before pooling."""
FILTERS: Final = 9 * 64 * 32
"""Weights of the second convolution."""
PIXELS, POOLED, FEATURES, FIRST_SUMS, SECOND_SUMS = (
    int(size.value)
    for size in (
        *(shapes.PIXELS, shapes.POOLED, shapes.FEATURES),
        *(shapes.FIRST_SUMS, shapes.SECOND_SUMS),
    )
)
SLICES: Final = 36
"""Parts that the sums of the first linear layer come in."""
APART: Final = {"fp32": 1e-3, "tf32": 0.1, "bf16": 0.25}
"""How far a gradient may be from autograd's, as a part of its norm. On an H100, with 32 digits and
weights as they are at the start, either was a third of that from the truth at most."""
COMPARED: Final = 32
"""Digits that a step is compared on, whatever the run's batches have."""


@dataclass(frozen=True, kw_only=True)
class _Made:
    """What the way forward leaves for the way back; shapes and dtypes as the kernels tell."""

    activations: Tensor
    back_filters: Tensor
    features: Tensor
    places: Tensor
    hidden: Tensor
    output: Tensor
    losses: Tensor
    output_grads: Tensor
    hidden_grads: Tensor


class FusedStep:
    """Takes training steps as AutogradStep does, several times as fast with small batches.

    Plain gradient descent is part of the kernels; other optimizers have their gradients where
    autograd would leave them. Dropout leaves out the same channels as torch's own.
    """

    kernels = "fused kernels"

    def __init__(
        self,
        model: MnistNet,
        optimizer: torch.optim.Optimizer,
        config: TrainConfig,
        precision: str,
    ) -> None:
        self._keep = 1.0 - model.dropout.p
        self._parameters = tuple(model.parameters())
        self._optimizer = optimizer
        self._update = plain_step(optimizer)
        self.learns = config.optimizer == "sgd"
        """Whether `learn` moves the weights."""
        self._smoothing = config.label_smoothing
        self._kind = torch.bfloat16 if precision == "bf16" else torch.float32
        self._dot = DOT[precision]
        self._tiles = TILES[precision]
        self._device = self._parameters[0].device
        self._beside: torch.cuda.Stream | None = None
        self._there: AbstractContextManager[Any] = nullcontext()
        """In which the device is the current one, where Triton works."""
        if self._device.type == "cuda":
            self._beside = torch.cuda.Stream(self._device)  # type: ignore[no-untyped-call]
            self._there = torch.cuda.device(self._device)

    def __call__(self, images: Tensor, labels: Tensor, lr: float | Tensor) -> tuple[Tensor, Tensor]:
        """As in Step."""
        # As torch's Dropout2d draws them.
        kept = torch.empty(len(images), 64, 1, 1, device=self._device).bernoulli_(self._keep)
        result = self.learn(images, labels, lr, kept, self._keep)
        if not self.learns:
            for group in self._optimizer.param_groups:
                group["lr"] = lr
            with torch.no_grad():
                self._update()
        return result

    @torch.no_grad()
    def learn(
        self, images: Tensor, labels: Tensor, lr: float | Tensor, kept: Tensor, keep: float
    ) -> tuple[Tensor, Tensor]:
        """Take the step, or leave the gradients for the optimizer to take it.

        Args:
            images, labels, lr: As in Step.
            kept: (B, 64, 1, 1) float32, 1 for the channels that dropout keeps, else 0.
            keep: The part that it keeps; what is kept is divided by it.

        Returns:
            As in Step.
        """
        lr = torch.as_tensor(lr, dtype=torch.float32, device=self._device)
        with self._there:
            made = self._go_forward(images, labels, kept, keep)
            loss = self._go_back(images, made, lr, keep)
        return loss, made.output

    def _go_forward(self, images: Tensor, labels: Tensor, kept: Tensor, keep: float) -> _Made:
        batch, tiles, dot = len(images), self._tiles, self._dot
        w1, b1, w2, b2, w3, b3, w4, b4 = self._parameters
        made = _Made(
            activations=self._new(batch, 26, 26, 32, dtype=self._kind),
            back_filters=self._new(9, 32, 64, dtype=self._kind),
            features=self._new(batch, FEATURES, dtype=self._kind),
            places=self._new(batch, POOLED, 64, dtype=torch.uint8),
            hidden=self._new(batch, 128),
            output=self._new(batch, 10),
            losses=self._new(batch),
            output_grads=self._new(batch, 16),
            hidden_grads=self._new(batch, 128),
        )
        filters = self._new(9, 64, 32, dtype=self._kind)
        kernels.first_layer[(cdiv(batch * PIXELS, tiles.pixels) + FILTERS // 1024,)](
            *(images, w1, b1, w2, made.activations, filters, made.back_filters, batch),
            BLOCK=tiles.pixels,
        )
        kernels.second_layer[(cdiv(batch * POOLED, tiles.pooled),)](
            *(made.activations, filters, b2, kept, made.features, made.places, batch, keep),
            BLOCK=tiles.pooled,
            PRECISION=dot,
            num_warps=tiles.pooled_warps,
        )
        parts = self._new(SLICES, batch, 128)
        kernels.third_layer[(SLICES, 128 // tiles.units, cdiv(batch, 32))](
            *(made.features, w3, parts, batch),
            SLICE=FEATURES // SLICES,
            UNITS=tiles.units,
            PRECISION=dot,
        )
        kernels.head[(batch,)](
            *(parts, b3, w4, b4, labels, made.hidden, made.output, made.losses),
            *(made.output_grads, made.hidden_grads, batch, self._smoothing),
            SLICES=SLICES,
        )
        return made

    def _go_back(self, images: Tensor, made: _Made, lr: Tensor, keep: float) -> Tensor:
        """The mean loss, once the weights or their gradients are what they are to be."""
        batch, tiles, dot = len(images), self._tiles, self._dot
        if not self.learns:
            for parameter in self._parameters:
                parameter.grad = torch.empty_like(parameter)
        w1, b1, w2, b2, w3, b3, w4, b4 = self._parameters
        dw1, db1, dw2, db2, dw3, db3, dw4, db4 = (
            parameter if self.learns else parameter.grad for parameter in self._parameters
        )
        feature_grads, loss = self._new(batch, POOLED, 64, dtype=self._kind), self._new()
        kernels.linear_layers[(FEATURES // 64 + 1,)](
            *(made.features, made.hidden, made.output_grads, made.hidden_grads, made.losses),
            *(w3, b3, w4, b4, dw3, db3, dw4, db4, lr, feature_grads, loss, batch, keep),
            UPDATE=self.learns,
            PRECISION=dot,
            num_warps=tiles.features_warps,
        )
        count = cdiv(batch * ABOVE, tiles.above * tiles.above_blocks)
        parts = self._new(count, SECOND_SUMS)
        with self._aside():
            kernels.second_convolution[(count, 3)](
                *(feature_grads, made.places, made.activations, parts, batch),
                BLOCK=tiles.above,
                BLOCKS=tiles.above_blocks,
                PRECISION=dot,
            )
        first_count = cdiv(batch * PIXELS, 64)
        first_parts = self._new(first_count, FIRST_SUMS)
        kernels.first_convolution[(first_count,)](
            *(feature_grads, made.places, made.back_filters, made.activations, images),
            *(first_parts, batch),
            PRECISION=dot,
        )
        self._join()
        kernels.convolutions[((FIRST_SUMS + SECOND_SUMS) // 16,)](
            *(first_parts, parts, w1, b1, w2, b2, dw1, db1, dw2, db2, lr, first_count, count),
            UPDATE=self.learns,
        )
        return loss

    def _new(self, *shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
        return torch.empty(shape, dtype=dtype, device=self._device)

    def _aside(self) -> AbstractContextManager[Any]:
        """Work that the device may do beside what is asked of it next, until `_join`."""
        if self._beside is not None:
            self._beside.wait_stream(torch.cuda.current_stream(self._device))
        return torch.cuda.stream(self._beside)

    def _join(self) -> None:
        if self._beside is not None:
            torch.cuda.current_stream(self._device).wait_stream(self._beside)


def compare(
    step: FusedStep, autograd: AutogradStep, model: MnistNet, precision: str
) -> dict[str, float]:
    """Compare a step with one by autograd; the model is as before then. Waits for the device.

    Returns:
        How far each gradient is from autograd's, as a part of its norm, by its parameter's name.

    Raises:
        ArithmeticError: Where that is more than rounding explains.
    """
    device = next(model.parameters()).device
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(COMPARED, 1, 28, 28, generator=generator).to(device)
    labels = torch.randint(0, 10, (COMPARED,), generator=generator).to(device)
    parameters = dict(model.named_parameters())
    before = {name: parameter.detach().clone() for name, parameter in parameters.items()}
    try:
        model.eval()  # without dropout
        _, expected = autograd.differentiate(images, labels)
        wanted = {name: _gradient(parameter) for name, parameter in parameters.items()}
        everything = torch.ones(COMPARED, 64, 1, 1, device=device)
        _, output = step.learn(images, labels, 1.0, everything, 1.0)
        # At a learning rate of 1, what a weight has moved by is its gradient.
        found = {
            name: (before[name] - parameter.detach()) if step.learns else _gradient(parameter)
            for name, parameter in parameters.items()
        }
    finally:
        # A kernel may fail where others have moved their weights.
        model.train()
        with torch.no_grad():
            for name, parameter in parameters.items():
                parameter.copy_(before[name])
                parameter.grad = None
    limit = APART[precision]
    apart = {name: _distance(found[name], wanted[name]) for name in parameters}
    for name, distance in {**apart, "output": _distance(output, expected)}.items():
        if not distance <= limit:  # nor is what is not a number
            raise ArithmeticError(f"{name} is {distance:.1%} off, where {limit:.1%} may be")
    return apart


def _distance(found: Tensor, wanted: Tensor) -> float:
    return float((found - wanted).norm() / wanted.norm())


def _gradient(parameter: Tensor) -> Tensor:
    assert parameter.grad is not None
    return parameter.grad
