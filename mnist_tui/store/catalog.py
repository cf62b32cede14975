"""The runs in a folder, and what their files say of each."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from mnist_tui.config import SETTINGS
from mnist_tui.errors import CheckpointError, Remedy, UsageError
from mnist_tui.run.events import EpochRow, Event, best_of
from mnist_tui.run.state import OVER, State
from mnist_tui.run.wire import event_of
from mnist_tui.store.atomic import read_json, read_lines
from mnist_tui.store.directory import RunDirectory
from mnist_tui.store.labels import read_labels
from mnist_tui.store.status import StatusFile

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
    rows = read_rows(directory)
    best = best_of(rows)
    state, is_live = status.state, _is_live(directory, status)
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
        updated=_updated_s(directory, status),
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


def _is_live(directory: RunDirectory, status: StatusFile) -> bool:
    """Whether a process trains the run, whose status is `status`."""
    # Locks are slow to ask for; a run that has ended is locked again only when it is resumed.
    return (not status.is_over or directory.lock.may_be_held) and directory.lock.is_held()


def _spread(rows: Sequence[EpochRow]) -> Iterator[EpochRow]:
    """At most CURVE_POINTS of the rows, evenly chosen, the first and the last among them."""
    count = min(len(rows), CURVE_POINTS)
    return (rows[i * (len(rows) - 1) // max(count - 1, 1)] for i in range(count))


def read_rows(directory: RunDirectory) -> tuple[EpochRow, ...]:
    """The run's epochs up to the first line that is none, or that is out of order."""
    rows: list[EpochRow] = []
    for values in read_lines(directory.metrics):
        try:
            row = EpochRow.from_dict(values)
        except TypeError:
            break
        if rows and row.epoch <= rows[-1].epoch:
            break
        rows.append(row)
    return tuple(rows)


def complete_rows(directory: RunDirectory, newest: tuple[EpochRow, ...]) -> tuple[EpochRow, ...]:
    """The rows of a checkpoint, and those before that only metrics.jsonl holds."""
    if not newest or newest[0].epoch == 1:
        return newest
    return (*(row for row in read_rows(directory) if row.epoch < newest[0].epoch), *newest)


def read_events(directory: RunDirectory) -> list[tuple[float, Event]]:
    """What the run has emitted, each event with its Unix time; those that are known."""
    found = ((line.get("time"), event_of(line)) for line in read_lines(directory.events))
    return [(time, event) for time, event in found if event and isinstance(time, int | float)]


def is_over(directory: RunDirectory, epochs: int) -> bool:
    """Whether the run has trained for `epochs` and its last checkpoint holds that end.

    The rows of metrics.jsonl are not enough: they may be ahead of that checkpoint.
    """
    status = directory.read_status()
    is_saved = status.state == State.FINISHED and status.saved
    return is_saved and any(row.epoch >= epochs for row in read_rows(directory)[-1:])


def _number(value: Any) -> float:
    return value if isinstance(value, int | float) else 0


def _updated_s(directory: RunDirectory, status: StatusFile) -> float:
    """Unix time of the last sign of life, by status.json or else by the settings' file."""
    if status.updated is not None:
        return status.updated
    try:
        return directory.config.stat().st_mtime
    except OSError:
        return 0.0


def list_runs(runs_dir: Path) -> list[RunSummary]:
    """Every run in `runs_dir`, the newest first; none where the folder is missing.

    Raises:
        UsageError: When it cannot be read.
    """
    found = (summarize(run, name) for name, run in walk_runs(runs_dir))
    return sorted((run for run in found if run), key=lambda run: run.updated, reverse=True)


@dataclass(frozen=True, slots=True)
class FoundRun:
    """A folder that holds a run."""

    name: str
    """As in RunSummary."""
    path: str
    changed_ns: int
    """Unix time at which a file in it was last added or replaced, as status.json often is."""

    @property
    def directory(self) -> RunDirectory:
        """Its files."""
        return RunDirectory(Path(self.path))

    @property
    def changed_s(self) -> float:
        """The same time in seconds."""
        return self.changed_ns / 1e9


def newest_first(runs_dir: Path) -> list[FoundRun]:
    """Every run as `scan_runs` finds it, that with the last change first."""
    return sorted(scan_runs(runs_dir), key=lambda run: run.changed_ns, reverse=True)


def newest_run(
    runs_dir: Path, accepts: Callable[[RunDirectory], bool] = lambda run: True
) -> RunDirectory | None:
    """Of the runs that `accepts` takes, that with the last sign of life; None where none is.

    Reads only those that may be it: the folder of a run has changed since its last sign of life.

    Raises:
        UsageError: When `runs_dir` cannot be read.
    """
    newest_s, newest, now = 0.0, None, time.time()
    for found in newest_first(runs_dir):
        if found.changed_s < newest_s <= now:
            break
        directory = found.directory
        if isinstance(read_json(directory.config).get("config"), dict) and accepts(directory):
            updated_s = _updated_s(directory, directory.read_status())
            if newest is None or updated_s > newest_s:
                newest_s, newest = updated_s, directory
    return newest


def walk_runs(runs_dir: Path) -> Iterator[tuple[str, RunDirectory]]:
    """Every run as `scan_runs` finds it, with its name, in no order."""
    return ((run.name, run.directory) for run in scan_runs(runs_dir))


def scan_runs(runs_dir: Path) -> Iterator[FoundRun]:
    """Every run at any depth below `runs_dir`, in no order; none where it is missing.

    Folders whose names begin with a dot, folders within a run and links to folders are left out.

    Raises:
        UsageError: When `runs_dir` cannot be read; what cannot be read below it is left out.
    """
    waiting = [("", str(runs_dir))]
    while waiting:
        above, folder = waiting.pop()
        try:
            with os.scandir(folder) as entries:
                folders = [
                    e for e in entries if e.name[0] != "." and e.is_dir(follow_symlinks=False)
                ]
        except FileNotFoundError:
            continue
        except OSError as error:
            if above:
                continue
            raise UsageError(
                f"cannot read {runs_dir}: {error.strerror}; check the folder's permissions"
            ) from error
        for entry in folders:
            name = f"{above}{entry.name}"
            if not os.path.lexists(f"{entry.path}/config.json"):
                waiting.append((f"{name}/", entry.path))
                continue
            with suppress(FileNotFoundError):  # deleted meanwhile
                yield FoundRun(name, entry.path, entry.stat().st_mtime_ns)


def find_run(runs_dir: Path, name: str) -> RunDirectory:
    """The run of that name or path, or the newest one for `last`.

    Raises:
        UsageError: When there is none, or its folder may not be looked into.
    """
    if name == "last":
        newest = newest_run(runs_dir)
        if newest is None:
            raise UsageError(f"there is no run in {runs_dir}; start one", start_remedy(runs_dir))
        return newest
    try:
        for path in (runs_dir / name, Path(name)):
            if (path / "config.json").exists():
                return RunDirectory(path)
    except OSError as error:
        raise UsageError(_closed(error)) from error
    below = [run for found, run in walk_runs(runs_dir) if found.endswith(f"/{name}")]
    if len(below) == 1:
        return below[0]
    raise UsageError(
        f"there is no run named {name} in {runs_dir}; list those that are", list_remedy(runs_dir)
    )


def find_checkpoint(runs_dir: Path, name: str, file: str | None = None) -> Path:
    """The checkpoint of a run, or the file itself where `name` is one.

    Args:
        runs_dir: The folder that names of runs are looked up in.
        name: As in `find_run`, or the path of a checkpoint.
        file: The checkpoint's name in the run; None: last.pt.

    Raises:
        CheckpointError: When there is no such run or file, or it may not be looked for.
    """
    try:
        if Path(name).is_file():
            return Path(name)
        directory = find_run(runs_dir, name)
        path = directory.checkpoints / (file or directory.last.name)
        is_there = path.is_file()
    except OSError as error:
        raise CheckpointError(_closed(error)) from error
    except UsageError as error:
        if isinstance(error.__cause__, OSError):
            raise CheckpointError(str(error)) from error
        raise CheckpointError(
            f"{name} is neither a checkpoint nor a run in {runs_dir}; list those that are",
            list_remedy(runs_dir),
        ) from error
    if not is_there:
        others = sorted(found.name for found in directory.checkpoints.glob("[!.]*.pt"))
        known = f"it has {', '.join(others)}" if others else "nothing has been saved yet"
        raise CheckpointError(f"run {directory.name} has no checkpoint {path.name}: {known}")
    return path


def _closed(error: OSError) -> str:
    """What keeps a file from being looked for, and what to do."""
    return f"cannot look for {error.filename}: {error.strerror}; check the path and its permissions"


def find_live_run(runs_dir: Path, name: str) -> RunDirectory:
    """As `find_run`, but for `last` the newest run that a process trains, where there is one."""
    if name != "last":
        return find_run(runs_dir, name)

    def is_live(run: RunDirectory) -> bool:
        return _is_live(run, run.read_status())

    return newest_run(runs_dir, is_live) or find_run(runs_dir, name)


def start_remedy(runs_dir: Path) -> Remedy:
    """Start a run there."""
    return Remedy(command="train", settings=_place(runs_dir))


def list_remedy(runs_dir: Path) -> Remedy:
    """List the runs that are there."""
    return Remedy(command="runs", settings=_place(runs_dir))


def _place(runs_dir: Path) -> dict[str, str]:
    return {} if runs_dir == Path("runs") else {"runs_dir": str(runs_dir)}


def describe_age(updated: float, now: float | None = None) -> str:
    """How long ago a Unix time was, in words."""
    seconds = max(0.0, (time.time() if now is None else now) - updated)
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit} ago"
    return "just now"
