"""A run's curves as TensorBoard's event files."""

import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import numpy as np

from mnist_tui.export import needing
from mnist_tui.export.curves import Curves
from mnist_tui.torch_runtime import loading_torch

_OURS: Final = ".mnist-tui"
"""How the names of our event files end."""

Scalar = tuple[str, float, int, float]
"""Tag, value, step, Unix time."""


def export_tensorboard(curves: Curves, folder: Path) -> tuple[Path, ...]:
    """Write the curves into the folder `folder`/(the run's name), in place of an earlier export.

    Per epoch there are losses, accuracies, the learning rate and the throughput, with the epoch
    as the step; per group of batches the training loss, with the last batch as the step. The
    settings are hyperparameters, with the best validation accuracy.

    Returns:
        The folder.

    Raises:
        UsageError: When the package tensorboard is not installed.
        OSError: When it cannot be written.
    """
    with needing("tensorboard"), loading_torch():
        from torch.utils.tensorboard import SummaryWriter
        from torch.utils.tensorboard.summary import hparams

    folder = folder / curves.name
    folder.mkdir(parents=True, exist_ok=True)
    for earlier in folder.glob(f"events.out.tfevents.*{_OURS}"):
        with suppress(FileNotFoundError):
            earlier.unlink()
    with SummaryWriter(str(folder), filename_suffix=_OURS) as writer:
        for tag, value, step, when in _scalars(curves):
            writer.add_scalar(tag, value, step, walltime=when)
        settings = {name: _plain(value) for name, value in curves.config.to_dict().items()}
        accuracies = [row.val_accuracy for row in curves.rows]
        reached = {"best accuracy": max(accuracies, default=0.0)}
        for summary in hparams(settings, reached):
            writer.file_writer.add_summary(summary)
    return (folder,)


def _scalars(curves: Curves) -> Iterator[Scalar]:
    times = curves.finished_at
    latest = max(times.values(), default=time.time())
    for row in curves.rows:
        for tag, value in (
            ("loss/train", row.train_loss),
            ("loss/validation", row.val_loss),
            ("accuracy/train", row.train_accuracy),
            ("accuracy/validation", row.val_accuracy),
            ("learning rate", row.lr),
            ("images per second", row.samples_per_second),
        ):
            yield tag, value, row.epoch, times.get(row.epoch, latest)
    # Each batch at the time that lies between the ends of the epochs around it.
    ends = sorted((epoch * curves.batches, when) for epoch, when in times.items())
    batches, moments = zip(*ends, strict=True) if ends else ((0,), (latest,))
    for bucket in curves.history.all_buckets:
        last = bucket.first + bucket.count
        when = float(np.interp(last, batches, moments))
        for tag, value in (
            ("batch loss/minimum", bucket.low),
            ("batch loss/mean", bucket.mean),
            ("batch loss/maximum", bucket.high),
        ):
            yield tag, value, last, when


def _plain(value: object) -> str | int | float | bool:
    return value if isinstance(value, str | int | float | bool) else str(value)
