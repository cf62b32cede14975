"""From a plan and an open run directory to a run that is ready for its first step."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

from mnist_tui.config import TrainConfig
from mnist_tui.data import load_dataset
from mnist_tui.data.dataset import Dataset
from mnist_tui.devices import (
    choose_device,
    describe_device,
    resolve_precision,
    set_determinism,
    use_threads,
)
from mnist_tui.engine.config_record import describe_change, make_record
from mnist_tui.engine.cuda.graphs import recorder_for
from mnist_tui.engine.learner import Learner
from mnist_tui.engine.network import check_fits, find_network, keep_source, try_network
from mnist_tui.engine.prepared_run import PreparedRun, Warnings
from mnist_tui.engine.run_state import RunState
from mnist_tui.engine.starting_point import (
    Say,
    StartingPoint,
    find_starting_point,
    keep_dropped,
    unusable,
)
from mnist_tui.engine.trainer import Trainer
from mnist_tui.errors import DataError, Remedy, UsageError
from mnist_tui.models.registry import count_parameters
from mnist_tui.models.source import ModelSource
from mnist_tui.process.predecessor import Predecessor
from mnist_tui.run.events import EpochRow, RunPrepared
from mnist_tui.run.plan import TrainedRun
from mnist_tui.run.session import Session
from mnist_tui.store.atomic import write_json, write_lines
from mnist_tui.store.checkpoint import Checkpoint
from mnist_tui.store.directory import RunDirectory
from mnist_tui.store.validation_file import read_validation
from mnist_tui.store.writer import RunWriter


def prepare(
    plan: TrainedRun,
    session: Session,
    directory: RunDirectory,
    say: Say,
    predecessor: Predecessor | None = None,
    network: ModelSource | None = None,
) -> PreparedRun:
    """Make all that a run needs. Blocks; the thread that will train.

    Args:
        session: The run's; its history and validation results are brought up to the start.
        directory: The run's, locked.
        say: Publishes what is being done.
        predecessor: The process that trains the run until all is ready here; None: there is none.
        network: What makes the network, where a script has handed it over.

    Raises:
        StopRequested: When a stop was requested.
        MnistTuiError: When the run cannot be trained.
    """
    return _Preparation(session, directory, say, predecessor).prepare(plan, network)


class _Preparation:
    """What is done for one run before its first step."""

    def __init__(
        self,
        session: Session,
        directory: RunDirectory,
        say: Say,
        predecessor: Predecessor | None,
    ) -> None:
        self._session = session
        self._directory = directory
        self._say = say
        self._predecessor = predecessor
        self._warnings = Warnings(session)

    def prepare(self, plan: TrainedRun, network: ModelSource | None) -> PreparedRun:
        directory, warnings, say = self._directory, self._warnings, self._say
        predecessor = self._predecessor
        start = find_starting_point(plan, directory, say)
        say("importing the network")
        is_handed_over = predecessor is not None
        source = find_network(start, directory, warnings, network, is_handed_over=is_handed_over)
        device, device_notices = _set_up_device(start)
        dataset = self._load_dataset(start.config)
        source, learner = self._make_learner(start.config, source, dataset, device)
        if predecessor is not None:
            learner.rehearse()
            predecessor.wait_until_stopped(lambda: say("waiting for the last batch elsewhere"))
            start = find_starting_point(plan, directory, say)
        self._check_fingerprint(start, dataset)
        config = replace(start.config, dataset=dataset.name)
        state = RunState(config, learner, self._session.history, dataset.spec, dataset.fingerprint)
        self._go_to(start, state, learner, source)
        notice = dataset.notice or start.record.get("dataset", {}).get("notice", "")
        record = make_record(config, dataset, notice, learner, keep_source(source, directory))
        writer = RunWriter(directory, self._session)
        trainer = Trainer(
            state=state,
            learner=learner,
            session=self._session,
            directory=directory,
            writer=writer,
            begins_paused=predecessor is not None and predecessor.was_paused,
            notify=plan.notify,
        )
        self._take_over(record, start.rows)
        return PreparedRun(
            trainer=trainer,
            state=state,
            writer=writer,
            record=record,
            prepared=self._describe(start, dataset, learner, source),
            notices=tuple(text for text in (notice, *device_notices) if text),
            warnings=warnings,
            source=source,
            before=start.checkpoint.config if start.checkpoint else config,
            peak_lr=start.peak_lr,
        )

    def _load_dataset(self, config: TrainConfig) -> Dataset:
        mailbox = self._session.mailbox

        def on_status(status: str) -> None:
            # While a download runs, the downloader asks `should_stop` and tidies up first.
            if not mailbox.waiting:
                self._say(status)

        try:
            return load_dataset(
                config.dataset,
                config.data_dir,
                on_status=on_status,
                should_stop=lambda: mailbox.waiting > 0,
            )
        except DataError:
            self._say("")  # a stop, if that is what ended the download, comes before the error
            raise

    def _make_learner(
        self, config: TrainConfig, source: ModelSource, dataset: Dataset, device: torch.device
    ) -> tuple[ModelSource, Learner]:
        """Try the network, and make what trains it; its source says what it gives then."""
        config, warnings = replace(config, dataset=dataset.name), self._warnings
        source = try_network(source, config, dataset, device, warnings, self._say)
        self._say("building the model")
        # A graph repeats what was captured: nobody knows what else the code of a user does.
        recorder = recorder_for(device) if source.folder is None else None
        return source, Learner(config, dataset, device, recorder, warnings.warn, source=source)

    def _check_fingerprint(self, start: StartingPoint, dataset: Dataset) -> None:
        checkpoint = start.checkpoint
        if checkpoint is not None and checkpoint.fingerprint != dataset.fingerprint:
            raise DataError(
                f"the data in {dataset.source} are not what run {self._directory.name} was "
                "trained on; name the folder that has those",
                Remedy(settings={"data_dir" if dataset.spec.files else "dataset": None}),
            )

    def _go_to(
        self, start: StartingPoint, state: RunState, learner: Learner, source: ModelSource
    ) -> None:
        """Bring state, history and validation results to where the run starts."""
        if start.checkpoint is not None:
            check_fits(source, learner.model, start.checkpoint, self._directory)
            _restore(state, start.checkpoint, start.path, self._directory)
            if start.is_chosen:
                self._warnings.warn(keep_dropped(self._directory, start.checkpoint) or "")
        self._warnings.warn(self._restore_results(start.rows))
        self._warnings.warn(describe_change(start.record, learner))

    def _restore_results(self, rows: tuple[EpochRow, ...]) -> str:
        """Read what earlier validations showed; in words, why that cannot be done, or empty."""
        try:
            results = read_validation(self._directory.validation)
        except DataError as error:
            return str(error)
        self._session.publish_validation(results.up_to(rows[-1].epoch if rows else 0))
        return ""

    def _take_over(self, record: dict[str, Any], rows: tuple[EpochRow, ...]) -> None:
        """Become the process that trains the run, and bring its files to where it starts."""
        predecessor = self._predecessor
        if predecessor is not None:
            predecessor.take_over(lambda: self._say("taking the run over"))
            self._directory.lock.claim()
        try:
            _write_start(self._directory, record, rows)
        except UsageError as error:
            if predecessor is None:
                raise
            # Nobody else has the run any more, and what the other process has written will do.
            self._warnings.warn(str(error))

    def _describe(
        self, start: StartingPoint, dataset: Dataset, learner: Learner, source: ModelSource
    ) -> RunPrepared:
        checkpoint = start.checkpoint
        return RunPrepared(
            run=self._directory.name,
            directory=str(self._directory.path),
            device=describe_device(learner.device),
            dataset=dataset.title,
            model=_describe_model(learner, source),
            batches=learner.batches,
            epochs=start.config.epochs,
            resumed_at=(checkpoint.epoch, checkpoint.batch) if checkpoint else None,
            rows=start.rows,
            rates=checkpoint.rates if checkpoint else (),
            classes=dataset.classes,
            is_handwriting=dataset.spec.is_handwriting,
        )


def _set_up_device(start: StartingPoint) -> tuple[torch.device, tuple[str, ...]]:
    """Find the device, set the process up for it, and say what the user must know of it."""
    config = start.config
    chosen = choose_device(config.device)
    device = chosen.device
    precision = resolve_precision(device, config.precision)
    threads = use_threads(start.record.get("threads")) if device.type == "cpu" else ""
    set_determinism(device, config.deterministic, precision)
    return device, (chosen.notice, threads)


def _restore(state: RunState, checkpoint: Checkpoint, path: Path, directory: RunDirectory) -> None:
    try:
        state.restore(checkpoint)
    except Exception as error:
        reason = f"{path} does not fit the model {checkpoint.config.model}"
        raise unusable(reason, path, directory) from error


def _describe_model(learner: Learner, source: ModelSource) -> str:
    """The network's class, what a user's own one gives, and how large it is."""
    gives = f" ({source.in_training})" if source.folder is not None else ""
    parameters = count_parameters(learner.model)
    return f"{type(learner.model).__name__}{gives}, {parameters:,} parameters"


def _write_start(
    directory: RunDirectory, record: dict[str, Any], rows: tuple[EpochRow, ...]
) -> None:
    """Bring config.json and metrics.jsonl to where the run starts, before anything else."""
    directory.lock.check()
    try:
        write_json(directory.config, record)
        write_lines(directory.metrics, [asdict(row) for row in rows])
    except OSError as error:
        raise UsageError(
            f"cannot write to {directory.path}: {error.strerror}; make room, or check its "
            "permissions"
        ) from error
