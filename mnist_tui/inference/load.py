"""The network in a checkpoint, of this program or another one that has the same networks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor

from mnist_tui.errors import CheckpointError, Remedy, UsageError
from mnist_tui.inference.model_source import named_source, source_of_run
from mnist_tui.models.classifier import Classifier
from mnist_tui.models.registry import MNIST_CLASSES, MODELS, build_model, find_mismatch
from mnist_tui.models.rehearsal import sample_output
from mnist_tui.models.source import ModelSource
from mnist_tui.run.classes import DIGITS, FEWEST_CLASSES, MOST_CLASSES
from mnist_tui.store.checkpoint import Checkpoint, is_ours, to_checkpoint
from mnist_tui.store.directory import RunDirectory
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
    classes: tuple[str, ...] = DIGITS
    """The names of the classes that it tells apart; numbers where the file has no names."""

    @property
    def is_handwriting(self) -> bool:
        """Whether it was trained on characters in MNIST's form."""
        return self.checkpoint is None or self.checkpoint.is_handwriting


def read_model(path: Path, model: str | ModelSource | None = None) -> LoadedModel:
    """Read the network in a checkpoint of this program, or in a state dict that fits one of its
    networks: as it is, under a usual key, or with usual prefixes before its names.

    Runs no code but that of a network of the user's own: what they name now, or have named before
    and is known by the run that the file is one of.

    Args:
        model: The network that the user says it is of, by name or as what makes it; None: that is
            found out.

    Raises:
        CheckpointError: When there is none, or its weights are damaged.
        UsageError: When it is of a network whose code cannot be imported, or must not be.
    """
    source = named_source(model)[0] if isinstance(model, str) else model
    file = read_torch_file(path)
    is_from_here = is_ours(file)
    if is_from_here and (file.is_sealed or not file.is_intact):
        checkpoint = to_checkpoint(file, path)
        classifier = load_model(checkpoint, path, source)
        return LoadedModel(classifier, checkpoint, classes=checkpoint.classes)
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
    sources = [source] if source is not None else list(MODELS.values())
    classifier, count = _fit(state, path, sources)
    return LoadedModel(classifier, None, notice, tuple(map(str, range(count))))


def load_model(checkpoint: Checkpoint, path: Path, source: ModelSource | None = None) -> Classifier:
    """Make the checkpoint's network, on the CPU, in eval mode.

    Args:
        source: What makes the network; None: what the run says that the file is one of.

    Raises:
        CheckpointError: When the weights are not those of the network that it names.
        UsageError: When the network's code cannot be imported, or must not be.
    """
    name = checkpoint.config.model
    if source is None:
        source = MODELS.get(name) or source_of_run(_run_of(path, name), name, may_have_changed=True)
    classifier = build_model(source, len(checkpoint.classes))
    mismatch = find_mismatch(checkpoint.model, classifier.module)
    if mismatch is not None:
        raise CheckpointError(f"{path} does not fit {source.name}: {mismatch}")
    return _with_weights(classifier, checkpoint.model, source)


def _run_of(path: Path, name: str) -> RunDirectory:
    """The run that a checkpoint is one of."""
    folder = path.resolve().parent
    directory = RunDirectory(folder.parent)
    if folder.name != directory.checkpoints.name or not directory.config.exists():
        raise UsageError(
            f"{path} is of the network {name}, and lies in no run that says where its code is; "
            "name the file of it",
            Remedy(settings={"model": None}),
        )
    return directory


def _with_weights(
    classifier: Classifier, weights: Mapping[str, Tensor], source: ModelSource
) -> Classifier:
    """The network with these weights; what one of the user's own gives is found out."""
    classifier.module.load_state_dict(weights)
    classifier.module.eval()
    if source.folder is None:
        return classifier
    return Classifier(classifier.module, in_eval=sample_output(classifier))


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


def _possible_counts(state: dict[str, Tensor]) -> list[int]:
    """How many classes a network with these weights may tell apart, the likeliest first."""
    last = list(state.values())[-1]
    outputs = len(last) if last.ndim else 0
    is_possible = FEWEST_CLASSES <= outputs <= MOST_CLASSES
    return [MNIST_CLASSES, outputs] if is_possible else [MNIST_CLASSES]


def _fit(
    state: dict[str, Tensor], path: Path, sources: Sequence[ModelSource]
) -> tuple[Classifier, int]:
    """The network whose weights these are, in whatever floating-point type they were saved, and
    how many classes it tells apart.
    """
    for source, classes in product(sources, _possible_counts(state)):
        classifier = build_model(source, classes)
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
        return _with_weights(classifier, converted, source), classes
    name, tensor = next(iter(state.items()))
    shape = " x ".join(map(str, tensor.shape)) or "one number"
    raise CheckpointError(
        f"{path} holds the weights of another network, {len(state)} tensors, the first "
        f"{name[:80]!r} of {shape}; only those of "
        f"{' and '.join(source.name for source in sources)} can be read"
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
