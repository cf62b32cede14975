"""Several training steps, one after the other."""

from collections.abc import Iterable

import torch
from torch import Tensor

from mnist_tui.data.device_split import DeviceSplit
from mnist_tui.engine.steps.base import Step


class Steps:
    """Takes training steps. Nothing here waits for the device, and nothing depends on values
    that the device does not have, so that steps can be captured in a graph."""

    def __init__(self, step: Step, split: DeviceSplit, batch_size: int) -> None:
        self._step = step
        self._split = split
        self._batch_size = batch_size
        self.device = split.labels.device

    def take(
        self, indices: Tensor, lrs: Iterable[float | Tensor], losses: Tensor, hits: Tensor
    ) -> None:
        """Take a step on each of the batches that follow one another in `indices`.

        What can be done for all batches at once is: on a GPU a small kernel costs as much
        as a larger one.

        Args:
            indices: (N,) int64 on the device, which examples; only the last batch may be small.
            lrs: The learning rate of each of the K batches.
            losses: (K,) float32; each batch's mean loss per sample is written here.
            hits: (N,) bool; whether each example was predicted right, before its step.
        """
        images, labels = self._split.gather(indices)
        batch_losses, outputs = [], []
        size = self._batch_size
        batches = zip(torch.split(images, size), torch.split(labels, size), lrs, strict=True)
        for batch_images, batch_labels, lr in batches:
            loss, output = self._step(batch_images, batch_labels, lr)
            batch_losses.append(loss)
            outputs.append(output)
        torch.stack(batch_losses, out=losses)
        torch.eq(torch.cat(outputs).argmax(dim=1), labels, out=hits)
