"""Renaming runs, deleting them into a trash folder, and getting them back."""

import os
import re
import secrets
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mnist_tui import formatting
from mnist_tui.errors import UsageError
from mnist_tui.store.catalog import scan_runs
from mnist_tui.store.directory import RunDirectory
from mnist_tui.store.new_run import name_problem

TRASH: Final = ".trash"
"""The folder, in that of the runs, in which deleted runs wait."""
KEPT_S: Final = 86_400.0
"""How long they wait at least: the next deletion after that deletes them for good."""
_TIME: Final = re.compile(r"(\d+)-")
"""How the names in the trash begin: the Unix time of the deletion."""


@dataclass(frozen=True)
class Contents:
    """What a run's directory holds."""

    files: int
    checkpoints: int
    size_bytes: int

    def __str__(self) -> str:
        checkpoints = formatting.counted(self.checkpoints, "checkpoint")
        files = formatting.counted(self.files, "file")
        return f"{checkpoints}, {formatting.size(self.size_bytes)} in {files}"


@dataclass(frozen=True)
class DeletedRun:
    """A run in the trash, with the place where it was."""

    path: Path
    trashed: Path


def contents_of(directory: RunDirectory) -> Contents:
    """Count what deleting the run would delete."""
    files = [path for path in directory.path.rglob("*") if path.is_file()]
    sizes = []
    for path in files:
        with suppress(OSError):
            sizes.append(path.stat().st_size)
    checkpoints = sum(path.suffix == ".pt" for path in files)
    return Contents(len(files), checkpoints, sum(sizes))


def delete_run(directory: RunDirectory, runs_dir: Path, now: float | None = None) -> DeletedRun:
    """Move a run into the trash of `runs_dir`, and empty that of what has waited for a day.

    A sweep's directory is moved with all of its runs.

    Args:
        runs_dir: The folder of the runs that it is in, at any depth.
        now: Unix time; None: by the clock.

    Raises:
        UsageError: When the run, or one of the sweep's, is live, or it cannot be moved.
    """
    live = find_live_below(directory)
    if live:
        raise UsageError(f"run {live} is live: stop it first")
    now = time.time() if now is None else now
    trash = runs_dir / TRASH
    empty_trash(trash, now)
    trashed = trash / f"{now:.0f}-{secrets.token_hex(4)}" / directory.name
    _move(directory, trashed)
    return DeletedRun(directory.path, trashed)


def empty_trash(trash: Path, now: float) -> None:
    """Delete for good what was deleted more than KEPT_S ago."""
    for path in trash.glob("*"):
        deleted_at = _TIME.match(path.name)
        if deleted_at and now - int(deleted_at[1]) > KEPT_S:
            shutil.rmtree(path, ignore_errors=True)


def restore_run(deleted: DeletedRun) -> RunDirectory:
    """Move a run out of the trash to where it was.

    Raises:
        UsageError: When something else is there now, or it is no longer in the trash.
    """
    if not deleted.trashed.exists():
        raise UsageError(f"{deleted.path.name} is not in the trash any more")
    _move(RunDirectory(deleted.trashed), deleted.path)
    with suppress(OSError):
        deleted.trashed.parent.rmdir()
    return RunDirectory(deleted.path)


def rename_run(directory: RunDirectory, name: str) -> RunDirectory:
    """Give a run that is not live another name, in the same folder.

    Raises:
        UsageError: When the name is taken or cannot be one, or the run is live.
    """
    parent = directory.path.parent
    problem = name_problem(parent, name)
    if problem is not None:
        raise UsageError(problem)
    _move(directory, parent / name)
    return RunDirectory(parent / name)


def find_live_below(directory: RunDirectory) -> str:
    """The name of a run of this sweep that a process trains; empty: there is none."""
    runs = ((f"{directory.name}/{run.name}", run.directory) for run in scan_runs(directory.path))
    return next((name for name, run in runs if run.lock.is_held()), "")


def _move(directory: RunDirectory, target: Path) -> None:
    """Rename the directory of a run that is not live."""
    if os.path.lexists(target):
        raise UsageError(f"{target.name} is there already; rename that one first")
    try:
        with directory.lock.hold():
            target.parent.mkdir(parents=True, exist_ok=True)
            directory.path.rename(target)
    except OSError as error:
        raise UsageError(f"cannot move {directory.path}: {error.strerror}") from error
