"""Dropout as a layer and as a function."""

from torch import Tensor, nn
from torch.nn import functional as F


class Dropped(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 7, stride=3)
        self.dropout = nn.Dropout(0.5)
        self.fc = nn.Linear(512, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = F.dropout2d(F.gelu(self.conv(x)), 0.2, training=self.training)
        return F.log_softmax(self.fc(self.dropout(x.flatten(1))), dim=-1)
