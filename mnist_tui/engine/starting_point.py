"""Where a run begins: at its first batch, or at a checkpoint, perhaps an earlier one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mnist_tui import formatting
from mnist_tui.config import TrainConfig, find_difference
from mnist_tui.errors import CheckpointError, Remedy, UsageError
from mnist_tui.run.events import EpochRow
from mnist_tui.run.plan import NewRun, TrainedRun
from mnist_tui.store.atomic import read_json, write_atomic
from mnist_tui.store.checkpoint import Checkpoint, newest_good, read_checkpoint
from mnist_tui.store.directory import RunDirectory

Say = Callable[[str], None]
"""Publishes what is being done; raises StopRequested when a stop was requested."""


@dataclass(frozen=True, kw_only=True)
class StartingPoint:
    """Where a run begins: its settings, and what earlier processes left of it."""

    config: TrainConfig
    record: Mapping[str, Any] = field(default_factory=dict)
    """What config.json says of a run that is resumed."""
    checkpoint: Checkpoint | None = None
    rows: tuple[EpochRow, ...] = ()
    """The epochs that were finished before it."""
    path: Path = Path()
    """The checkpoint's file."""
    is_chosen: bool = False
    """Whether the user named it, so that later ones may be dropped."""
    peak_lr: float | None = None
    """The learning rate that a resume changes to; None: it stays."""
    model: str | None = None
    """Where the user says that the code of the network is; None: where it was."""


def find_starting_point(plan: TrainedRun, directory: RunDirectory, say: Say) -> StartingPoint:
    """Where the run begins: at its first batch, or at the checkpoint of a resumed run."""
    if isinstance(plan, NewRun):
        return StartingPoint(config=plan.config, model=plan.config.model)
    overrides = dict(plan.overrides)
    # The learning rate that the run was made with stays part of what it is; the trainer scales it.
    peak_lr = overrides.pop("lr", None)
    # What is named is where the network's code is now, not another network.
    model = overrides.pop("model", None)
    record, config = read_json(directory.config), directory.read_config()
    path = _checkpoint_path(plan.checkpoint, directory)
    checkpoint = None
    if plan.checkpoint is not None or path.exists():  # else it died before its first checkpoint
        say("reading the checkpoint")
        checkpoint = _read_checkpoint(path, config, directory)
        config = checkpoint.config
        _check_epochs(overrides.get("epochs", config.epochs), checkpoint, directory)
    return StartingPoint(
        config=replace(config, **overrides),
        record=record,
        checkpoint=checkpoint,
        rows=directory.complete_rows(checkpoint.rows) if checkpoint else (),
        path=path,
        is_chosen=plan.checkpoint is not None,
        peak_lr=peak_lr,
        model=model,
    )


def _check_epochs(epochs: int, checkpoint: Checkpoint, directory: RunDirectory) -> None:
    """A run can become longer, and no shorter than it is."""
    begun = checkpoint.epoch if checkpoint.batch else checkpoint.epoch - 1
    if epochs < begun:
        raise UsageError(
            f"run {directory.name} has begun epoch {begun}; give at least as many epochs",
            Remedy(settings={"epochs": None}),
        )


def _checkpoint_path(name: str | None, directory: RunDirectory) -> Path:
    """The checkpoint that a resumed run goes on from."""
    if name is None:
        return directory.last
    path = directory.checkpoints / Path(name).name
    # A name is one of the run's; a path must lead to one of them.
    if Path(name).name != name and Path(name).resolve() != path.resolve():
        raise CheckpointError(
            f"{name} is not a checkpoint of run {directory.name}: those are in "
            f"{directory.checkpoints}"
        )
    return path


def _read_checkpoint(path: Path, config: TrainConfig, directory: RunDirectory) -> Checkpoint:
    try:
        checkpoint = read_checkpoint(path)
    except CheckpointError as error:
        raise unusable(str(error), path, directory) from error
    difference = find_difference(checkpoint.config, config)
    if difference is not None:
        raise unusable(f"{path} belongs to another run: {difference}", path, directory)
    return checkpoint


def unusable(reason: str, path: Path, directory: RunDirectory) -> CheckpointError:
    """The error about a checkpoint that a run cannot go on from, with the one that it can."""
    reason = reason.partition("; use another checkpoint")[0]
    found = newest_good(directory.checkpoints, path)
    if found is None:
        return CheckpointError(
            f"{reason}; no other checkpoint of this run is good: start a new run"
        )
    other, checkpoint = found
    place = formatting.place(checkpoint.epoch, checkpoint.batch)
    settings = {} if other == directory.last else {"checkpoint": other.name}
    return CheckpointError(
        f"{reason}; the newest good one is {other.name} ({place})",
        remedy=Remedy(command="resume", run=str(directory.path), settings=settings),
    )


def keep_dropped(directory: RunDirectory, chosen: Checkpoint) -> str | None:
    """Keep last.pt under another name where `chosen` is older, before last.pt is written over.

    Returns:
        One sentence that says what is dropped and where it is; None where nothing is.
    """
    try:
        last = read_checkpoint(directory.last)
    except CheckpointError:
        return None  # there is nothing that could be gone on from
    if last.global_batch <= chosen.global_batch:
        return None
    place = formatting.place(chosen.epoch, chosen.batch)
    dropped = f"resuming at {place} drops {_describe_loss(chosen, last)}"
    kept = directory.step(last.global_batch)
    try:
        if not kept.exists():
            write_atomic(kept, directory.last.read_bytes())
    except OSError as error:
        return f"{dropped}, which could not be kept: {error.strerror or error}"
    return f"{dropped}; a copy is kept in {kept}"


def _describe_loss(chosen: Checkpoint, last: Checkpoint) -> str:
    epochs = range(chosen.epoch, last.epoch)
    if not epochs:
        return f"{_batches(last.global_batch - chosen.global_batch)} of epoch {last.epoch}"
    names = f"epoch {epochs[0]}" if len(epochs) == 1 else f"epochs {epochs[0]} to {epochs[-1]}"
    return f"{names} and {_batches(last.batch)} of epoch {last.epoch}" if last.batch else names


def _batches(number: int) -> str:
    return f"{formatting.count(number)} {'batch' if number == 1 else 'batches'}"
