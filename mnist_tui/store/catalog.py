"""What is in a runs directory."""

import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mnist_tui.errors import UsageError
from mnist_tui.process.invocation import command
from mnist_tui.run.events import EpochRow
from mnist_tui.store.atomic import read_json, read_lines
from mnist_tui.store.directory import RunDirectory


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """One run in a few words."""

    name: str
    path: str
    state: str
    """As in State, or `interrupted`: it was live when its process died."""
    recipe: str
    dataset: str
    epochs: int
    epochs_done: int
    best_epoch: int | None
    best_val_accuracy: float | None
    updated: float
    """Unix time of the last sign of life."""
    can_resume: bool


def summarize(directory: RunDirectory) -> RunSummary | None:
    """The run in `directory`, or None when there is none."""
    config = read_json(directory.config).get("config")
    if not isinstance(config, dict):
        return None
    status = read_json(directory.status)
    rows = [row for row in read_lines(directory.metrics) if "val_accuracy" in row]
    best = max(rows, key=_goodness, default=None)
    updated = status.get("updated")
    state = str(status.get("state", "ready"))
    if state not in ("finished", "stopped", "failed") and not directory.is_locked():
        state = "interrupted"
    return RunSummary(
        name=directory.name,
        path=str(directory.path),
        state=state,
        recipe=str(config.get("recipe", "")),
        dataset=str(status.get("dataset") or config.get("dataset", "")),
        epochs=_number(status.get("epochs")) or _number(config.get("epochs")),
        epochs_done=len(rows),
        best_epoch=best.get("epoch") if best else None,
        best_val_accuracy=best["val_accuracy"] if best else None,
        updated=updated if isinstance(updated, int | float) else _modified(directory.config),
        can_resume=directory.last.exists() and state != "finished",
    )


def read_rows(directory: RunDirectory) -> tuple[EpochRow, ...]:
    """The run's epochs up to the first line that is none; null stands for a number that is nan."""
    rows = []
    for values in read_lines(directory.metrics):
        known: dict[str, Any] = {key: math.nan if v is None else v for key, v in values.items()}
        try:
            rows.append(EpochRow(**known))
        except TypeError:
            break
    return tuple(rows)


def is_over(directory: RunDirectory, epochs: int) -> bool:
    """Whether the run has trained for `epochs` and its last checkpoint holds that end.

    The rows of metrics.jsonl alone don't tell: they may be ahead of that checkpoint.
    """
    status = read_json(directory.status)
    is_saved = status.get("state") == "finished" and status.get("saved") is not False
    return is_saved and len(read_lines(directory.metrics)) >= epochs


def _goodness(row: dict[str, Any]) -> tuple[float, float]:
    """As EpochRow.is_better_than; a number that JSON has no name for stands there as null."""
    accuracy, loss = row["val_accuracy"], row.get("val_loss")
    return (
        accuracy if isinstance(accuracy, int | float) else -math.inf,
        -loss if isinstance(loss, int | float) else -math.inf,
    )


def _number(value: Any) -> int:
    return int(value) if isinstance(value, int | float) else 0


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def list_runs(runs_dir: Path) -> list[RunSummary]:
    """Every run in `runs_dir`, the newest first; none where the folder is missing.

    Raises:
        UsageError: When it cannot be read.
    """
    if not runs_dir.is_dir():
        return []
    try:
        folders = [p for p in runs_dir.iterdir() if p.is_dir() and not p.name.startswith(".")]
    except OSError as error:
        raise UsageError(
            f"cannot read {runs_dir}: {error.strerror}; check the folder's rights"
        ) from error
    found = (summarize(RunDirectory(path)) for path in folders)
    return sorted((run for run in found if run), key=lambda run: run.updated, reverse=True)


def find_run(runs_dir: Path, name: str) -> RunDirectory:
    """The run of that name or path, or the newest one for `last`.

    Raises:
        UsageError: When there is none.
    """
    if name == "last":
        runs = list_runs(runs_dir)
        if not runs:
            raise UsageError(
                f"there is no run in {runs_dir}; start one with: {start_command(runs_dir)}"
            )
        return RunDirectory(Path(runs[0].path))
    for path in (runs_dir / name, Path(name)):
        if (path / "config.json").exists():
            return RunDirectory(path)
    raise UsageError(
        f"there is no run named {name} in {runs_dir}; see them with: {list_command(runs_dir)}"
    )


def start_command(runs_dir: Path) -> str:
    """What to type to start a run there."""
    return command(*_place(runs_dir))


def list_command(runs_dir: Path) -> str:
    """What to type to see the runs that are there."""
    return command("runs", *_place(runs_dir))


def _place(runs_dir: Path) -> tuple[str, ...]:
    return () if runs_dir == Path("runs") else ("--runs-dir", str(runs_dir))


def describe_age(updated: float, now: float | None = None) -> str:
    """How long ago that was, in words."""
    seconds = max(0.0, (time.time() if now is None else now) - updated)
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit} ago"
    return "just now"
