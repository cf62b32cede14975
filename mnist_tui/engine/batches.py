"""The digits on the device, and the order in which an epoch visits them."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mnist_tui.data.dataset import Split


class DeviceSplit:
    """One split of the digits, whole on the device; batches are gathered and scaled there.

    On a CPU it is the split's own memory, which is only read.
    """

    def __init__(self, split: Split, device: torch.device) -> None:
        self.images = _on(device, split.images).unsqueeze(1)
        """(N, 1, 28, 28) uint8."""
        self.labels = _on(device, split.labels)
        """(N,) int64."""

    def __len__(self) -> int:
        return len(self.labels)

    def gather(self, indices: Tensor) -> tuple[Tensor, Tensor]:
        """The digits at `indices`.

        Args:
            indices: (B,) int64 on the device.

        Returns:
            (B, 1, 28, 28) float32 in [0, 1], and (B,) int64 labels.
        """
        return scale(self.images[indices]), self.labels[indices]

    def slice(self, start: int, stop: int) -> tuple[Tensor, Tensor]:
        """The digits from `start` up to `stop`, as `gather` gives them."""
        return scale(self.images[start:stop]), self.labels[start:stop]


def _on(device: torch.device, array: NDArray[Any]) -> Tensor:
    # Of what must not be written to, torch wants a copy.
    return torch.from_numpy(np.require(array, requirements="W")).to(device)


def scale(images: Tensor) -> Tensor:
    """Gray values of 0 to 255 as float32 in [0, 1], as torchvision's ToTensor gives them.

    Bit for bit on a CPU; CUDA multiplies by the divisor's inverse, which may round otherwise.
    """
    return images.to(torch.float32).div_(255)


def epoch_order(seed: int, epoch: int, count: int) -> Tensor:
    """The order in which an epoch visits `count` digits: (count,) int64 on the CPU.

    It depends on the seed and the epoch alone, so that a resumed epoch goes on in it.
    """
    generator = torch.Generator().manual_seed(seed * 1_000_003 + epoch)
    return torch.randperm(count, generator=generator)
