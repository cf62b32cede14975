"""What can be seen of a network without running it, and what running it changes."""

import pickle
import random
from typing import Any

import numpy as np
from torch import Tensor, nn

from mnist_tui.errors import UsageError


def inspect(module: nn.Module, name: str) -> None:
    """Look at a network's parameters and its state.

    Raises:
        UsageError: When it has nothing to train, hides it, or keeps what no checkpoint can hold.
    """
    trained = {id(parameter) for parameter in module.parameters()}
    for layer in module.modules():
        for attribute, value in vars(layer).items():
            if not attribute.startswith("_") and _hides_parameters(value, trained):
                kind = type(value).__name__
                better = "nn.ModuleDict" if kind == "dict" else "nn.ModuleList"
                raise UsageError(
                    f"{type(layer).__name__}.{attribute} is a plain {kind} of layers, which "
                    f"would not be trained: make it an {better}"
                )
    if not any(parameter.requires_grad for parameter in module.parameters()):
        raise UsageError(f"{name} has no weights to train")
    for key, value in module.state_dict().items():
        if not isinstance(value, Tensor):
            raise UsageError(
                f"{name} keeps {key} in its state_dict, which is a {type(value).__name__}: a "
                "checkpoint holds tensors alone"
            )


def _hides_parameters(value: object, trained: set[int]) -> bool:
    """Whether a list, tuple or dict has layers or parameters that the network does not know."""
    items: Any = value.values() if isinstance(value, dict) else value
    if not isinstance(value, list | tuple | dict):
        return False
    return any(
        id(parameter) not in trained
        for item in items
        for parameter in (
            item.parameters()
            if isinstance(item, nn.Module)
            else [item] * isinstance(item, nn.Parameter)
        )
    )


class Leftovers:
    """What a network changes as it runs, and no checkpoint holds; made before it runs."""

    def __init__(self, module: nn.Module) -> None:
        self._module = module
        self._attributes = _plain_attributes(module)
        self._generators = _host_generators()

    def describe(self, name: str) -> list[str]:
        """Say it, in sentences."""
        after = _plain_attributes(self._module)
        changed = [key for key, value in after.items() if self._attributes.get(key) != value]
        found = [
            f"{key} of {name} changes while it runs, and no checkpoint holds it: a resumed run "
            "begins it anew; make it a buffer"
            for key in changed[:1]
        ]
        found += [
            f"{name} draws random numbers from {generator}, whose state no checkpoint holds: a "
            "resumed run will be another one; draw them from torch"
            for generator, state in _host_generators().items()
            if state != self._generators[generator]
        ]
        return found


def _plain_attributes(module: nn.Module) -> dict[str, Any]:
    """The attributes of a network and its layers that are in no state_dict; tensors by identity."""
    return {
        f"{prefix}{'.' if prefix else ''}{name}": id(value) if isinstance(value, Tensor) else value
        for prefix, layer in module.named_modules()
        for name, value in vars(layer).items()
        if name != "training"
        and not name.startswith("_")
        and isinstance(value, int | float | str | Tensor)
    }


def _host_generators() -> dict[str, Any]:
    """The states of generators that are not torch's, by their names."""
    state = np.random.get_state(legacy=False)
    return {"Python's random": random.getstate(), "NumPy's random": pickle.dumps(state)}
