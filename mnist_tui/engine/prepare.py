"""From a plan and an open run directory to a run that is ready for its first step."""

import logging
import platform
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from mnist_tui import __version__, formatting
from mnist_tui.config import TrainConfig, find_difference
from mnist_tui.data import load_dataset
from mnist_tui.data.dataset import Dataset
from mnist_tui.devices import (
    choose_device,
    describe_device,
    resolve_precision,
    set_determinism,
    use_threads,
)
from mnist_tui.engine.cuda.graphs import recorder_for
from mnist_tui.engine.going_back import keep_dropped
from mnist_tui.engine.learner import Learner
from mnist_tui.engine.steps.base import AutogradStep
from mnist_tui.engine.trainer import Trainer
from mnist_tui.errors import CheckpointError, DataError, Remedy, UsageError
from mnist_tui.models.registry import count_parameters
from mnist_tui.run.events import EpochRow, Notice, RunPrepared, Warned
from mnist_tui.run.plan import NewRun, TrainedRun
from mnist_tui.run.session import Session
from mnist_tui.store.atomic import read_json, write_json, write_lines
from mnist_tui.store.catalog import complete_rows
from mnist_tui.store.checkpoint import Checkpoint, newest_good, read_checkpoint
from mnist_tui.store.directory import RunDirectory
from mnist_tui.store.validation_file import read_validation
from mnist_tui.store.writer import RunWriter

Say = Callable[[str], None]
"""Publishes what is being done; raises StopRequested when a stop was requested."""

log: Final = logging.getLogger(__name__)

_OLD_KERNELS: Final = {"torch's kernels": "PyTorch's kernels", "its own kernels": "fused kernels"}
"""What config.json of earlier versions calls the implementations of a step."""


@dataclass(frozen=True, kw_only=True)
class PreparedRun:
    """A run that is ready for its first step; `start` opens its files."""

    trainer: Trainer
    writer: RunWriter
    record: dict[str, Any]
    """The content of config.json."""
    prepared: RunPrepared
    notices: tuple[str, ...]
    """What the user must keep in sight for the whole run."""
    warnings: "Warnings"
    peak_lr: float | None
    """The learning rate that a resume changes to; None: it stays."""

    def start(self, session: Session) -> None:
        """Begin to write files, and emit all that is known before the first step."""
        self.writer.start(self.record)
        session.emit(self.prepared)
        for message in self.notices:
            log.info("%s", message)
            session.emit(Notice(message=message))
        self.warnings.open()
        if self.peak_lr is not None:
            self.trainer.set_peak_lr(self.peak_lr)


class Warnings:
    """Emits warnings, those from before the run's files were open as soon as they are."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._waiting: list[str] | None = []

    def warn(self, message: str) -> None:
        """Emit `message`, now or when the files are open; nothing if it is empty."""
        if message and self._waiting is not None:
            self._waiting.append(message)
        elif message:
            self._session.emit(Warned(message=message))

    def open(self) -> None:
        """Emit what waits; the run's files are open."""
        waiting, self._waiting = self._waiting or [], None
        for message in waiting:
            self.warn(message)


@dataclass(frozen=True, kw_only=True)
class _Start:
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


def prepare(plan: TrainedRun, session: Session, directory: RunDirectory, say: Say) -> PreparedRun:
    """Make all that a run needs. Blocks; the thread that will train.

    Args:
        plan: What to train.
        session: The run's; its history and validation results are brought up to the start.
        directory: The run's, locked.
        say: Publishes what is being done.

    Raises:
        StopRequested: When a stop was requested.
        MnistTuiError: When the run cannot be trained.
    """
    start = _find_start(plan, directory, say)
    device, device_notices = _set_up_device(start)
    dataset = _load_dataset(start.config, session, say)
    _check_fingerprint(start, dataset, directory)
    config = replace(start.config, dataset=dataset.name)
    say("building the model")
    warnings = Warnings(session)
    learner = Learner(config, dataset, device, recorder_for(device), warnings.warn)
    writer = RunWriter(directory, session)
    trainer = Trainer(
        config=config,
        learner=learner,
        dataset=dataset.spec,
        fingerprint=dataset.fingerprint,
        session=session,
        directory=directory,
        writer=writer,
    )
    if start.checkpoint is not None:
        _restore(trainer, start.checkpoint, start.path, directory)
        if start.is_chosen:
            warnings.warn(keep_dropped(directory, start.checkpoint) or "")
    warnings.warn(_restore_results(session, directory, start.rows))
    warnings.warn(_describe_change(start.record, learner))
    notice = dataset.notice or start.record.get("dataset", {}).get("notice", "")
    record = _record(config, dataset, notice, learner)
    _write_start(directory, record, start.rows)
    return PreparedRun(
        trainer=trainer,
        writer=writer,
        record=record,
        prepared=_describe(config, dataset, learner, directory, start),
        notices=tuple(text for text in (notice, *device_notices) if text),
        warnings=warnings,
        peak_lr=start.peak_lr,
    )


def _find_start(plan: TrainedRun, directory: RunDirectory, say: Say) -> _Start:
    """Where the run begins: at its first batch, or at the checkpoint of a resumed run."""
    if isinstance(plan, NewRun):
        return _Start(config=plan.config)
    overrides = dict(plan.overrides)
    # The learning rate that the run was made with stays part of what it is; the trainer scales it.
    peak_lr = overrides.pop("lr", None)
    record, config = read_json(directory.config), directory.read_config()
    path = _checkpoint_path(plan.checkpoint, directory)
    checkpoint = None
    if plan.checkpoint is not None or path.exists():  # else it died before its first checkpoint
        say("reading the checkpoint")
        checkpoint = _read_checkpoint(path, config, directory)
        config = checkpoint.config
    return _Start(
        config=replace(config, **overrides),
        record=record,
        checkpoint=checkpoint,
        rows=complete_rows(directory, checkpoint.rows) if checkpoint else (),
        path=path,
        is_chosen=plan.checkpoint is not None,
        peak_lr=peak_lr,
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
        raise _unusable(str(error), path, directory) from error
    difference = find_difference(checkpoint.config, config)
    if difference is not None:
        raise _unusable(f"{path} belongs to another run: {difference}", path, directory)
    return checkpoint


def _unusable(reason: str, path: Path, directory: RunDirectory) -> CheckpointError:
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


def _set_up_device(start: _Start) -> tuple[torch.device, tuple[str, ...]]:
    """Find the device, set the process up for it, and say what the user must know of it."""
    config = start.config
    chosen = choose_device(config.device)
    device = chosen.device
    precision = resolve_precision(device, config.precision)
    threads = use_threads(start.record.get("threads")) if device.type == "cpu" else ""
    set_determinism(device, config.deterministic, precision)
    return device, (chosen.notice, threads)


def _load_dataset(config: TrainConfig, session: Session, say: Say) -> Dataset:
    mailbox = session.mailbox

    def on_status(status: str) -> None:
        # While a download runs, the downloader asks `should_stop` and tidies up first.
        if not mailbox.has_requests:
            say(status)

    try:
        return load_dataset(
            config.dataset,
            config.data_dir,
            on_status=on_status,
            should_stop=lambda: mailbox.has_requests,
        )
    except DataError:
        say("")  # a stop, if that is what ended the download, comes before the error
        raise


def _check_fingerprint(start: _Start, dataset: Dataset, directory: RunDirectory) -> None:
    checkpoint = start.checkpoint
    if checkpoint is not None and checkpoint.fingerprint != dataset.fingerprint:
        raise DataError(
            f"the data in {dataset.source} are not what run {directory.name} was trained on; "
            "name the folder that has those",
            Remedy(settings={"data_dir": None}),
        )


def _restore(trainer: Trainer, checkpoint: Checkpoint, path: Path, directory: RunDirectory) -> None:
    try:
        trainer.restore(checkpoint)
    except Exception as error:
        reason = f"{path} does not fit the model {checkpoint.config.model}"
        raise _unusable(reason, path, directory) from error


def _restore_results(session: Session, directory: RunDirectory, rows: tuple[EpochRow, ...]) -> str:
    """Read what earlier validations showed; in words, why that cannot be done, or empty."""
    try:
        newest = rows[-1].epoch if rows else 0
        session.publish_validation(read_validation(directory.validation).up_to(newest))
    except DataError as error:
        return str(error)
    return ""


def _describe_change(record: Mapping[str, Any], learner: Learner) -> str:
    """In words, how a resumed run was computed before; empty where that stays."""
    if "device" not in record:
        return ""
    kernels = record.get("kernels", AutogradStep.kernels)
    precision = record.get("precision", learner.precision)
    before = (record["device"], _OLD_KERNELS.get(kernels, kernels), precision)
    now = describe_device(learner.device), learner.kernels, learner.precision
    how = zip(("on", "with", "in"), before, now, strict=True)
    changed = [f"{word} {was}" for word, was, is_ in how if was != is_]
    if not changed:
        return ""
    last_bits = " in the last bits" if precision == learner.precision else ""
    return f"this run was trained {', '.join(changed)} before: the numbers may differ{last_bits}"


def _describe(
    config: TrainConfig,
    dataset: Dataset,
    learner: Learner,
    directory: RunDirectory,
    start: _Start,
) -> RunPrepared:
    checkpoint = start.checkpoint
    return RunPrepared(
        run=directory.name,
        directory=str(directory.path),
        device=describe_device(learner.device),
        dataset=dataset.title,
        model=f"{type(learner.model).__name__}, {count_parameters(learner.model):,} parameters",
        batches=learner.batches,
        epochs=config.epochs,
        resumed_at=(checkpoint.epoch, checkpoint.batch) if checkpoint else None,
        rows=start.rows,
        rates=checkpoint.rates if checkpoint else (),
        classes=dataset.classes,
        is_handwriting=dataset.spec.is_handwriting,
    )


def _record(config: TrainConfig, dataset: Dataset, notice: str, learner: Learner) -> dict[str, Any]:
    """The content of config.json."""
    return {
        "config": config.to_dict(),
        "versions": {
            "mnist_tui": __version__,
            "python": platform.python_version(),
            "torch": torch.__version__,
            "numpy": np.__version__,
        },
        "device": describe_device(learner.device),
        "kernels": learner.kernels,
        "precision": learner.precision,
        "threads": torch.get_num_threads(),
        "dataset": {
            "name": dataset.name,
            "source": dataset.source,
            "fingerprint": dataset.fingerprint,
            "notice": notice,
            "classes": dataset.classes,
            "is_handwriting": dataset.spec.is_handwriting,
        },
    }


def _write_start(
    directory: RunDirectory, record: dict[str, Any], rows: tuple[EpochRow, ...]
) -> None:
    """Bring config.json and metrics.jsonl to where the run starts, before anything else."""
    try:
        write_json(directory.config, record)
        write_lines(directory.metrics, [asdict(row) for row in rows])
    except OSError as error:
        raise UsageError(
            f"cannot write to {directory.path}: {error.strerror}; make room, or check its "
            "permissions"
        ) from error
