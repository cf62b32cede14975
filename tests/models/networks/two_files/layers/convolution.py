"""A layer in a folder of its own."""

from torch import nn


def convolution(filters: int) -> nn.Conv2d:
    return nn.Conv2d(1, filters, 5)
