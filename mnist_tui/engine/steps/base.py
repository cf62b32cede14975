"""One training step: what all implementations have in common, and the one by autograd."""

from abc import ABC, abstractmethod
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

from mnist_tui.config import TrainConfig
from mnist_tui.engine.optimizers import plain_step
from mnist_tui.models.classifier import Classifier
from mnist_tui.models.mnist_net import MnistNet


class Step(Protocol):
    """Takes a training step, and waits for nothing."""

    kernels: str
    """Which implementation computes the step; recorded in config.json because implementations
    differ in the last bits."""

    def __call__(self, images: Tensor, labels: Tensor, lr: float | Tensor) -> tuple[Tensor, Tensor]:
        """Take a step on a batch.

        Args:
            images: (B, 1, 28, 28) float32 in [0, 1].
            labels: (B,) int64.
            lr: The learning rate; a tensor is on the device.

        Returns:
            The mean loss without label smoothing, and the (B, 10) log-probabilities, both from
            before the step.
        """


class AutogradStep:
    """A step by PyTorch's own operations: any network, on any device."""

    kernels = "PyTorch's kernels"

    def __init__(
        self,
        classifier: Classifier,
        optimizer: torch.optim.Optimizer,
        config: TrainConfig,
        device: torch.device,
        precision: str,
    ) -> None:
        self._classifier = classifier
        self._parameters = tuple(classifier.module.parameters())
        self._update = plain_step(optimizer)
        self._smoothing = config.label_smoothing
        self._autocast = torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16")
        # `backward` makes it by itself, which on a GPU is a kernel in each step. Elsewhere it is
        # not given: torch would import a third of a second's worth of modules to check it.
        self._one = torch.ones((), device=device) if device.type == "cuda" else None

    def __call__(self, images: Tensor, labels: Tensor, lr: float | Tensor) -> tuple[Tensor, Tensor]:
        loss, output = self.differentiate(images, labels)
        self._update(lr)
        return loss, output

    def differentiate(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Leave the gradients with the parameters; return what a step returns."""
        with self._autocast:
            output = self._classifier(images)  # (B, 10)
        loss = F.nll_loss(output, labels)
        # The loss that is reported has no smoothing, so that the validation's compares with it.
        target = self._smooth(loss, output)
        for parameter in self._parameters:
            parameter.grad = None
        target.backward(self._one)
        return loss.detach(), output.detach()

    def _smooth(self, loss: Tensor, output: Tensor) -> Tensor:
        """The loss to learn from: a part of each target is spread over all classes."""
        smoothing = self._smoothing
        return (1 - smoothing) * loss - smoothing * output.mean() if smoothing else loss


class MnistKernels(ABC):
    """A step of MnistNet by kernels of our own, with dropout as PyTorch draws it.

    Plain gradient descent is part of the kernels; other optimizers find the gradients where
    autograd would leave them.
    """

    def __init__(
        self, model: MnistNet, optimizer: torch.optim.Optimizer, config: TrainConfig
    ) -> None:
        self._keep = 1.0 - model.dropout.p
        self._parameters = tuple(model.parameters())
        self._device = self._parameters[0].device
        self._update = plain_step(optimizer)
        self.updates = config.optimizer == "sgd"
        """Whether `learn` updates the weights itself."""
        self._smoothing = config.label_smoothing

    def __call__(self, images: Tensor, labels: Tensor, lr: float | Tensor) -> tuple[Tensor, Tensor]:
        # As PyTorch's Dropout2d draws them.
        keep_mask = torch.empty(len(images), 64, 1, 1, device=self._device).bernoulli_(self._keep)
        result = self.learn(images, labels, lr, keep_mask)
        if not self.updates:
            self._update(lr)
        return result

    @abstractmethod
    def learn(
        self, images: Tensor, labels: Tensor, lr: float | Tensor, keep_mask: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Take the step, or leave the gradients for the optimizer.

        Args:
            images, labels, lr: As in Step.
            keep_mask: (B, 64, 1, 1) float32, 1 for the channels that dropout keeps, else 0;
                None: there is no dropout.

        Returns:
            As in Step.
        """
