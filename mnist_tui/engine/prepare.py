"""From an open run directory to the end of training: digits, device, learner, loop."""

import platform
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from mnist_tui import __version__, formatting
from mnist_tui.config import TrainConfig, find_difference, recipe_config
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
from mnist_tui.engine.runner import TrainingRunner
from mnist_tui.engine.steps.base import AutogradStep
from mnist_tui.engine.trainer import Trainer
from mnist_tui.errors import CheckpointError, DataError, TrainingError, UsageError
from mnist_tui.models.registry import count_parameters
from mnist_tui.run.events import EpochRow, Notice, RunEnded, RunPrepared, Warned
from mnist_tui.run.plan import ResumedRun, TrainedRun
from mnist_tui.run.requests import StopAsked
from mnist_tui.run.session import Session
from mnist_tui.store.atomic import read_json, write_json, write_lines
from mnist_tui.store.checkpoint import Checkpoint, newest_good, read_checkpoint
from mnist_tui.store.directory import RunDirectory
from mnist_tui.store.validation_file import read_validation
from mnist_tui.store.writer import RunWriter

_FAR: Final = 10.0
"""How many times its recipe's own rate is too far from it to be halved."""


def train(runner: TrainingRunner, directory: RunDirectory, stack: ExitStack) -> RunEnded:
    """Prepare the run and train it to the end. Blocks; the runner's thread.

    Args:
        runner: Whose plan is followed, and whose session is told.
        directory: The run's, locked.
        stack: Closes what must stay open until the last event has been told.

    Returns:
        The run's last event, which the caller tells.

    Raises:
        StopAsked: When a stop was asked for before the first batch.
        MnistTuiError: When the run cannot be trained.
    """
    session, plan = runner.session, runner.plan
    facts = read_json(directory.config)
    checkpoint = _last_checkpoint(runner, directory)
    config = checkpoint.config if checkpoint else directory.read_config()
    overrides = dict(plan.overrides) if isinstance(plan, ResumedRun) else {}
    # The rate that the run was made with stays part of what it is; a change is the trainer's.
    lr = overrides.pop("lr", None)
    config = replace(config, **overrides)
    chosen = choose_device(config.device)
    device = chosen.device
    resolve_precision(device, config.precision)  # before the digits are read
    threads = use_threads(facts.get("threads")) if device.type == "cpu" else ""
    set_determinism(device, config.deterministic, config.precision)
    digits = _load_digits(runner, config)
    config = replace(config, dataset=digits.name)
    notice = digits.notice or facts.get("dataset", {}).get("notice", "")
    if checkpoint is not None and checkpoint.fingerprint != digits.fingerprint:
        raise DataError(
            f"the dataset in {digits.source} is not the one that "
            f"run {directory.name} was trained on"
        )
    runner.say("building the model")
    # What is told before the files are open would not be in them.
    early: list[str] = []
    tell: Callable[[str], None] = early.append
    learner = Learner(
        config,
        digits,
        device,
        recorder=recorder_for(device),
        warn=lambda message: tell(message),
    )
    writer = RunWriter(directory, session)
    trainer = Trainer(
        config=config,
        learner=learner,
        fingerprint=digits.fingerprint,
        session=session,
        directory=directory,
        writer=writer,
    )
    if checkpoint is not None:
        _restore(trainer, checkpoint, directory, _source(plan, directory))
    rows = checkpoint.rows if checkpoint else ()
    is_back = isinstance(plan, ResumedRun) and plan.checkpoint is not None
    dropped = keep_dropped(directory, checkpoint) if checkpoint and is_back else None
    lost = _take_up_insight(session, directory, rows)
    record = _facts(config, digits, notice, learner)
    _write_start(directory, record, rows)
    writer.start(record)
    stack.callback(writer.close)
    session.emit(
        RunPrepared(
            run=directory.name,
            directory=str(directory.path),
            device=describe_device(device),
            dataset=digits.title,
            model=f"{type(learner.model).__name__}, {count_parameters(learner.model):,} parameters",
            batches=learner.batches,
            epochs=config.epochs,
            resumed_at=(checkpoint.epoch, checkpoint.batch) if checkpoint else None,
            rows=rows,
            rates=checkpoint.rates if checkpoint else (),
        )
    )
    for message in (notice, chosen.notice, threads):
        if message:
            session.emit(Notice(message=message))
    tell = partial(_warn, session)
    for message in (*early, dropped, lost, _change(facts, learner)):
        if message:
            tell(message)
    if lr is not None:
        trainer.change_lr(lr)
    try:
        ended = trainer.run()
    except TrainingError as error:
        ended = trainer.failed(str(error), error.exit_code)
        writer.flush()
        return replace(ended, hint=_way_on(directory, config.recipe, trainer.lr))
    finally:
        writer.flush()
    return _with_what_is_missing(ended, directory, writer)


def _last_checkpoint(runner: TrainingRunner, directory: RunDirectory) -> Checkpoint | None:
    """Where a resumed run goes on; None where it is new, or died before its first checkpoint."""
    plan = runner.plan
    if not isinstance(plan, ResumedRun):
        return None
    path = _source(plan, directory)
    if plan.checkpoint is None and not path.exists():
        return None
    runner.say("reading the checkpoint")
    try:
        checkpoint = read_checkpoint(path)
        problem = find_difference(checkpoint.config, directory.read_config())
        if problem is not None:
            raise CheckpointError(f"{path} belongs to another run: {problem}")
    except CheckpointError as error:
        reason = str(error).partition("; use another checkpoint")[0]
        raise CheckpointError(f"{reason}; {_other_way(directory, path)}") from error
    return checkpoint


def _source(plan: TrainedRun, directory: RunDirectory) -> Path:
    """The checkpoint that a resumed run goes on from."""
    name = plan.checkpoint if isinstance(plan, ResumedRun) else None
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


def _other_way(directory: RunDirectory, broken: Path) -> str:
    """What to do when `broken` cannot be gone on from."""
    found = newest_good(directory.checkpoints, broken)
    if found is None:
        return "no other checkpoint of this run is good; start a new run"
    path, checkpoint = found
    done = formatting.place(checkpoint.epoch, checkpoint.batch)
    options = [] if path == directory.last else ["--checkpoint", path.name]
    command = directory.resume_command(*options)
    return f"the newest good one is {path.name} ({done}): {command}"


def _way_on(directory: RunDirectory, recipe: str, lr: float) -> str:
    """What to do when training failed at the rate `lr`."""
    usual = recipe_config(recipe).lr
    # Halving is for a rate that is a little too high.
    slower = f"{usual if lr > _FAR * usual else lr / 2:g}"
    if directory.last.exists():
        command = directory.resume_command("--lr", slower)
        return f"the last good checkpoint stands; go on from it at a lower rate: {command}"
    return f"nothing was saved yet; start again with --lr {slower}"


def _with_what_is_missing(ended: RunEnded, directory: RunDirectory, writer: RunWriter) -> RunEnded:
    """The run's last event with a hint about the files that could not be written."""
    missing = writer.unsaved
    if not missing:
        return ended
    path, reason = next(iter(missing.items()))
    hint = f"make room on the disk or look at its rights: {path} could not be written ({reason})"
    if directory.last.exists():
        hint += "; what was saved before stands"
    return replace(ended, hint=hint, exit_code=ended.exit_code if ended.saved else 1)


def _write_start(
    directory: RunDirectory, facts: dict[str, Any], rows: tuple[EpochRow, ...]
) -> None:
    """Bring config.json and metrics.jsonl to where the run starts, before anything else."""
    try:
        write_json(directory.config, facts)
        write_lines(directory.metrics, [asdict(row) for row in rows])
    except OSError as error:
        raise UsageError(
            f"cannot write to {directory.path}: {error.strerror}; make room or check its rights"
        ) from error


def _load_digits(runner: TrainingRunner, config: TrainConfig) -> Dataset:
    mailbox = runner.session.mailbox

    def say(status: str) -> None:
        # While a download runs, the downloader asks `should_stop` and tidies up first.
        if not mailbox.has_requests:
            runner.say(status)

    try:
        return load_dataset(
            config.dataset, config.data_dir, on_status=say, should_stop=lambda: mailbox.has_requests
        )
    except DataError:
        runner.say("")  # a stop, if that is what ended the download, comes before the error
        raise


def _restore(trainer: Trainer, checkpoint: Checkpoint, directory: RunDirectory, path: Path) -> None:
    try:
        trainer.restore(checkpoint)
    except StopAsked:
        raise
    except Exception as error:
        raise CheckpointError(
            f"{path} does not fit the model {checkpoint.config.model}; "
            f"{_other_way(directory, path)}"
        ) from error


def _take_up_insight(
    session: Session, directory: RunDirectory, rows: tuple[EpochRow, ...]
) -> str | None:
    """Go on with what the validations before showed; in words, why that cannot be."""
    try:
        session.publish_validation(read_validation(directory.validation).up_to(len(rows)))
    except DataError as error:
        return str(error)
    return None


def _warn(session: Session, message: str) -> None:
    session.emit(Warned(message=message))


def _change(facts: dict[str, Any], learner: Learner) -> str:
    """In words, how a run was computed until now; empty where that stays, or where it is new."""
    if "device" not in facts:
        return ""
    now = describe_device(learner.device), learner.kernels, learner.precision
    before = (
        facts["device"],
        facts.get("kernels", AutogradStep.kernels),
        facts.get("precision", learner.precision),
    )
    how = zip(("on", "by", "in"), before, now, strict=True)
    changed = [f"{word} {was}" for word, was, is_ in how if was != is_]
    last_bits = " in the last bits" if before[2] == now[2] else ""
    words = f"this run was {', '.join(changed)} before: the numbers may differ{last_bits}"
    return words if changed else ""


def _facts(config: TrainConfig, digits: Dataset, notice: str, learner: Learner) -> dict[str, Any]:
    """What config.json says."""
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
            "name": digits.name,
            "source": digits.source,
            "fingerprint": digits.fingerprint,
            "notice": notice,
        },
    }
