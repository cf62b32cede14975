"""The runs in a folder: all of them, the newest, or the one of a name."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mnist_tui.errors import CheckpointError, Remedy, UsageError
from mnist_tui.store.atomic import read_json
from mnist_tui.store.directory import RunDirectory
from mnist_tui.store.summary import RunSummary, summarize

SWEEP_FILE: Final = "sweep.json"
"""The file that makes a folder a sweep's: its runs are in folders of their own beside it."""


def list_runs(runs_dir: Path) -> list[RunSummary]:
    """Every run in `runs_dir`, the newest first; none where the folder is missing.

    Raises:
        UsageError: When it cannot be read.
    """
    found = (summarize(run.directory, run.name) for run in scan_runs(runs_dir))
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
            updated_s = directory.updated_s(directory.read_status())
            if newest is None or updated_s > newest_s:
                newest_s, newest = updated_s, directory
    return newest


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
        NoRunError: When there is none.
        SweepNamedError: When the name is a sweep's, which has several.
        UsageError: When its folder may not be looked into.
    """
    if name == "last":
        newest = newest_run(runs_dir)
        if newest is None:
            raise NoRunError(f"there is no run in {runs_dir}; start one", start_remedy(runs_dir))
        return newest
    try:
        for path in (runs_dir / name, Path(name)):
            if (path / "config.json").exists():
                return RunDirectory(path)
        sweep = find_sweep_folder(runs_dir, name)
    except OSError as error:
        raise UsageError(_closed(error)) from error
    if sweep is not None:
        raise SweepNamedError(
            f"{name} is a sweep, not a run: name one of its runs, {name.rstrip('/')}/NAME, "
            "or look at all",
            Remedy(command="sweep", settings={"resume": name, **_place(runs_dir)}),
            folder=sweep,
        )
    below = [run for run in scan_runs(runs_dir) if run.name.endswith(f"/{name}")]
    if len(below) == 1:
        return below[0].directory
    raise NoRunError(
        f"there is no run named {name} in {runs_dir}; list those that are", list_remedy(runs_dir)
    )


class NoRunError(UsageError):
    """There is no run of the name that was asked for."""


class SweepNamedError(UsageError):
    """A run was asked for, and the name is a sweep's."""

    def __init__(self, message: str, remedy: Remedy, *, folder: Path) -> None:
        super().__init__(message, remedy)
        self.folder: Final = folder
        """The sweep's."""


def find_sweep_folder(runs_dir: Path, name: str) -> Path | None:
    """The folder of the sweep of that name or path; None where there is none.

    Raises:
        OSError: When it may not be looked for.
    """
    paths = (runs_dir / name, Path(name))
    return next((path for path in paths if (path / SWEEP_FILE).exists()), None)


def find_checkpoint(runs_dir: Path, name: str, file: str | None = None) -> Path:
    """The checkpoint of a run, or the file itself where `name` is one.

    Args:
        runs_dir: The folder that names of runs are looked up in.
        name: As in `find_run`, or the path of a checkpoint.
        file: The checkpoint's name in the run; None: last.pt.

    Raises:
        CheckpointError: When there is no such run or file, or it may not be looked for, or the
            name is a sweep's.
    """
    try:
        if Path(name).is_file():
            return Path(name)
        directory = find_run(runs_dir, name)
        path = directory.checkpoints / (file or directory.last.name)
        is_there = path.is_file()
    except OSError as error:
        raise CheckpointError(_closed(error)) from error
    except NoRunError as error:
        raise CheckpointError(
            f"{name} is neither a checkpoint nor a run in {runs_dir}; list those that are",
            list_remedy(runs_dir),
        ) from error
    except UsageError as error:
        raise CheckpointError(str(error), error.remedy) from error
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
    newest = newest_run(runs_dir, lambda run: run.is_live(run.read_status()))
    return newest or find_run(runs_dir, name)


def start_remedy(runs_dir: Path) -> Remedy:
    """Start a run there."""
    return Remedy(command="train", settings=_place(runs_dir))


def list_remedy(runs_dir: Path) -> Remedy:
    """List the runs that are there."""
    return Remedy(command="runs", settings=_place(runs_dir))


def _place(runs_dir: Path) -> dict[str, str]:
    return {} if runs_dir == Path("runs") else {"runs_dir": str(runs_dir)}
