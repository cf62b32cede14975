"""A block of the network beside it."""

from layers.convolution import convolution
from torch import Tensor, nn


class Pooled(nn.Module):
    def __init__(self, filters: int) -> None:
        super().__init__()
        self.conv = convolution(filters)

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.max_pool2d(self.conv(x).relu(), 4)
