"""One split of a dataset as tensors on a device."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mnist_tui.data.dataset import Split


class DeviceSplit:
    """One split of a dataset, whole on the device; batches are gathered and scaled there.

    On a CPU it shares the split's own memory, which is only read.
    """

    def __init__(self, split: Split, device: torch.device) -> None:
        self.images = _to_device(split.images, device).unsqueeze(1)
        """(N, 1, 28, 28) uint8."""
        self.labels = _to_device(split.labels, device)
        """(N,) int64."""

    def __len__(self) -> int:
        return len(self.labels)

    def gather(self, indices: Tensor) -> tuple[Tensor, Tensor]:
        """Return the examples at `indices`.

        Args:
            indices: (B,) int64 on the device.

        Returns:
            (B, 1, 28, 28) float32 in [0, 1], and (B,) int64 labels.
        """
        return scale(self.images[indices]), self.labels[indices]

    def slice(self, start: int, stop: int) -> tuple[Tensor, Tensor]:
        """Return the examples from `start` up to `stop`, as `gather` does."""
        return scale(self.images[start:stop]), self.labels[start:stop]


def _to_device(array: NDArray[Any], device: torch.device) -> Tensor:
    # torch.from_numpy needs a writable array, so a read-only one is copied.
    return torch.from_numpy(np.require(array, requirements="W")).to(device)


def scale(images: Tensor) -> Tensor:
    """Convert gray values of 0 to 255 to float32 in [0, 1], as torchvision's ToTensor does.

    Bit for bit on a CPU; CUDA multiplies by the divisor's inverse, which may round otherwise.
    """
    return images.to(torch.float32).div_(255)
