"""Which of the ways to take a training step a run has."""

import logging
from collections.abc import Callable
from typing import Final

import torch

from mnist_tui.config import TrainConfig
from mnist_tui.devices import has_tf32, is_out_of_memory
from mnist_tui.engine.steps.base import AutogradStep, Step
from mnist_tui.engine.steps.direct import DirectStep
from mnist_tui.models.mnist_net import MnistNet
from mnist_tui.models.registry import Net

log: Final = logging.getLogger(__name__)

_MOST_FUSED: Final = 1024
"""Digits per batch: kernels of our own keep partial sums, which take up to 170 kB a digit."""


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
    if isinstance(model, MnistNet):
        if device.type == "cpu" and not config.label_smoothing:
            return DirectStep(model, optimizer, config, device)
        if has_tf32(device) and config.batch_size <= _MOST_FUSED:
            autograd = AutogradStep(model, optimizer, config, device)
            return fused_or(autograd, model, optimizer, config, warn)
    return AutogradStep(model, optimizer, config, device)


def fused_or(
    autograd: AutogradStep,
    model: MnistNet,
    optimizer: torch.optim.Optimizer,
    config: TrainConfig,
    warn: Callable[[str], None],
) -> Step:
    """Kernels of our own where they can be compiled and are right, else `autograd`."""
    try:
        from mnist_tui.engine.steps.fused import FusedStep, compare
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
