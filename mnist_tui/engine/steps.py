"""What a training step computes, and what several of them one after the other do."""

from collections.abc import Iterable

import torch
from torch import Tensor
from torch.nn import functional as F

from mnist_tui.config import TrainConfig
from mnist_tui.engine.batches import DeviceSplit
from mnist_tui.engine.optimizers import plain_step
from mnist_tui.model import Net


class Steps:
    """Takes training steps. Nothing here waits for the device, and nothing depends on values
    that the device does not have, so that steps can be recorded into a graph."""

    def __init__(
        self,
        model: Net,
        optimizer: torch.optim.Optimizer,
        digits: DeviceSplit,
        config: TrainConfig,
    ) -> None:
        self._model = model
        self._parameters = tuple(model.parameters())
        self._optimizer = optimizer
        self._update = plain_step(optimizer)
        self._digits = digits
        self._batch_size = config.batch_size
        self._smoothing = config.label_smoothing
        self.device = digits.labels.device
        self._autocast = torch.autocast(
            self.device.type, torch.bfloat16, enabled=config.precision == "bf16"
        )
        # `backward` makes it by itself, which on a GPU is a kernel in each step. Elsewhere it is
        # not given: torch would import a third of a second's worth of modules to check it.
        self._one = torch.ones((), device=self.device) if self.device.type == "cuda" else None

    def take(
        self, indices: Tensor, rates: Iterable[float | Tensor], losses: Tensor, hits: Tensor
    ) -> None:
        """Take a step on each of the batches that follow one another in `indices`.

        What can be done for all batches at once is: on a GPU a small kernel costs as much
        as a larger one.

        Args:
            indices: (N,) int64 on the device, which digits; only the last batch may be small.
            rates: One learning rate for each of the K batches.
            losses: (K,) float32; each batch's mean loss per sample is written here.
            hits: (N,) bool; whether each digit was guessed right, before its step.
        """
        images, labels = self._digits.gather(indices)
        told, outputs = [], []
        size = self._batch_size
        batches = zip(torch.split(images, size), torch.split(labels, size), rates, strict=True)
        for batch_images, batch_labels, rate in batches:
            loss, output = self._step(batch_images, batch_labels, rate)
            told.append(loss)
            outputs.append(output)
        torch.stack(told, out=losses)
        torch.eq(torch.cat(outputs).argmax(dim=1), labels, out=hits)

    def _step(self, images: Tensor, labels: Tensor, rate: float | Tensor) -> tuple[Tensor, Tensor]:
        """One step; the plain loss and the (B, 10) log-probabilities before it."""
        with self._autocast:
            output = self._model(images)  # (B, 10)
        loss = F.nll_loss(output, labels)
        # What is told stays the plain loss, which the validation's can be compared with.
        target = self._smooth(loss, output)
        for parameter in self._parameters:
            parameter.grad = None
        target.backward(self._one)  # type: ignore[no-untyped-call]
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        with torch.no_grad():
            self._update()
        return loss.detach(), output.detach()

    def _smooth(self, loss: Tensor, output: Tensor) -> Tensor:
        """The loss to learn from: `loss` with a part of each target spread over all classes."""
        smoothing = self._smoothing
        return (1 - smoothing) * loss - smoothing * output.mean() if smoothing else loss
