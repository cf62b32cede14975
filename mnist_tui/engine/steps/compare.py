"""Comparing a way to take training steps with autograd, before a run relies on it."""

from contextlib import suppress
from typing import Final, Protocol

import torch
from torch import Tensor, nn

from mnist_tui.engine.steps.base import AutogradStep
from mnist_tui.models.registry import Net

COMPARED: Final = 32
"""Examples that a step is compared on, whatever the run's batch size."""
TRIES: Final = 5
"""Batches that a step is compared on until one agrees."""
TOLERANCE: Final = {"fp32": 1e-3, "tf32": 0.1, "bf16": 0.25}
"""How far a gradient may be from autograd's, as a part of its norm. On an H100, with 32 examples
and initial weights, both steps were a third of that from the truth at most."""

LEAST: Final = 1e-3
"""A gradient whose norm is less than this part of all gradients' is measured by that part."""


class LearningStep(Protocol):
    """A way to take a step that can do without dropout, and without the optimizer."""

    updates: bool
    """Whether `learn` moves the weights."""

    def learn(self, images: Tensor, labels: Tensor, lr: float | Tensor) -> tuple[Tensor, Tensor]:
        """Take the step, or leave the gradients with the parameters; see Step."""


def check(step: LearningStep, autograd: AutogradStep, model: Net, precision: str) -> None:
    """Compare a step with one by autograd, on a few batches; one must agree.

    Where rounding alone decides which of four values is pooled, or whether ReLU passes one on,
    two steps that are right differ by more than rounding, in about one batch of fifteen.

    Raises:
        ArithmeticError: When none does.
    """
    for seed in range(TRIES - 1):
        with suppress(ArithmeticError):
            compare(step, autograd, model, precision, seed)
            return
    compare(step, autograd, model, precision, TRIES - 1)


def compare(
    step: LearningStep, autograd: AutogradStep, model: Net, precision: str, seed: int = 0
) -> dict[str, float]:
    """Compare a step with one by autograd; the model stays as it was. Waits for the device.

    Returns:
        How far each gradient is from autograd's, as a part of its norm or of LEAST, by its
        parameter's name.

    Raises:
        ArithmeticError: Where that is more than rounding explains.
    """
    device = next(model.parameters()).device
    generator = torch.Generator().manual_seed(seed)
    images = torch.rand(COMPARED, 1, 28, 28, generator=generator)
    images[::2, :, :10] = 0  # some steps treat what is black in another way
    images = images.to(device)
    labels = torch.randint(0, model.fc2.out_features, (COMPARED,), generator=generator).to(device)
    parameters = dict(model.named_parameters())
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    for module in model.modules():
        if isinstance(module, nn.Dropout2d):
            module.eval()
    try:
        _, expected = autograd.differentiate(images, labels)
        wanted = {name: _gradient(parameter) for name, parameter in parameters.items()}
        _, output = step.learn(images, labels, 1.0)
        # At a learning rate of 1, a weight has moved by its gradient.
        found = {
            name: (before[name] - parameter.detach()) if step.updates else _gradient(parameter)
            for name, parameter in parameters.items()
        }
    finally:
        # A kernel may fail after others have updated their weights.
        model.train()
        model.load_state_dict(before)
        for parameter in parameters.values():
            parameter.grad = None
    limit = TOLERANCE[precision]
    # A bias that a normalization takes out again has a gradient of rounding errors alone.
    least = LEAST * torch.stack([gradient.norm() for gradient in wanted.values()]).norm()
    apart = {name: _distance(found[name], wanted[name], least) for name in parameters}
    for name, distance in {**apart, "output": _distance(output, expected, least)}.items():
        if not distance <= limit:  # NaN is not, either
            raise ArithmeticError(f"{name} is {distance:.1%} off, where {limit:.1%} may be")
    return apart


def _distance(found: Tensor, wanted: Tensor, least: Tensor) -> float:
    return float((found - wanted).norm() / torch.maximum(wanted.norm(), least))


def _gradient(parameter: Tensor) -> Tensor:
    assert parameter.grad is not None
    return parameter.grad
