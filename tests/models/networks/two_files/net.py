"""A network in several files, beside one called as a module of Python's own library."""

import random
from dataclasses import dataclass

from blocks import Pooled
from torch import Tensor, nn

assert random.sample(range(3), 3), "Python's own"


@dataclass
class Sizes:
    hidden: "int" = 20


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.pooled = Pooled(4)
        self.fc = nn.Sequential(nn.LazyLinear(Sizes().hidden), nn.ReLU(), nn.LazyLinear(10))

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.pooled(x).flatten(1))
