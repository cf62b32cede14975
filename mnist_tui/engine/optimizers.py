"""The optimizers and the schedules of the learning rate, by the names that TrainConfig uses."""

import inspect
import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from mnist_tui.config import TrainConfig


def _leave_compiler_out() -> None:
    """Keep torch from importing its compiler when an optimizer is made.

    Several of the optimizers' methods are wrapped so that the compiler skips them, and the
    wrapper imports it on the first call, which takes longer than importing torch itself.
    Nothing is compiled here: each wrapper is made to call its function directly.
    Where a version of torch wraps them differently, this finds nothing and costs only time.
    """
    for kind in (torch.optim.Optimizer, torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW):
        for method in vars(kind).values():
            home = getattr(method, "__globals__", {}).get("__name__")
            if home == "torch._compile" and hasattr(method, "__wrapped__"):
                method.__wrapped__.__dynamo_disable = method.__wrapped__


def build_optimizer(model: nn.Module, config: TrainConfig) -> torch.optim.Optimizer:
    """Make the optimizer that `config` names, over all of the model's parameters."""
    _leave_compiler_out()
    parameters = list(model.parameters())
    # One pass over all weights instead of one per weight tensor and operation.
    devices = {parameter.device.type for parameter in parameters}
    fused = devices <= {"cpu", "cuda"}
    if config.optimizer == "adamw":
        adamw = torch.optim.AdamW(
            parameters,
            lr=config.lr,
            betas=(config.beta1, config.beta2),
            weight_decay=config.weight_decay,
            fused=fused,
            capturable=devices == {"cuda"},
        )
        # Else it warns, before the first capture, that it could be captured and is not.
        adamw._warned_capturable_if_run_uncaptured = True
        return adamw
    momentum = {"sgd": 0.0, "momentum": 0.9}[config.optimizer]
    return torch.optim.SGD(parameters, lr=config.lr, momentum=momentum, fused=fused)


def load_state(optimizer: torch.optim.Optimizer, state: dict[str, Any]) -> None:
    """Load what `optimizer.state_dict()` gave, on whatever device that was.

    How steps are computed (fused, capturable) depends on this device, and stays.

    Raises:
        Exception: Of whatever kind torch raises, when it does not fit.
    """
    kept = {"params", "lr"}
    groups = [
        {**theirs, **{key: value for key, value in ours.items() if key not in kept}}
        for ours, theirs in zip(optimizer.param_groups, state["param_groups"], strict=True)
    ]
    optimizer.load_state_dict({**state, "param_groups": groups})
    # Fused optimizers go through the memory of a weight and of its state side by side.
    for parameter, values in optimizer.state.items():
        for name, value in values.items():
            if isinstance(value, Tensor) and value.shape == parameter.shape:
                values[name] = torch.empty_like(parameter).copy_(value)


def plain_step(optimizer: torch.optim.Optimizer) -> Callable[[float | Tensor], None]:
    """Return the optimizer's step as a function of the learning rate, without torch's wrappers.

    The wrappers import the compiler, as above, and run hooks that nobody has set.
    """
    step = inspect.unwrap(type(optimizer).step)

    @torch.no_grad()
    def step_at(lr: float | Tensor) -> None:
        for group in optimizer.param_groups:
            group["lr"] = lr
        step(optimizer)

    return step_at


def scheduled_lr(config: TrainConfig, step: int, total_steps: int) -> float:
    """Compute the learning rate of the step after `step` others, before the user's changes.

    `one-cycle` is PyTorch's OneCycleLR with its defaults: along half a cosine from a 25th of
    `config.lr` up to it over 30 % of the steps, then down along another to nearly nothing
    (Smith and Topin, Super-Convergence, 2018).
    """
    if config.schedule == "constant":
        return config.lr
    peak, last = max(1.0, 0.3 * total_steps - 1), total_steps - 1
    if step <= peak:
        return _along_cosine(config.lr / 25, config.lr, step / peak)
    done = min(1.0, (step - peak) / (last - peak)) if last > peak else 1.0
    return _along_cosine(config.lr, config.lr / 250_000, done)


def _along_cosine(start: float, end: float, done: float) -> float:
    return end + 0.5 * (start - end) * (1.0 + math.cos(math.pi * done))
