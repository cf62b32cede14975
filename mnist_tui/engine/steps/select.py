"""Which implementation of a training step a run uses."""

import logging
from collections.abc import Callable, Mapping
from typing import Any, Final

import torch

from mnist_tui.config import TrainConfig
from mnist_tui.devices import has_tf32, is_out_of_memory
from mnist_tui.engine.steps.base import AutogradStep, Step
from mnist_tui.engine.steps.compare import check
from mnist_tui.engine.steps.native.fast_step import FastStep
from mnist_tui.engine.steps.native.library import NativeUnavailableError
from mnist_tui.engine.steps.native.mnist_step import MnistStep
from mnist_tui.models.classifier import Classifier
from mnist_tui.models.fast_net import FastNet
from mnist_tui.models.mnist_net import MnistNet
from mnist_tui.models.registry import MNIST_CLASSES, Net

log: Final = logging.getLogger(__name__)

_MAX_FUSED_BATCH: Final = 1024
"""Examples per batch: the fused kernels keep partial sums, up to 170 kB for each of them."""

MakeNativeStep = Callable[[Any, torch.optim.Optimizer, TrainConfig, str], MnistStep | FastStep]
NATIVE_STEPS: Final[Mapping[type[Net], MakeNativeStep]] = {MnistNet: MnistStep, FastNet: FastStep}
"""What makes a step by native kernels of each network."""

Warn = Callable[[str], None]
MakeStep = Callable[[Classifier, torch.optim.Optimizer, TrainConfig, torch.device, str, Warn], Step]
"""Makes a step of a network, its optimizer, the run's settings, a device, a precision, and what is
called, with a sentence, when there could be a faster step."""


def select_step(
    classifier: Classifier,
    optimizer: torch.optim.Optimizer,
    config: TrainConfig,
    device: torch.device,
    precision: str,
    warn: Warn,
) -> Step:
    """Make the fastest step that this device and its software have.

    Kernels of our own, which there are for the built-in networks only, are compiled here, which
    takes some seconds the first time on a machine, and compared with autograd.

    Args:
        classifier: On `device`.
        precision: `fp32`, `tf32` or `bf16`.
        warn: Called, with a sentence, when there could be a faster step.
    """
    autograd = AutogradStep(classifier, optimizer, config, device, precision)
    model = classifier.module
    # Not of a subclass, which may compute something else.
    if device.type == "cpu" and (type(model) is MnistNet or type(model) is FastNet):
        return native_or(autograd, model, optimizer, config, precision)
    can_fuse = has_tf32(device) and config.batch_size <= _MAX_FUSED_BATCH
    if can_fuse and type(model) is MnistNet and model.fc2.out_features == MNIST_CLASSES:
        return fused_or(autograd, model, optimizer, config, precision, warn)
    return autograd


def native_or(
    autograd: AutogradStep,
    model: Net,
    optimizer: torch.optim.Optimizer,
    config: TrainConfig,
    precision: str,
) -> Step:
    """Make a step of native kernels where they compile and are right, else return `autograd`."""
    try:
        step = NATIVE_STEPS[type(model)](model, optimizer, config, precision)
        check(step, autograd, model, precision)
    except (NativeUnavailableError, ArithmeticError) as error:
        log.info("training falls back to PyTorch's kernels: %s", error)
        return autograd
    log.info("training uses native kernels")
    return step


def fused_or(
    autograd: AutogradStep,
    model: MnistNet,
    optimizer: torch.optim.Optimizer,
    config: TrainConfig,
    precision: str,
    warn: Warn,
) -> Step:
    """Make a step of fused kernels where they compile and are right, else return `autograd`."""
    try:
        from mnist_tui.engine.steps.fused import FusedStep
    except ImportError as error:  # as on Windows, where torch comes without Triton
        log.info("no fused kernels: %s", error)
        return autograd
    try:
        step = FusedStep(model, optimizer, config, precision)
        check(step, autograd, model, precision)
    except Exception as error:  # Triton raises many kinds, without a C compiler for one
        if is_out_of_memory(error):
            raise
        log.info("no fused kernels", exc_info=True)
        reason = (str(error).strip() or type(error).__name__).splitlines()[-1]
        warn(
            f"training falls back to PyTorch's kernels, which are slower: the fused kernels "
            f"cannot be used ({reason})"
        )
        return autograd
    return step
