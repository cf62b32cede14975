"""The directory of one run: the paths of its files, its lock, and what the smaller files say."""

from pathlib import Path
from typing import Final

from mnist_tui.config import TrainConfig
from mnist_tui.errors import UsageError
from mnist_tui.run.events import EpochRow, Event
from mnist_tui.run.state import State
from mnist_tui.run.wire import event_of
from mnist_tui.store.atomic import read_json, read_lines
from mnist_tui.store.lock import RunLock
from mnist_tui.store.status import StatusFile


class RunDirectory:
    """One run on disk."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.config = path / "config.json"
        self.status = path / "status.json"
        self.metrics = path / "metrics.jsonl"
        self.events = path / "events.jsonl"
        self.log = path / "log.txt"
        self.history = path / "history.npz"
        self.validation = path / "insight.npz"
        self.labels = path / "labels.json"
        self.source = path / "source"
        """Of the files that a network of the user's own was imported from."""
        self.checkpoints = path / "checkpoints"
        self.last = self.checkpoints / "last.pt"
        self.best = self.checkpoints / "best.pt"
        self.lock: Final = RunLock(path, self.status, self.checkpoints)
        """Which process may write it."""

    @property
    def name(self) -> str:
        """The run's name."""
        return self.path.name

    def step(self, global_batch: int) -> Path:
        """The checkpoint saved by hand after that many batches."""
        return self.checkpoints / f"step-{global_batch}.pt"

    def read_status(self) -> StatusFile:
        """How far the run is, or how it ended, as its process said last."""
        return StatusFile.read(self.status)

    def read_config(self) -> TrainConfig:
        """The run's settings.

        Raises:
            UsageError: When config.json is missing or holds no settings.
        """
        values = read_json(self.config).get("config")
        if not isinstance(values, dict):
            raise UsageError(f"{self.path} is not a run: it has no config.json that can be read")
        return TrainConfig.from_dict(values)

    def read_rows(self) -> tuple[EpochRow, ...]:
        """The run's epochs up to the first line that is none, or that is out of order."""
        rows: list[EpochRow] = []
        for values in read_lines(self.metrics):
            try:
                row = EpochRow.from_dict(values)
            except TypeError:
                break
            if rows and row.epoch <= rows[-1].epoch:
                break
            rows.append(row)
        return tuple(rows)

    def complete_rows(self, newest: tuple[EpochRow, ...]) -> tuple[EpochRow, ...]:
        """The rows of a checkpoint, and those before that only metrics.jsonl holds."""
        if not newest or newest[0].epoch == 1:
            return newest
        return (*(row for row in self.read_rows() if row.epoch < newest[0].epoch), *newest)

    def read_events(self) -> list[tuple[float, Event]]:
        """What the run has emitted, each event with its Unix time; those that are known."""
        found = ((line.get("time"), event_of(line)) for line in read_lines(self.events))
        return [(time, event) for time, event in found if event and isinstance(time, int | float)]

    def is_over(self, epochs: int) -> bool:
        """Whether the run has trained for `epochs` and its last checkpoint holds that end.

        The rows of metrics.jsonl are not enough: they may be ahead of that checkpoint.
        """
        status = self.read_status()
        is_saved = status.state == State.FINISHED and status.saved
        return is_saved and any(row.epoch >= epochs for row in self.read_rows()[-1:])

    def is_live(self, status: StatusFile) -> bool:
        """Whether a process trains the run, whose status is `status`."""
        # Locks are slow to ask for; a run that has ended is locked again only when it is resumed.
        return (not status.is_over or self.lock.may_be_held) and self.lock.is_held()

    def updated_s(self, status: StatusFile) -> float:
        """Unix time of the last sign of life, by `status` or else by the settings' file."""
        if status.updated is not None:
            return status.updated
        try:
            return self.config.stat().st_mtime
        except OSError:
            return 0.0
