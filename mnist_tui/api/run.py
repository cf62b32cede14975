"""A run on disk as an object: its curves, its networks, and what they predict."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from mnist_tui import formatting
from mnist_tui.config import TrainConfig
from mnist_tui.errors import CheckpointError, DataError
from mnist_tui.run.buckets import HistorySnapshot
from mnist_tui.run.classes import DIGITS
from mnist_tui.run.events import EpochRow, best_of
from mnist_tui.store.catalog import find_run
from mnist_tui.store.directory import RunDirectory
from mnist_tui.store.history_file import read_batch_curves
from mnist_tui.torch_runtime import loading_torch

if TYPE_CHECKING:
    from torch import nn

    from mnist_tui.inference.evaluate import EvaluationReport
    from mnist_tui.inference.load import LoadedModel
    from mnist_tui.models.source import ModelSource

BATCH_SIZE: Final = 500
"""Images that are predicted at once."""


@dataclass(frozen=True, eq=False)
class Predictions:
    """What a network says about N images."""

    labels: NDArray[np.int64]
    """(N,) int64, the most probable class of each image, counted from 0."""
    probabilities: NDArray[np.float32]
    """(N, C) float32, the probability of each class; each row's sum is 1."""
    classes: tuple[str, ...]
    """The names of the C classes."""

    @property
    def names(self) -> list[str]:
        """The name of the most probable class of each image."""
        return [self.classes[label] for label in self.labels]

    def __len__(self) -> int:
        return len(self.labels)


class Run:
    """A run on disk. What is asked of it is read from its files each time; one thread at a time."""

    def __init__(self, directory: RunDirectory, network: "ModelSource | None" = None) -> None:
        """
        Args:
            network: See the attribute.
        """
        self._directory = directory
        self.network: Final = network
        """What a script has handed over as the maker of its network; None: its files say."""
        self.config: Final[TrainConfig] = directory.read_config()
        """Its settings."""

    def __repr__(self) -> str:
        best = best_of(self.rows)
        score = f", best validation accuracy {best.val_accuracy:.4f}" if best else ""
        epochs = formatting.counted(len(self.rows), "epoch")
        return f"<Run {self.name!r}: {self.state}, {epochs}{score}>"

    @property
    def name(self) -> str:
        """The name of its directory."""
        return self._directory.name

    @property
    def path(self) -> Path:
        """Its directory."""
        return self._directory.path

    @property
    def state(self) -> str:
        """How it ended, or how far it is: a State, as a word."""
        return self._directory.read_status().state or "ready"

    @property
    def rows(self) -> tuple[EpochRow, ...]:
        """The finished epochs, oldest first."""
        rows = self._directory.read_rows()
        if not self._directory.last.exists():
            return rows
        with loading_torch():
            from mnist_tui.store.checkpoint import read_checkpoint

        # After a crash metrics.jsonl may lack the newest lines.
        saved = self._directory.complete_rows(read_checkpoint(self._directory.last).rows)
        return max(rows, saved, key=len)

    @property
    def losses(self) -> NDArray[np.float64]:
        """(N,) float64, the training loss of each batch up to the last checkpoint.

        The newest 4,096 are kept as they are. Each earlier one is the mean of a group of
        consecutive batches, of at most a thousandth of the run.

        Raises:
            CheckpointError: When there is no checkpoint.
        """
        curves = read_batch_curves(self._directory)
        if curves is None:
            raise self._not_saved(self._directory.last)
        return every_loss(curves.losses)

    @property
    def model(self) -> "nn.Module":
        """The network of the last checkpoint, on the CPU and in eval mode. A new one each time.

        Raises:
            CheckpointError: When there is no checkpoint.
        """
        return self._load(best=False).classifier.module

    @property
    def best_model(self) -> "nn.Module":
        """The network after the epoch with the best validation accuracy, as `model`.

        Raises:
            CheckpointError: When no epoch was finished.
        """
        return self._load(best=True).classifier.module

    def evaluate(self, *, best: bool = False, device: str = "auto") -> "EvaluationReport":
        """Evaluate the network on the validation examples of the run's own dataset. Blocks.

        Args:
            best: Whether to take the best epoch's network, and not the newest one.
            device: As in TrainConfig.

        Raises:
            MnistTuiError: When checkpoint, dataset or device are not available.
        """
        with loading_torch():
            from mnist_tui.inference.evaluate import evaluate_checkpoint

        return evaluate_checkpoint(self._file(best=best), None, None, device, self.network)

    def predict(self, images: Any, *, best: bool = False) -> Predictions:
        """Predict the classes of images. Blocks; computes on the CPU.

        Args:
            images: (N, 28, 28) or (28, 28), an array or a tensor: uint8 of 0 to 255, or floating
                point in [0, 1]; 0 is background.
            best: Whether to take the best epoch's network, and not the newest one.

        Raises:
            DataError: When the images have another shape or range.
            CheckpointError: When there is no checkpoint.
        """
        with loading_torch():
            import torch

            from mnist_tui.data.device_split import scale

        pixels = torch.from_numpy(to_pixels(images)).view(-1, 1, 28, 28)
        loaded = self._load(best=best)
        with torch.inference_mode():
            batches = (pixels[i : i + BATCH_SIZE] for i in range(0, len(pixels), BATCH_SIZE))
            scores = torch.cat(
                [loaded.classifier(scale(batch)) for batch in batches]
            ).double()  # (N, C)
        return Predictions(
            labels=scores.argmax(dim=1).numpy(),
            probabilities=scores.softmax(dim=1).float().numpy(),
            classes=loaded.checkpoint.classes if loaded.checkpoint else DIGITS,
        )

    def _load(self, *, best: bool) -> "LoadedModel":
        with loading_torch():
            from mnist_tui.inference.load import read_model

        return read_model(self._file(best=best), self.network)

    def _file(self, *, best: bool) -> Path:
        path = self._directory.best if best else self._directory.last
        if not path.exists():
            raise self._not_saved(path)
        return path

    def _not_saved(self, path: Path) -> CheckpointError:
        return CheckpointError(f"run {self.name} has no {path.name}: it has not been saved yet")


def load_run(path: str | Path = "last", runs_dir: str | Path = "runs", *, model: Any = None) -> Run:
    """Find a run on disk.

    Args:
        path: The run's folder, its name in `runs_dir`, or `last` for the newest one.
        runs_dir: The folder that names are looked up in.
        model: Its network's class, or a function that makes it, where it was trained with one of
            a script or notebook; None: as the run says.

    Raises:
        UsageError: When there is none.
    """
    network = network_of(model) if model is not None and not isinstance(model, str) else None
    return Run(find_run(Path(runs_dir), str(path)), network)


def network_of(model: Any) -> "ModelSource":
    """Where a network comes from that a script hands over.

    Raises:
        UsageError: When it is none.
    """
    with loading_torch():
        from mnist_tui.models.objects import source_of_object

    return source_of_object(model)


def to_pixels(images: Any) -> NDArray[np.uint8]:
    """Images of any usual form as (N, 28, 28) uint8, 0 for background.

    Raises:
        DataError: When they have another shape or range.
    """
    array = np.asarray(images)
    if array.ndim == 4 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim == 2:
        array = array[None]
    if array.ndim != 3 or array.shape[1:] != (28, 28) or not len(array):
        raise DataError(f"images must be of shape (N, 28, 28), not {tuple(np.shape(images))}")
    if array.dtype == np.uint8:
        return np.ascontiguousarray(array)
    if not np.issubdtype(array.dtype, np.floating) or not np.isfinite(array).all():
        raise DataError(f"images must be uint8 or finite floating point, not {array.dtype}")
    if array.min() < 0 or array.max() > 1:
        raise DataError(
            f"images of floating point must be within 0 and 1, not {array.min():g} to "
            f"{array.max():g}: scale them, or pass uint8"
        )
    return (array * 255).round().astype(np.uint8)


def every_loss(losses: HistorySnapshot) -> NDArray[np.float64]:
    """One loss per batch: as it was, or where that is no longer kept, its group's mean."""
    old = losses.count - len(losses.recent)
    means: Sequence[float] = [bucket.mean for bucket in losses.buckets]
    counts = [bucket.count for bucket in losses.buckets]
    return np.concatenate([np.repeat(means, counts)[:old], losses.recent]).astype(np.float64)
