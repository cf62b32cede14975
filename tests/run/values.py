"""Believable values of the contract, for tests."""

from dataclasses import replace
from typing import Any

from mnist_tui.run.events import EpochRow


def epoch_row(epoch: int, **values: Any) -> EpochRow:
    """An epoch of the tutorial's recipe."""
    row = EpochRow(
        epoch=epoch,
        train_loss=0.05 + 0.47 / epoch,
        train_accuracy=0.985 - 0.14 / epoch,
        val_loss=0.06 + 0.15 / epoch,
        val_accuracy=0.985 - 0.048 / epoch,
        lr=0.01,
        seconds=12.3 + 0.1 * (epoch % 7),
        samples_per_second=12_345.0 + 7 * epoch,
    )
    return replace(row, **values)
