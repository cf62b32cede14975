"""The directory of one run: the paths of its files, and its lock."""

from pathlib import Path
from typing import Final

from mnist_tui.config import TrainConfig
from mnist_tui.errors import UsageError
from mnist_tui.store.atomic import read_json
from mnist_tui.store.lock import RunLock
from mnist_tui.store.status import StatusFile


class RunDirectory:
    """The paths of one run's files."""

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
