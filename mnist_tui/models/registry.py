"""Which networks there are, by the names that settings and checkpoints use."""

from collections.abc import Callable, Mapping
from typing import Final

import torch
from torch import Tensor, nn

from mnist_tui.models.fast_net import FastNet
from mnist_tui.models.mnist_net import MnistNet

Net = MnistNet | FastNet
"""Any of the networks: each has a first convolution `conv1`, and `first_layer`."""

MODELS: Final[Mapping[str, Callable[[int], Net]]] = {
    "mnist_net": MnistNet,
    "fast_net": FastNet,
}
"""What makes each network for a number of classes, by its name in TrainConfig and checkpoints."""


MNIST_CLASSES: Final = 10
"""The classes of MNIST's images, and of a checkpoint that does not say how many it has."""


def build_model(name: str, num_classes: int) -> Net:
    """Make a network of that name, with fresh weights drawn from torch's default generator."""
    return MODELS[name](num_classes)


def count_parameters(model: nn.Module) -> int:
    """Count the trainable parameters."""
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)


def find_mismatch(state: Mapping[str, Tensor], model: nn.Module) -> str | None:
    """Describe what keeps `state` from being this model's weights; None when nothing does."""
    wanted = model.state_dict()
    for name, tensor in wanted.items():
        found = state.get(name)
        if not isinstance(found, Tensor):
            return f"it has no {name}"
        if found.shape != tensor.shape or found.dtype != tensor.dtype:
            return f"its {name} is {tuple(found.shape)} {found.dtype}, not {tuple(tensor.shape)}"
        if not torch.isfinite(found).all():
            return f"its {name} has values that are not numbers"
    extra = sorted(set(state) - set(wanted))
    return f"it has {extra[0]!r}, which this model has not" if extra else None
