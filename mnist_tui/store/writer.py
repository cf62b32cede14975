"""The thread that writes a run's files, so that training never waits for a disk."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from mnist_tui.run.events import CheckpointSaved, Event, SaveReason, Warned
from mnist_tui.run.requests import GiveUp, Stop
from mnist_tui.run.session import Session
from mnist_tui.store.atomic import write_atomic
from mnist_tui.store.checkpoint import Checkpoint
from mnist_tui.store.directory import RunDirectory
from mnist_tui.store.retry import Retry, log
from mnist_tui.store.run_files import RunFiles

_TICK_S: Final = 1.0
"""How often status.json is brought up to date, and a file that failed is tried again."""
_VALIDATION_S: Final = 1.0
"""How often insight.npz is replaced, beside what checkpoints need: a GPU does many epochs in it."""


@dataclass(frozen=True, slots=True)
class SaveJob:
    """A checkpoint on its way to a file."""

    path: Path
    reason: SaveReason
    checkpoint: Checkpoint
    requested_at: float
    """`time.perf_counter()` at the request."""


class RunWriter:
    """Writes all files of one run, on one thread of its own.

    A checkpoint that waits is replaced by a newer one for the same file, so that a slow disk
    costs checkpoints and never memory. What cannot be written is reported as SaveFailed, kept,
    and tried again each second. Where another process has taken the run over, which locks do not
    prevent on every file system, nothing is written any more and the run is asked to end.
    """

    def __init__(
        self, directory: RunDirectory, session: Session, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Make a writer whose thread does not run yet.

        Args:
            directory: The run's, locked.
            session: The run's, with the validation results that are on disk already.
            clock: Seconds, for how often insight.npz is written.
        """
        self.save_s = 0.0
        """Seconds from the request to the file on disk, of the newest checkpoint."""
        self.is_overtaken = False
        """Whether another process writes the run, so that this one writes nothing any more."""
        self._directory = directory
        self._session = session
        self._clock = clock
        self._retry = Retry(self._emit, self._restore_folders, may_write=self._is_owner)
        self._files = RunFiles(directory, session, self._retry)
        self._wake = threading.Condition(threading.RLock())
        self._jobs: dict[Path, SaveJob] = {}
        self._serialized: tuple[Checkpoint, bytes] | None = None
        """The newest checkpoint that was written, while more files of it may wait."""
        self._validation_at = float("-inf")
        self._is_busy = False
        self._is_closing = False
        self._is_urgent = False
        self._is_held = False
        """Whether nothing is written but what a flush asks for."""
        self._thread = threading.Thread(target=self._work, name="run-writer")

    def start(self, config_record: dict[str, Any]) -> None:
        """Begin to write; call it once.

        Args:
            config_record: What config.json says; with it a deleted run can be filled again.
        """
        self._files.begin(config_record)
        self._session.subscribe(self._on_event)
        self._thread.start()

    def save(self, path: Path, reason: SaveReason, checkpoint: Checkpoint) -> None:
        """Write `checkpoint` to `path` soon. Any thread; returns at once."""
        with self._wake:
            self._jobs.pop(path, None)
            self._jobs[path] = SaveJob(path, reason, checkpoint, time.perf_counter())
            self._wake.notify_all()

    def flush(self) -> bool:
        """Wait until everything is written, or has failed once more.

        Returns:
            Whether every checkpoint is on disk.
        """
        if not self._thread.is_alive():
            return not self._jobs
        with self._wake:
            self._is_urgent = True
            self._wake.notify_all()
            self._wake.wait_for(lambda: not self._is_urgent and not self._is_busy)
            return not self._jobs

    def hold(self) -> bool:
        """Write everything that waits, and then nothing until `release`; whether all is on disk.

        Another process may write the run's files in between.
        """
        with self._wake:
            self._is_held = True
            self.flush()
            return not (self._retry.failing or self.is_overtaken)

    def release(self) -> None:
        """Go on writing after `hold`."""
        with self._wake:
            self._is_held = False
            self._wake.notify_all()

    @property
    def unsaved(self) -> dict[Path, str]:
        """The files that could not be written when last tried, with the reasons; checkpoints
        first."""
        failing = dict(self._retry.failing)
        return dict(sorted(failing.items(), key=lambda item: item[0].suffix != ".pt"))

    def close(self) -> None:
        """Write what is left, unless it is held, and end the thread. Safe when never started."""
        if not self._thread.is_alive():
            return
        with self._wake:
            self._is_closing = True
            self._wake.notify_all()
        self._thread.join()
        self._files.close()

    def _on_event(self, event: Event) -> None:
        with self._wake:
            self._files.add(event)
            self._wake.notify_all()

    @property
    def _is_idle(self) -> bool:
        return not (self._files.has_new_lines or self._jobs)

    def _may_write(self) -> bool:
        return self._is_urgent or self._is_closing or not self._is_held

    def _work(self) -> None:
        """The thread: write whatever waits, sleep until more comes or a tick has passed."""
        while True:
            with self._wake:
                self._wake.wait_for(self._may_write)
                if self._is_held and self._is_closing:
                    return
                is_awaited = self._is_closing or self._is_urgent
                is_waiting = self._is_idle or self._retry.failing or self.is_overtaken
                if not is_awaited and is_waiting:
                    self._wake.wait(_TICK_S)
                is_last, is_awaited = self._is_closing, self._is_closing or self._is_urgent
                self._is_urgent, self._is_busy = False, True
                jobs = list(self._jobs.values())
                if not jobs:
                    self._serialized = None
            self._write(jobs, is_awaited=is_awaited)
            if self.is_overtaken:
                self._ask_to_end()
            with self._wake:
                self._is_busy = False
                self._wake.notify_all()
                is_done = self._is_idle or self._retry.failing or self.is_overtaken
                if is_last and is_done:
                    return

    def _write(self, jobs: list[SaveJob], *, is_awaited: bool) -> None:
        files = self._files
        # Before the checkpoints that a resumed run goes on from, so that it lacks no epoch.
        files.write_metrics()
        if jobs or is_awaited or self._clock() - self._validation_at >= _VALIDATION_S:
            self._validation_at = self._clock()
            files.write_validation()
        for job in jobs:
            self._write_checkpoint(job)
        if jobs or is_awaited or not files.has_history:
            files.write_history()
        files.write_config()
        files.write_events()
        files.write_status()

    def _write_checkpoint(self, job: SaveJob) -> None:
        content = b""

        def write() -> None:
            nonlocal content
            content = self._content_of(job.checkpoint)
            write_atomic(job.path, content)

        is_written = self._retry.attempt(
            job.path, write, repeats=True, always_emits=job.reason is SaveReason.MANUAL
        )
        with self._wake:
            if is_written and self._jobs.get(job.path) is job:
                del self._jobs[job.path]
        if is_written:
            self.save_s = time.perf_counter() - job.requested_at
            self._emit(
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

    def _is_owner(self) -> bool:
        self.is_overtaken = self.is_overtaken or self._directory.lock.new_owner is not None
        return not self.is_overtaken

    def _ask_to_end(self) -> None:
        session = self._session
        if session.allows(Stop) and not session.mailbox.waiting:
            reason = f"Overtaken by {self._directory.lock.owner}"
            session.request(Stop(save=False, reason=reason, exit_code=1))
        elif session.allows(GiveUp):
            session.request(GiveUp())

    def _restore_folders(self) -> None:
        """Make the checkpoints' folder, or the run's, again after it was deleted.

        Raises:
            OSError: When both are there, or cannot be made.
        """
        directory = self._directory
        deleted = directory.checkpoints if directory.path.exists() else directory.path
        directory.checkpoints.mkdir(parents=True)
        if deleted == directory.path:
            self._files.rebuild(self._session.log)
        message = f"{deleted} was deleted or moved, and has been made again"
        log.warning("%s", message)
        self._emit(Warned(message=message))

    def _emit(self, event: Event) -> None:
        # Not between the last change of the state and RunEnded.
        if not self._session.state.is_over:
            self._session.emit(event)
