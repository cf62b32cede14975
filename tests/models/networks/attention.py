"""Attention over patches of 7 x 7, each of which sees itself and those before."""

import torch
from torch import Tensor, nn


class Patches(nn.Module):
    def __init__(self, width: int = 16) -> None:
        super().__init__()
        self.embed = nn.Conv2d(1, width, kernel_size=7, stride=7)
        self.place = nn.Parameter(torch.randn(1, 16, width) * 0.02)
        self.attention = nn.MultiheadAttention(width, 2, dropout=0.1, batch_first=True)
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, 10)
        self.register_buffer("mask", torch.full((16, 16), float("-inf")).triu(1))

    def forward(self, x: Tensor) -> Tensor:
        x = self.embed(x).flatten(2).transpose(1, 2) + self.place  # (N, 16, width)
        x = x + self.attention(x, x, x, attn_mask=self.mask, need_weights=False)[0]
        return self.head(self.norm(x).mean(dim=1))
