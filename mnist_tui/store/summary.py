"""What the files of a run say of it, summed up for a list."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from mnist_tui.config import SETTINGS
from mnist_tui.run.events import EpochRow, best_of
from mnist_tui.run.state import OVER
from mnist_tui.store.atomic import read_json
from mnist_tui.store.directory import RunDirectory
from mnist_tui.store.labels import read_labels

CURVE_POINTS: Final = 24
"""As many as a curve of a line's height can show."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """One run of a list."""

    name: str
    """Its place below the folder of the runs: `20261128-101500-fast`, `lab/first`."""
    path: str
    state: str
    """A State, or `interrupted`: it was live when its process died."""
    recipe: str
    dataset: str
    epochs: int
    epochs_done: int
    best_epoch: int | None
    best_val_accuracy: float | None
    updated: float
    """Unix time of the last sign of life."""
    can_resume: bool
    model: str
    optimizer: str
    lr: float
    batch_size: int
    seed: int
    val_loss: float | None
    """Of the last epoch; may be nan."""
    val_losses: tuple[float, ...]
    """Validation losses, oldest first, at most CURVE_POINTS of them, evenly chosen."""
    duration_s: float
    """Of all finished epochs."""
    tags: tuple[str, ...]
    note: str
    pid: int | None = None
    """The process that trains it; None: none does."""
    host: str = ""
    """That process's machine."""
    viewers: int | None = None
    """How many dashboards show it live; None where that is not known."""

    @property
    def is_live(self) -> bool:
        """Whether a process trains it."""
        return self.state not in (*OVER, "interrupted")

    @property
    def network(self) -> str:
        """The network as users name it: `tutorial`, `net.py:Net`."""
        return SETTINGS["model"].rule.spell(self.model)


def summarize(directory: RunDirectory, name: str | None = None) -> RunSummary | None:
    """The run in `directory`, or None when there is none; its name is its folder's by default."""
    config = read_json(directory.config).get("config")
    if not isinstance(config, dict):
        return None
    status = directory.read_status()
    rows = directory.read_rows()
    best = best_of(rows)
    state, is_live = status.state, directory.is_live(status)
    if not state and is_live:
        state = "ready"
    elif is_live and status.is_over:
        state = "loading"  # resumed, and not further yet
    elif not is_live and not status.is_over:
        state = "interrupted"
    labels = read_labels(directory)
    owner = directory.lock.owner
    return RunSummary(
        name=name or directory.name,
        path=str(directory.path),
        state=state,
        recipe=str(config.get("recipe", "")),
        dataset=status.dataset or str(config.get("dataset", "")),
        epochs=status.epochs or int(_number(config.get("epochs"))),
        epochs_done=rows[-1].epoch if rows else 0,
        best_epoch=best.epoch if best else None,
        best_val_accuracy=best.val_accuracy if best else None,
        updated=directory.updated_s(status),
        can_resume=directory.last.exists() and state in ("stopped", "failed", "interrupted"),
        model=str(config.get("model", "")),
        optimizer=str(config.get("optimizer", "")),
        lr=float(_number(config.get("lr"))),
        batch_size=int(_number(config.get("batch_size"))),
        seed=int(_number(config.get("seed"))),
        val_loss=rows[-1].val_loss if rows else None,
        val_losses=tuple(row.val_loss for row in _spread(rows)),
        duration_s=sum(row.seconds for row in rows),
        tags=labels.tags,
        note=labels.note,
        pid=owner.pid if is_live else None,
        host=owner.host if is_live else "",
        viewers=status.viewers if is_live else None,
    )


def _spread(rows: Sequence[EpochRow]) -> Iterator[EpochRow]:
    """At most CURVE_POINTS of the rows, evenly chosen, the first and the last among them."""
    count = min(len(rows), CURVE_POINTS)
    return (rows[i * (len(rows) - 1) // max(count - 1, 1)] for i in range(count))


def _number(value: Any) -> float:
    return value if isinstance(value, int | float) else 0
