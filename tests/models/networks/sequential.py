"""A Sequential, whose last layer finds out its own size."""

from torch import nn


def make_net() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(1, 4, (28, 3)),
        nn.ReLU(),
        nn.Flatten(),
        nn.LazyLinear(10),
        nn.LogSoftmax(dim=1),
    )
