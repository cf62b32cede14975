"""One training step: what all ways to take one have in common, and the one by autograd."""

import logging
from collections.abc import Callable
from typing import Final, Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

from mnist_tui.config import TrainConfig
from mnist_tui.engine.devices import has_tf32, is_out_of_memory
from mnist_tui.engine.optimizers import plain_step
from mnist_tui.model import MnistNet, Net

log: Final = logging.getLogger(__name__)

_MOST_FUSED: Final = 1024
"""Digits per batch: kernels of our own keep partial sums, which take up to 170 kB a digit."""


class Step(Protocol):
    """Takes a training step, and waits for nothing."""

    kernels: str
    """Whose they are, in words: two ways differ in the last bits of what they compute."""

    def __call__(
        self, images: Tensor, labels: Tensor, rate: float | Tensor
    ) -> tuple[Tensor, Tensor]:
        """Take a step on a batch.

        Args:
            images: (B, 1, 28, 28) float32 in [0, 1].
            labels: (B,) int64.
            rate: The learning rate; a tensor lies on the device.

        Returns:
            The plain mean loss, and the (B, 10) log-probabilities, both from before the step.
        """


class AutogradStep:
    """By torch's own operations: any network, on any device."""

    kernels = "torch's kernels"

    def __init__(
        self,
        model: Net,
        optimizer: torch.optim.Optimizer,
        config: TrainConfig,
        device: torch.device,
    ) -> None:
        self._model = model
        self._parameters = tuple(model.parameters())
        self._optimizer = optimizer
        self._update = plain_step(optimizer)
        self._smoothing = config.label_smoothing
        self._autocast = torch.autocast(
            device.type, torch.bfloat16, enabled=config.precision == "bf16"
        )
        # `backward` makes it by itself, which on a GPU is a kernel in each step. Elsewhere it is
        # not given: torch would import a third of a second's worth of modules to check it.
        self._one = torch.ones((), device=device) if device.type == "cuda" else None

    def __call__(
        self, images: Tensor, labels: Tensor, rate: float | Tensor
    ) -> tuple[Tensor, Tensor]:
        """As in Step."""
        loss, output = self.differentiate(images, labels)
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        with torch.no_grad():
            self._update()
        return loss, output

    def differentiate(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """What a step returns; its gradients lie with the parameters then."""
        with self._autocast:
            output = self._model(images)  # (B, 10)
        loss = F.nll_loss(output, labels)
        # What is told stays the plain loss, which the validation's can be compared with.
        target = self._smooth(loss, output)
        for parameter in self._parameters:
            parameter.grad = None
        target.backward(self._one)  # type: ignore[no-untyped-call]
        return loss.detach(), output.detach()

    def _smooth(self, loss: Tensor, output: Tensor) -> Tensor:
        """The loss to learn from: `loss` with a part of each target spread over all classes."""
        smoothing = self._smoothing
        return (1 - smoothing) * loss - smoothing * output.mean() if smoothing else loss


def step_for(
    model: Net,
    optimizer: torch.optim.Optimizer,
    config: TrainConfig,
    device: torch.device,
    warn: Callable[[str], None],
) -> Step:
    """The fastest way to take steps that this device and its software have.

    Kernels of our own are compiled here, which takes some seconds the first time on a machine,
    and compared with autograd.

    Args:
        model: On `device`.
        optimizer: Of the model's parameters.
        config: The run's settings.
        device: Where.
        warn: Told, in words, when there could be a faster way.
    """
    autograd = AutogradStep(model, optimizer, config, device)
    if not has_tf32(device) or not isinstance(model, MnistNet) or config.batch_size > _MOST_FUSED:
        return autograd
    return fused_or(autograd, model, optimizer, config, warn)


def fused_or(
    autograd: AutogradStep,
    model: MnistNet,
    optimizer: torch.optim.Optimizer,
    config: TrainConfig,
    warn: Callable[[str], None],
) -> Step:
    """Kernels of our own where they can be compiled and are right, else `autograd`."""
    try:
        from mnist_tui.engine.fused import FusedStep, compare
    except ImportError as error:  # as on Windows, where torch comes without Triton
        log.info("no kernels of our own: %s", error)
        return autograd
    try:
        step = FusedStep(model, optimizer, config)
        compare(step, autograd, model, config)
    except Exception as error:  # Triton raises many kinds, without a C compiler for one
        if is_out_of_memory(error):
            raise
        log.info("no kernels of our own", exc_info=True)
        reason = (str(error).strip() or type(error).__name__).splitlines()[-1]
        warn(f"own kernels cannot be used ({reason}); torch's take the steps, which is slower")
        return autograd
    return step
