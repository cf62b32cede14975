"""The thread that writes a run's files, so that training never waits for a disk."""

import logging
import os
import threading
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from mnist_tui.errors import MnistTuiError
from mnist_tui.run.events import (
    CheckpointSaved,
    EpochFinished,
    Event,
    RunEnded,
    RunPrepared,
    SaveReason,
    SettingsChanged,
    Warned,
)
from mnist_tui.run.session import Session
from mnist_tui.run.validation import ValidationResults
from mnist_tui.store.atomic import append_lines, read_json, write_atomic, write_json
from mnist_tui.store.checkpoint import Checkpoint
from mnist_tui.store.directory import RunDirectory
from mnist_tui.store.retry import Retry
from mnist_tui.store.validation_file import insight_bytes

log: Final = logging.getLogger(__name__)

_TICK_S: Final = 1.0
"""How often status.json is brought up to date, and a file that failed is tried again."""


@dataclass(frozen=True, slots=True)
class SaveJob:
    """A checkpoint on its way to a file."""

    path: Path
    reason: SaveReason
    checkpoint: Checkpoint
    asked_at: float
    """`time.perf_counter()` when it was asked for."""


class RunWriter:
    """Writes events, metrics, status and checkpoints of one run, on one thread of its own.

    Checkpoints that wait are replaced by newer ones for the same file, so that a slow disk
    costs checkpoints and never memory. What cannot be written is told as SaveFailed, kept,
    and tried again each second.
    """

    def __init__(self, directory: RunDirectory, session: Session) -> None:
        self._directory = directory
        self._session = session
        self._started = time.time()
        self._wake = threading.Condition(threading.RLock())
        self._events: list[dict[str, Any]] = []
        self._rows: list[dict[str, Any]] = []
        self._jobs: dict[Path, SaveJob] = {}
        self._facts: dict[str, Any] = {}
        """What status.json says beside the progress."""
        self._settings: dict[str, Any] = {}
        """Changes that config.json does not know of yet."""
        self.facts: dict[str, Any] = {}
        """What config.json says at the start; with it, a deleted run can be made again."""
        self.save_s = 0.0
        """Seconds from a checkpoint's being asked for to its standing, of the newest one."""
        self._all_rows: list[dict[str, Any]] = []
        self._insight: ValidationResults | None = None
        """What the newest validation showed, while it is not on disk."""
        self._serialized: tuple[Checkpoint, bytes] | None = None
        """The checkpoint written last, while more files of it may wait."""
        self._attempts = Retry(self._tell, self._make_again)
        self._locks = ExitStack()
        self._is_busy = False
        self._is_closing = False
        self._is_urgent = False
        self._thread = threading.Thread(target=self._work, name="run-writer")

    def start(self) -> None:
        """Begin to write; call it once."""
        self._session.subscribe(self._on_event)
        self._thread.start()

    def save(self, path: Path, reason: SaveReason, checkpoint: Checkpoint) -> None:
        """Write `checkpoint` to `path` soon. Any thread; returns at once."""
        with self._wake:
            self._jobs.pop(path, None)
            self._jobs[path] = SaveJob(path, reason, checkpoint, time.perf_counter())
            self._wake.notify_all()

    def flush(self) -> bool:
        """Wait until all that was asked for is written, or has failed once more.

        Returns:
            Whether every checkpoint that was asked for stands.
        """
        with self._wake:
            self._is_urgent = True
            self._wake.notify_all()
            self._wake.wait_for(lambda: not self._is_urgent and not self._is_busy)
            return not self._jobs

    @property
    def unsaved(self) -> dict[Path, str]:
        """The files that could not be written when it was last tried, with the reasons; those
        first that hold the most."""
        failing = dict(self._attempts.failing)
        return dict(sorted(failing.items(), key=lambda item: item[0].suffix != ".pt"))

    def close(self) -> None:
        """Write what is left and end the thread. Safe to call when it was never started."""
        if not self._thread.is_alive():
            return
        with self._wake:
            self._is_closing = True
            self._wake.notify_all()
        self._thread.join()
        self._locks.close()

    def _on_event(self, event: Event) -> None:
        """Take an event, on whatever thread it happened."""
        with self._wake:
            self._events.append({"time": round(time.time(), 3), **event.to_dict()})
            match event:
                case EpochFinished():
                    self._rows.append(asdict(event.row))
                    self._all_rows.append(self._rows[-1])
                    self._insight = self._session.validation
                    if event.is_best:
                        self._facts["best"] = asdict(event.row)
                case RunPrepared():
                    self._all_rows = [asdict(row) for row in event.rows]
                    self._facts.update(dataset=event.dataset, device=event.device)
                case SettingsChanged():
                    self._settings["epochs"] = event.epochs
                    self._settings["checkpoint_every_s"] = event.checkpoint_every_s
                case RunEnded():
                    self._facts.update(message=event.message, saved=event.saved)
            self._wake.notify_all()

    def _work(self) -> None:
        """The thread: write whatever waits, sleep until more comes or a tick has passed."""
        while True:
            with self._wake:
                is_idle = not (self._events or self._jobs)
                is_awaited = self._is_closing or self._is_urgent
                if not is_awaited and (is_idle or self._attempts.failing):
                    self._wake.wait(_TICK_S)
                is_last, self._is_urgent, self._is_busy = self._is_closing, False, True
                jobs = list(self._jobs.values())
                if not jobs:
                    self._serialized = None
            # Before the checkpoint of its epoch, so that a resumed run lacks none.
            self._write_insight()
            for job in jobs:
                self._write_checkpoint(job)
            self._write_settings()
            self._write_lines(self._directory.metrics, self._rows)
            self._write_lines(self._directory.events, self._events)
            self._attempts.make(self._directory.status, self._write_status)
            with self._wake:
                self._is_busy = False
                self._wake.notify_all()
                if is_last and (self._attempts.failing or not (self._events or self._jobs)):
                    return

    def _write_checkpoint(self, job: SaveJob) -> None:
        content = b""

        def write() -> None:
            nonlocal content
            content = self._content_of(job.checkpoint)
            write_atomic(job.path, content)

        is_written = self._attempts.make(
            job.path, write, tells_again=True, always_tells=job.reason is SaveReason.MANUAL
        )
        with self._wake:
            if is_written and self._jobs.get(job.path) is job:
                del self._jobs[job.path]
        if is_written:
            self.save_s = time.perf_counter() - job.asked_at
            self._tell(
                CheckpointSaved(
                    path=str(job.path),
                    reason=job.reason,
                    epoch=job.checkpoint.epoch,
                    batch=job.checkpoint.batch,
                    global_batch=job.checkpoint.global_batch,
                    size_bytes=len(content),
                    milliseconds=self.save_s * 1e3,
                )
            )

    def _content_of(self, checkpoint: Checkpoint) -> bytes:
        """Its bytes, made once for all its files: most of a save's work, which training feels."""
        if self._serialized is None or self._serialized[0] is not checkpoint:
            self._serialized = None  # never two in memory
            self._serialized = checkpoint, checkpoint.to_bytes()
        return self._serialized[1]

    def _write_insight(self) -> None:
        with self._wake:
            insight = self._insight
        path = self._directory.insight
        if insight and self._attempts.make(
            path, lambda: write_atomic(path, insight_bytes(insight))
        ):
            with self._wake:
                if self._insight is insight:
                    self._insight = None

    def _write_settings(self) -> None:
        """Bring config.json up to what was changed while the run went on."""
        with self._wake:
            changes = dict(self._settings)
        if not changes:
            return
        facts = read_json(self._directory.config) or self.facts
        facts["config"] = {**facts.get("config", {}), **changes}
        if self._attempts.make(
            self._directory.config, lambda: write_json(self._directory.config, facts)
        ):
            with self._wake:
                if self._settings == changes:
                    self._settings.clear()

    def _write_lines(self, path: Path, waiting: list[dict[str, Any]]) -> None:
        written = 0

        def write() -> None:
            nonlocal written
            with self._wake:
                lines = list(waiting)  # other ones at a second try, where the file was deleted
            append_lines(path, lines)
            written = len(lines)

        if waiting and self._attempts.make(path, write):
            with self._wake:
                del waiting[:written]

    def _write_status(self) -> None:
        progress = self._session.progress
        status = {
            "state": self._session.state,
            "pid": os.getpid(),
            "started": round(self._started, 3),
            "updated": round(time.time(), 3),
            "epoch": progress.epoch,
            "epochs": progress.epochs,
            "batch": progress.batch,
            "batches": progress.batches,
            "global_batch": progress.global_batch,
            "best": None,
            **self._facts,
        }
        write_json(self._directory.status, status)

    def _make_again(self) -> None:
        """Make what somebody has deleted once more: the checkpoints' folder, or the run's.

        Raises:
            OSError: When both are there, or cannot be made.
        """
        directory = self._directory
        deleted = directory.checkpoints if directory.path.exists() else directory.path
        directory.checkpoints.mkdir(parents=True)
        if deleted == directory.path:
            self._fill_again()
        message = f"{deleted} was deleted and is made again"
        log.warning("%s", message)
        self._tell(Warned(message=message))

    def _fill_again(self) -> None:
        """Write into the run's new directory what stood in the old one, the lock included."""
        write_json(self._directory.config, self.facts)
        try:
            self._locks.enter_context(self._directory.lock())
        except MnistTuiError as error:
            log.warning("%s", error)
        with self._wake:
            self._rows[:] = self._all_rows
            self._insight = self._session.validation if self._all_rows else None

    def _tell(self, event: Event) -> None:
        """Tell of a file, unless the run is over: RunEnded is the last that its viewers hear."""
        if not self._session.state.is_over:
            self._session.emit(event)
