"""The network in a checkpoint, of this program or another one that has the same networks."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor

from mnist_tui.errors import CheckpointError
from mnist_tui.models.classifier import Classifier
from mnist_tui.models.registry import MNIST_CLASSES, MODELS, build_model, find_mismatch
from mnist_tui.store.checkpoint import Checkpoint, is_ours, to_checkpoint
from mnist_tui.store.torch_file import TorchFile, damaged, read_torch_file

_KEYS: Final = ("model_state_dict", "state_dict", "model", "net", "network", "weights")
"""Under which other programs keep a state dict, beside optimizers and the like."""
_PREFIXES: Final = ("module.", "_orig_mod.", "model.", "net.")
"""What DataParallel, torch.compile and Lightning modules put before every name."""


@dataclass(frozen=True)
class LoadedModel:
    """A network, ready to predict."""

    classifier: Classifier
    """On the CPU, in eval mode."""
    checkpoint: Checkpoint | None
    """What else was saved with it; None where it was weights alone."""
    notice: str = ""
    """What the user must know about it."""


def read_model(path: Path) -> LoadedModel:
    """Read the network in a checkpoint of this program, or in a state dict that fits one of its
    networks: as it is, under a usual key, or with usual prefixes before its names. Runs no code.

    Raises:
        CheckpointError: When there is none, or its weights are damaged.
    """
    file = read_torch_file(path)
    is_from_here = is_ours(file)
    if is_from_here and (file.is_sealed or not file.is_intact):
        checkpoint = to_checkpoint(file, path)
        return LoadedModel(load_model(checkpoint, path), checkpoint)
    if not file.is_intact:
        raise damaged(path)
    state = find_state_dict(file.values)
    if state is None:
        raise CheckpointError(f"{path} holds no weights of a network: {_describe(file)}")
    notice = (
        "this checkpoint was saved again by another program, which may have changed its weights"
        if is_from_here
        else "the weights are of another program: they get images with pixels from 0 to 1 here, "
        "and weights that were trained on images scaled otherwise predict worse"
    )
    return LoadedModel(_fit(state, path), None, notice)


def load_model(checkpoint: Checkpoint, path: Path) -> Classifier:
    """Make the checkpoint's network, on the CPU, in eval mode.

    Raises:
        CheckpointError: When the weights are not those of the network that it names.
    """
    classifier = build_model(checkpoint.config.model, len(checkpoint.classes))
    mismatch = find_mismatch(checkpoint.model, classifier.module)
    if mismatch is not None:
        raise CheckpointError(f"{path} is not a {checkpoint.config.model}: {mismatch}")
    classifier.module.load_state_dict(checkpoint.model)
    classifier.module.eval()
    return classifier


def find_state_dict(values: Any) -> dict[str, Tensor] | None:
    """The state dict in what was loaded, if any, without prefixes before its names."""
    found: Any = values
    if isinstance(values, Mapping) and not _is_state_dict(values):
        found = next((values[key] for key in _KEYS if _is_state_dict(values.get(key))), None)
    if not _is_state_dict(found):
        return None
    state = dict(found)
    while (prefix := _prefix(state)) is not None:
        state = {name.removeprefix(prefix): tensor for name, tensor in state.items()}
    return state


def _is_state_dict(values: Any) -> bool:
    return (
        isinstance(values, Mapping)
        and len(values) > 0
        and all(isinstance(name, str) for name in values)
        and all(isinstance(value, Tensor) for value in values.values())
    )


def _prefix(state: Mapping[str, Tensor]) -> str | None:
    for prefix in _PREFIXES:
        if all(name.startswith(prefix) for name in state):
            return prefix
    return None


def _fit(state: dict[str, Tensor], path: Path) -> Classifier:
    """The network whose weights these are, in whatever floating-point type they were saved."""
    for name in MODELS:
        classifier = build_model(name, MNIST_CLASSES)
        model = classifier.module
        wanted = model.state_dict()
        if {key: tensor.shape for key, tensor in state.items()} != {
            key: tensor.shape for key, tensor in wanted.items()
        }:
            continue
        converted = {
            key: tensor.to(wanted[key].dtype) if tensor.is_floating_point() else tensor
            for key, tensor in state.items()
        }
        mismatch = find_mismatch(converted, model)
        if mismatch is not None:
            raise CheckpointError(f"{path} cannot be used: {mismatch}")
        model.load_state_dict(converted)
        model.eval()
        return classifier
    name, tensor = next(iter(state.items()))
    shape = " x ".join(map(str, tensor.shape)) or "one number"
    raise CheckpointError(
        f"{path} holds the weights of another network, {len(state)} tensors, the first "
        f"{name[:80]!r} of {shape}; only those of {' and '.join(MODELS)} can be read"
    )


def _describe(file: TorchFile) -> str:
    values = file.values
    if isinstance(values, Mapping):
        if "pytorch-lightning_version" in values:
            return "it is a checkpoint of PyTorch Lightning whose state_dict is not one of tensors"
        return (
            f"it is a dict of {', '.join(repr(key)[:40] for key in list(values)[:5]) or 'nothing'}"
        )
    kind = "tensor" if isinstance(values, torch.Tensor) else type(values).__name__
    return f"it is a {kind}"
