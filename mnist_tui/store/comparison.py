"""Several runs side by side: what differs in their settings, and what became of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from mnist_tui.config import SETTINGS
from mnist_tui.errors import UsageError
from mnist_tui.run.buckets import HistorySnapshot
from mnist_tui.run.events import EpochRow, best_of
from mnist_tui.store.directory import RunDirectory
from mnist_tui.store.history_file import read_losses

MOST: Final = 8
"""Runs that can be compared at once."""
_ELSEWHERE: Final = ("data_dir", "device", "checkpoint_every_s")
"""Settings that say where and how a run was trained, not what."""


@dataclass(frozen=True)
class PickedRun:
    """A run that is to be compared."""

    number: int
    """From 1 to MOST: its color and its mark along curves go by it."""
    name: str
    directory: RunDirectory


@dataclass(frozen=True, kw_only=True)
class ComparedRun:
    """One of several runs."""

    number: int
    """As in PickedRun."""
    name: str
    directory: RunDirectory
    settings: Mapping[str, Any]
    """By the names of TrainConfig's fields."""
    rows: tuple[EpochRow, ...]
    batches: int
    """Batches in one epoch; 0 where that is not known."""
    losses: HistorySnapshot | None = None
    """The training loss of every batch; None where the run has no file of them."""

    def uses(self, field: str) -> bool:
        """Whether its optimizer heeds that setting."""
        return SETTINGS[field].optimizer in ("", self.settings.get("optimizer"))

    @property
    def best(self) -> EpochRow | None:
        """The best epoch."""
        return best_of(self.rows)

    @property
    def seconds(self) -> float:
        """Of all finished epochs."""
        return sum(row.seconds for row in self.rows)

    def epochs_to(self, accuracy: float) -> int | None:
        """The first epoch with at least that validation accuracy, in [0, 1]; None: never."""
        return next((row.epoch for row in self.rows if row.val_accuracy >= accuracy), None)


@dataclass(frozen=True)
class Comparison:
    """Several runs, and the settings in which they differ."""

    runs: tuple[ComparedRun, ...]
    differing: tuple[str, ...]
    """Names of TrainConfig's fields, in its order; only runs that use a setting differ in it."""


def compare(picked: Sequence[PickedRun]) -> Comparison:
    """Read the runs.

    Raises:
        UsageError: When they are too many, or one of them is none.
    """
    if len(picked) > MOST:
        raise UsageError(f"{MOST} runs at most can be compared, not {len(picked)}")
    runs = tuple(_read(run) for run in picked)
    differing = tuple(
        field for field in SETTINGS if field not in _ELSEWHERE and _differ(runs, field)
    )
    return Comparison(runs, differing)


def _differ(runs: Sequence[ComparedRun], field: str) -> bool:
    """Whether those of the runs that use a setting have it differently."""
    return len({str(run.settings.get(field)) for run in runs if run.uses(field)}) > 1


def _read(run: PickedRun) -> ComparedRun:
    directory = run.directory
    config = directory.read_config().to_dict()
    return ComparedRun(
        number=run.number,
        name=run.name,
        directory=directory,
        settings=config,
        rows=directory.read_rows(),
        batches=directory.read_status().batches,
        losses=read_losses(directory),
    )
