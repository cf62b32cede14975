"""A network that wants to be told its width, and a function that tells it."""

from functools import partial

from torch import Tensor, nn


class Wide(nn.Module):
    def __init__(self, width: int, classes: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(784, width), nn.Tanh())
        self.last = nn.Linear(width, classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.layers(x))


def make_net(num_classes: int, width: int = 12) -> Wide:
    return Wide(width, classes=num_classes)


narrow = partial(make_net, width=4)
