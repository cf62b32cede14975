"""The files of a run beside its checkpoints: what each of them says."""

import os
import platform
import threading
import time
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from mnist_tui.errors import MnistTuiError
from mnist_tui.run.events import (
    EpochFinished,
    Event,
    LearningRateChanged,
    RunEnded,
    RunPrepared,
    SettingsChanged,
)
from mnist_tui.run.log import RunLog
from mnist_tui.run.session import Session
from mnist_tui.run.validation import ValidationResults
from mnist_tui.store.atomic import append_lines, read_json, write_atomic, write_json
from mnist_tui.store.directory import RunDirectory
from mnist_tui.store.history_file import BatchCurves, history_bytes
from mnist_tui.store.retry import Retry, log
from mnist_tui.store.validation_file import validation_bytes


class RunFiles:
    """Config, status, metrics, events and validation results of one run, on their way to disk.

    `add` may be called from any thread, all else from the writing thread. The cost of an epoch
    does not depend on how many there were before.
    """

    def __init__(self, directory: RunDirectory, session: Session, retry: Retry) -> None:
        self._config_record: dict[str, Any] = {}
        """What config.json says, or is to say once it can be written."""
        self._directory = directory
        self._session = session
        self._retry = retry
        self._started: Final = time.time()
        self._lock = threading.RLock()
        self._events: list[dict[str, Any]] = []
        """Lines that events.jsonl lacks."""
        self._rows: list[dict[str, Any]] = []
        """Lines that metrics.jsonl lacks."""
        self._settings: dict[str, Any] = {}
        """Changes that config.json does not say yet."""
        self._status: dict[str, Any] = {}
        """What status.json says beside the progress."""
        self._saved_validation: ValidationResults | None = None
        self._rates: tuple[LearningRateChanged, ...] = ()
        """The user's changes of the learning rate, oldest first."""
        self._saved_curves: tuple[int, int] | None = None
        """How many losses and changes of the learning rate history.npz has."""
        self._locks = ExitStack()

    def begin(self, config_record: dict[str, Any]) -> None:
        """Go on from the files as they are: `config_record` is in config.json."""
        self._config_record, self._saved_validation = config_record, self._session.validation

    @property
    def has_new_lines(self) -> bool:
        """Whether something has happened that is not on disk."""
        return bool(self._events)

    def add(self, event: Event) -> None:
        """Take in what `event` says, for each file that has a use for it."""
        with self._lock:
            self._events.append({"time": round(time.time(), 3), **event.to_dict()})
            match event:
                case EpochFinished():
                    self._rows.append(asdict(event.row))
                    if event.is_best:
                        self._status["best"] = asdict(event.row)
                case RunPrepared():
                    self._status.update(
                        dataset=event.dataset, device=event.device, model=event.model
                    )
                    self._rates = event.rates
                case LearningRateChanged():
                    self._rates = (*self._rates, event)
                case SettingsChanged():
                    self._settings.update({name: new for name, (_, new) in event.changes.items()})
                case RunEnded():
                    self._status.update(message=event.message, saved=event.saved)

    def write_config(self) -> None:
        """Bring config.json up to the settings that were changed during the run."""
        with self._lock:
            changes = dict(self._settings)
        if not changes:
            return
        path = self._directory.config
        record = read_json(path) or self._config_record
        record["config"] = {**record.get("config", {}), **changes}
        self._config_record = record
        if self._retry.attempt(path, lambda: write_json(path, record)):
            with self._lock:
                if self._settings == changes:
                    self._settings.clear()

    def write_metrics(self) -> None:
        """Append the epochs that have finished since the last time."""
        self._append(self._directory.metrics, self._rows)

    def write_events(self) -> None:
        """Append the events that were emitted since the last time."""
        self._append(self._directory.events, self._events)

    def _append(self, path: Path, waiting: list[dict[str, Any]]) -> None:
        written = 0

        def write() -> None:
            nonlocal written
            with self._lock:
                lines = list(waiting)  # others at a second try, where the file was deleted
            append_lines(path, lines)
            written = len(lines)

        if waiting and self._retry.attempt(path, write):
            with self._lock:
                del waiting[:written]

    def write_status(self) -> None:
        """Replace status.json."""
        progress = self._session.progress
        status = {
            "state": self._session.state,
            "pid": os.getpid(),
            "host": platform.node(),
            "address": self._session.address,
            "viewers": self._session.viewers,
            "started": round(self._started, 3),
            "updated": round(time.time(), 3),
            "epoch": progress.epoch,
            "epochs": progress.epochs,
            "batch": progress.batch,
            "batches": progress.batches,
            "global_batch": progress.global_batch,
            "elapsed_s": round(progress.elapsed_s, 3),
            "best": None,
            **self._status,
        }
        path = self._directory.status
        self._retry.attempt(path, lambda: write_json(path, status))

    def write_validation(self) -> None:
        """Replace insight.npz, where there are newer results."""
        results, path = self._session.validation, self._directory.validation
        if results is not self._saved_validation and self._retry.attempt(
            path, lambda: write_atomic(path, validation_bytes(results))
        ):
            self._saved_validation = results

    @property
    def has_history(self) -> bool:
        """Whether history.npz is of this run of the program, and not of one before it."""
        return self._saved_curves is not None

    def write_history(self) -> None:
        """Replace history.npz, where there are more batches."""
        with self._lock:
            rates = self._rates
        losses = self._session.history.snapshot()
        now, path = (losses.count, len(rates)), self._directory.history
        if now != self._saved_curves and self._retry.attempt(
            path, lambda: write_atomic(path, history_bytes(BatchCurves(losses, rates)))
        ):
            self._saved_curves = now

    def rebuild(self, known: RunLog) -> None:
        """Fill the run's new directory after the old one was deleted, its lock included."""
        write_json(self._directory.config, self._config_record)
        try:
            self._locks.enter_context(self._directory.lock.hold())
        except MnistTuiError as error:
            log.warning("%s", error)
        with self._lock:
            rows = [asdict(row) for row in known.rows]
            # Epochs may have ended since `known` was copied.
            newer = [row for row in self._rows if not rows or row["epoch"] > rows[-1]["epoch"]]
            self._rows[:] = rows + newer
            results = self._session.validation
            self._saved_validation = None if results.epochs else results
        self._saved_curves = None

    def close(self) -> None:
        """Give up the lock of a directory that was filled again."""
        self._locks.close()
