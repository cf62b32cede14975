"""An LSTM that reads an image row by row."""

from torch import Tensor, nn


class RowReader(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(input_size=28, hidden_size=16, batch_first=True)
        self.out = nn.Linear(16, 10)

    def forward(self, x: Tensor) -> Tensor:
        rows, _ = self.lstm(x.squeeze(1))
        return self.out(rows[:, -1])
