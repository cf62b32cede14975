"""The digits on the device, and the order in which an epoch visits them."""

import torch
from torch import Tensor

from mnist_tui.data.digits import Split


class DeviceSplit:
    """One split of the digits, whole on the device; batches are gathered and scaled there."""

    def __init__(self, split: Split, device: torch.device) -> None:
        # The arrays may be read-only views of a file's bytes, which torch does not like.
        self.images = torch.tensor(split.images, device=device).unsqueeze(1)
        """(N, 1, 28, 28) uint8."""
        self.labels = torch.tensor(split.labels, device=device)
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


def scale(images: Tensor) -> Tensor:
    """Grey values of 0 to 255 as float32 in [0, 1], as torchvision's ToTensor gives them."""
    return images.to(torch.float32).div_(255)


def epoch_order(seed: int, epoch: int, count: int) -> Tensor:
    """The order in which an epoch visits `count` digits: (count,) int64 on the CPU.

    It depends on the seed and the epoch alone, so that a resumed epoch goes on in it.
    """
    generator = torch.Generator().manual_seed(seed * 1_000_003 + epoch)
    return torch.randperm(count, generator=generator)
