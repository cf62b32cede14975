"""The curves of a run on disk, as every format of curves gets them."""

from dataclasses import dataclass

from mnist_tui.config import TrainConfig
from mnist_tui.errors import UsageError
from mnist_tui.run.buckets import HistorySnapshot
from mnist_tui.run.events import EpochFinished, EpochRow
from mnist_tui.run.history import LossHistory
from mnist_tui.store.directory import RunDirectory
from mnist_tui.store.history_file import read_batch_curves


@dataclass(frozen=True, kw_only=True)
class Curves:
    """Everything about a run that is a number over time."""

    name: str
    """The run's."""
    config: TrainConfig
    rows: tuple[EpochRow, ...]
    """The finished epochs, oldest first."""
    history: HistorySnapshot
    """The batches' training losses up to the last checkpoint."""
    batches: int
    """Batches per epoch; 0 where that is not known."""
    finished_at: dict[int, float]
    """Unix time of each epoch's end, where it is known."""


def read_curves(directory: RunDirectory) -> Curves:
    """Read the curves of a run. Blocks.

    Raises:
        MnistTuiError: When there is nothing yet, or it cannot be read.
    """
    rows, curves = directory.read_rows(), read_batch_curves(directory)
    losses = curves.losses if curves is not None else LossHistory().snapshot()
    if not rows and not losses.count:
        raise UsageError(f"run {directory.name} has no curves yet: nothing has been saved")
    return Curves(
        name=directory.name,
        config=directory.read_config(),
        rows=rows,
        history=losses,
        batches=directory.read_status().batches,
        finished_at={
            event.row.epoch: time
            for time, event in directory.read_events()
            if isinstance(event, EpochFinished)
        },
    )
