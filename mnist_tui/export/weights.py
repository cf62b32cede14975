"""A run's network in formats that other programs read."""

import json
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from torch import Tensor, nn

from mnist_tui.data.device_split import scale
from mnist_tui.export import needing
from mnist_tui.inference.load import LoadedModel
from mnist_tui.models.classifier import Classifier
from mnist_tui.store.atomic import write_atomic
from mnist_tui.version import __version__

_EXAMPLES = 2
"""Images that the network is traced with; a batch of one would count as a fixed size."""


class WholeModel(nn.Module):
    """A network with all that lies around it, from gray values to probabilities."""

    def __init__(self, classifier: Classifier) -> None:
        super().__init__()
        self.module = classifier.module
        self._classifier = classifier

    def forward(self, images: Tensor) -> Tensor:
        """The probabilities of each class.

        Args:
            images: (N, 1, 28, 28) uint8, 0 for background.

        Returns:
            (N, C) float32; each row's sum is 1.
        """
        return self._classifier(scale(images)).exp()


def export_onnx(loaded: LoadedModel, path: Path) -> tuple[Path, ...]:
    """Write a checkpoint's network as one ONNX file. Blocks for seconds.

    Its input `images` is (N, 1, 28, 28) uint8, its output `probabilities` (N, C) float32.
    The metadata have the classes' names as JSON.

    Raises:
        UsageError: When the packages onnx and onnxscript are not installed.
        OSError: When the file cannot be written.
    """
    with needing("onnx"):
        import onnx
        import onnxscript  # noqa: F401 - torch's exporter needs it

    example = torch.zeros(_EXAMPLES, 1, 28, 28, dtype=torch.uint8)
    with TemporaryDirectory() as folder, _quietly():
        scratch = Path(folder) / "model.onnx"
        torch.onnx.export(
            WholeModel(loaded.classifier).eval(),
            (example,),
            scratch,
            input_names=["images"],
            output_names=["probabilities"],
            dynamic_shapes=({0: torch.export.Dim("N")},),
            dynamo=True,
            external_data=False,
            verbose=False,
        )
        model = onnx.load(scratch)
    for key, value in _origin(loaded).items():
        model.metadata_props.add(key=key, value=value)
    write_atomic(path, model.SerializeToString())
    return (path,)


def export_safetensors(loaded: LoadedModel, path: Path) -> tuple[Path, ...]:
    """Write a checkpoint's weights as a safetensors file, by their names in the state dict.

    Raises:
        UsageError: When the package safetensors is not installed.
        OSError: When the file cannot be written.
    """
    with needing("safetensors"):
        from safetensors.torch import save

    # Two names for one tensor are written twice.
    tensors = {name: value.clone() for name, value in loaded.classifier.module.state_dict().items()}
    write_atomic(path, save(tensors, _origin(loaded)))
    return (path,)


def _origin(loaded: LoadedModel) -> dict[str, str]:
    """Where the network comes from, and the names of its classes as JSON."""
    checkpoint = loaded.checkpoint
    origin = {"mnist_tui": __version__, "model": type(loaded.classifier.module).__name__}
    if checkpoint is None:
        return origin
    place = {"epoch": str(checkpoint.epoch), "batch": str(checkpoint.batch)}
    return {**origin, **place, "classes": json.dumps(checkpoint.classes)}


@contextmanager
def _quietly() -> Iterator[None]:
    """Keep what torch's exporter says of itself from the user's terminal."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
