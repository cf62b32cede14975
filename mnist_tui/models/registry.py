"""The networks of this package, by the names that settings and checkpoints use."""

from collections.abc import Mapping
from typing import Final

import torch
from torch import Tensor, nn

from mnist_tui.models.classifier import Classifier
from mnist_tui.models.fast_net import FastNet
from mnist_tui.models.mnist_net import MnistNet
from mnist_tui.models.source import ModelSource

Net = MnistNet | FastNet
"""Any of the networks of this package."""

MODELS: Final[Mapping[str, ModelSource]] = {
    "mnist_net": ModelSource(name="mnist_net", make=MnistNet),
    "fast_net": ModelSource(name="fast_net", make=FastNet),
}
"""What makes each network, by its name in TrainConfig and checkpoints."""

MNIST_CLASSES: Final = 10
"""The classes of MNIST's images, and of a checkpoint that does not say how many it has."""


def build_model(model: str | ModelSource, num_classes: int) -> Classifier:
    """Make a network with fresh weights, drawn from torch's default generator.

    Args:
        model: The name of a network of this package, or where another one comes from.
        num_classes: How many classes it tells apart.
    """
    return (MODELS[model] if isinstance(model, str) else model).build(num_classes)


def count_parameters(model: nn.Module) -> int:
    """Count the trainable parameters."""
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)


def find_mismatch(state: Mapping[str, Tensor], model: nn.Module) -> str | None:
    """Describe what keeps `state` from being this model's weights; None when nothing does."""
    wanted = model.state_dict()
    parameters = {name for name, _ in model.named_parameters(remove_duplicate=False)}
    for name, tensor in wanted.items():
        found = state.get(name)
        if not isinstance(found, Tensor):
            return f"it has no {name}"
        if found.shape != tensor.shape or found.dtype != tensor.dtype:
            return f"its {name} is {tuple(found.shape)} {found.dtype}, not {tuple(tensor.shape)}"
        # A buffer may hold infinities, as the mask of an attention does.
        if name in parameters and not torch.isfinite(found).all():
            return f"its {name} has values that are not numbers"
    extra = sorted(set(state) - set(wanted))
    return f"it has {extra[0]!r}, which this model has not" if extra else None
