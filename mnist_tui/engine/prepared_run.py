"""A run that is ready for its first step."""

import logging
from dataclasses import dataclass
from typing import Any, Final

from mnist_tui.config import TrainConfig
from mnist_tui.engine.run_state import RunState
from mnist_tui.engine.trainer import Trainer
from mnist_tui.models.source import ModelSource
from mnist_tui.run.events import Notice, RunPrepared, Warned
from mnist_tui.run.session import Session
from mnist_tui.store.writer import RunWriter

log: Final = logging.getLogger(__name__)


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
class PreparedRun:
    """A run that is ready for its first step; `start` opens its files."""

    trainer: Trainer
    state: RunState
    writer: RunWriter
    record: dict[str, Any]
    """The content of config.json."""
    prepared: RunPrepared
    notices: tuple[str, ...]
    """What the user must keep in sight for the whole run."""
    warnings: Warnings
    before: TrainConfig
    """The settings in force until here."""
    source: ModelSource
    """Where the network comes from."""
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
        for event in self.state.go_on(self.before, self.peak_lr):
            session.emit(event)

    def blame(self, error: Exception) -> str:
        """An error in one line, after the line of the user's network; empty where it has none."""
        files = self.source.python_files
        return files.describe(error) if files.place_of(error) else ""
