"""The networks, and the registry that names them in settings and checkpoints."""

from collections.abc import Callable, Mapping
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def laid_out(x: Tensor) -> Tensor:
    """(B, 1, 28, 28) images with their channels last, except on CUDA.

    There, weights and their gradients would be copied into that layout and back in every
    step, each copy a kernel of its own, and small batches take as long as they have kernels.
    """
    if x.is_cuda:
        return x
    # This view has channels-last strides for certain; with a single channel,
    # `to(memory_format=...)` may leave them as they are.
    return x.reshape(-1, 28, 28, 1).permute(0, 3, 1, 2)


class MnistNet(nn.Module):
    """The tutorial's network: two convolutions, dropout of whole channels, two linear layers.

    It computes what the tutorial's class computes, from weights with the same names, shapes
    and layout; two things are arranged for speed, and neither changes a value. ReLU comes
    after the max-pooling: it is monotonic, so that they commute exactly, in the gradient
    too, and it has a quarter of the work. And except on CUDA the activations lie with their
    channels last, in which order CPUs pool several times faster.
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 32, kernel_size=3)
        self.conv2 = nn.Conv2d(32, 64, kernel_size=3)
        self.dropout = nn.Dropout2d(0.25)
        self.fc1 = nn.Linear(9216, 128)
        self.fc2 = nn.Linear(128, 10)

    def forward(self, x: Tensor) -> Tensor:
        """Log-probabilities.

        Args:
            x: (B, 1, 28, 28) floating point in [0, 1].

        Returns:
            (B, 10), the logarithms of the ten classes' probabilities.
        """
        x = laid_out(x)  # (B, 1, 28, 28)
        x = self.first_layer(x)  # (B, 32, 26, 26)
        x = F.max_pool2d(self.conv2(x), 2)  # (B, 64, 12, 12)
        # ReLU before the copy to channels-first: the pooling's gradient stays channels-last.
        x = F.relu(x, inplace=True).contiguous()
        x = self.dropout(x).flatten(1)  # (B, 9216)
        x = F.relu(self.fc1(x), inplace=True)  # (B, 128)
        return F.log_softmax(self.fc2(x).float(), dim=1)

    def first_layer(self, x: Tensor) -> Tensor:
        """What the filters of `conv1` make of (B, 1, 28, 28) images: (B, 32, 26, 26), from 0 on."""
        return F.relu(self.conv1(x), inplace=True)


class FastNet(nn.Module):
    """The recipe `fast`'s network: 57,242 parameters that learn in a single epoch.

    Its first convolution takes strides of two, which leaves a quarter of the work and no
    pooling to do; batch normalization, on the small outputs only, lets the learning rate
    be high. It scales its inputs itself.
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, kernel_size=6, stride=2)
        self.norm1 = nn.BatchNorm2d(16)
        self.conv2 = nn.Conv2d(16, 32, kernel_size=3)
        self.norm2 = nn.BatchNorm2d(32)
        self.fc1 = nn.Linear(800, 64)
        self.fc2 = nn.Linear(64, 10)

    def forward(self, x: Tensor) -> Tensor:
        """Log-probabilities, as MnistNet's."""
        x = laid_out(x)
        x = self.first_layer(x)  # (B, 16, 12, 12)
        x = F.max_pool2d(self.conv2(x), 2)  # (B, 32, 5, 5)
        x = F.relu(self.norm2(x), inplace=True).flatten(1)  # (B, 800)
        x = F.relu(self.fc1(x), inplace=True)  # (B, 64)
        return F.log_softmax(self.fc2(x).float(), dim=1)

    def first_layer(self, x: Tensor) -> Tensor:
        """What the filters of `conv1` make of (B, 1, 28, 28) images: (B, 16, 12, 12), from 0 on."""
        x = (x - 0.1307) / 0.3081  # the mean and standard deviation of MNIST's training images
        return F.relu(self.norm1(self.conv1(x)), inplace=True)


Net = MnistNet | FastNet
"""Any of the networks: each has a first convolution `conv1`, and `first_layer`."""

MODELS: Final[Mapping[str, Callable[[], Net]]] = {
    "mnist_net": MnistNet,
    "fast_net": FastNet,
}
"""How to make each network, by the name that TrainConfig and checkpoints use."""


def build_model(name: str) -> Net:
    """A network of that name with fresh weights, drawn from torch's default generator."""
    return MODELS[name]()


def count_parameters(model: nn.Module) -> int:
    """How many numbers training moves."""
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)


def find_mismatch(state: Mapping[str, Tensor], model: nn.Module) -> str | None:
    """What keeps `state` from being this model's weights, in words; None when nothing does."""
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
