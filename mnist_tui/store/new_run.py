"""A new run's directory: its name, its place, and how it is made whole."""

import errno
import os
import re
import secrets
import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from mnist_tui.config import TrainConfig
from mnist_tui.errors import Remedy, UsageError
from mnist_tui.store.atomic import read_json, write_json
from mnist_tui.store.directory import RunDirectory

_NEW: Final = ".new-"
"""How the names of folders begin that are about to become runs, or to be deleted."""
_ABANDONED_S: Final = 3_600.0
_ELSEWHERE: Final = "choose another folder for the runs"
_NAME: Final = re.compile(r"[^\W_][\w.+,=-]*")
_LONGEST: Final = 100
"""Characters of a name; files within the run add theirs to the path."""


def name_problem(runs_dir: Path, name: str) -> str | None:
    """Why a new run cannot be named `name`, in one line; None when it can."""
    if not _NAME.fullmatch(name):
        return (
            f"{name!r} cannot be a folder's name: begin with a letter or digit, and go on with "
            "letters, digits, '-', '_', '.'"
        )
    if len(name) > _LONGEST:
        return f"a name of {len(name)} characters is too long: {_LONGEST} at most"
    if name == "last":
        return "'last' always means the newest run: choose another name"
    if _is_taken(runs_dir / name):
        return f"{name} is already in {runs_dir}; choose another name, or resume it"
    return None


def _is_taken(path: Path) -> bool:
    """Whether something is there already; an empty folder may become a run."""
    try:
        return not path.is_dir() or any(path.iterdir()) if os.path.lexists(path) else False
    except OSError:
        return True


def check_place(runs_dir: Path, name: str | None) -> None:
    """Find out, without making anything, whether a run of that name can be made there.

    Raises:
        UsageError: When it cannot.
    """
    problem = None if name is None else name_problem(runs_dir, name)
    if name is not None and problem is not None:
        path = runs_dir / name
        is_name = _NAME.fullmatch(name) and len(name) <= _LONGEST and name != "last"
        is_run = is_name and bool(read_json(RunDirectory(path).config))
        resume = Remedy(command="resume", run=str(path))
        raise UsageError(problem, resume if is_run else Remedy(settings={"name": None}))
    nearest = nearest_above(runs_dir)
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        raise UsageError(
            f"cannot write to {runs_dir}; {_ELSEWHERE}", Remedy(settings={"runs_dir": None})
        )


def nearest_above(path: Path) -> Path:
    """The path itself, or the nearest of the folders that it is to be made in that is there."""
    return next((place for place in (path, *path.parents) if os.path.lexists(place)), Path())


def create_run(runs_dir: Path, name: str | None, config: TrainConfig) -> RunDirectory:
    """Make a new run's directory, with its config.json.

    Raises:
        UsageError: When the name is taken or the place cannot be written to.
    """
    check_place(runs_dir, name)
    try:
        runs_dir.mkdir(parents=True, exist_ok=True)
        _forget_abandoned(runs_dir)
        # Made beside and renamed: a process that is killed here leaves no half of a run.
        made = RunDirectory(runs_dir / f"{_NEW}{secrets.token_hex(6)}")
        try:
            made.checkpoints.mkdir(parents=True)
            write_json(made.config, {"config": config.to_dict()})
            return RunDirectory(_put(made.path, runs_dir, name, config))
        except BaseException:
            shutil.rmtree(made.path, ignore_errors=True)
            raise
    except OSError as error:
        raise UsageError(
            f"cannot write to {runs_dir}: {error.strerror}; {_ELSEWHERE}",
            Remedy(settings={"runs_dir": None}),
        ) from error


def _put(made: Path, runs_dir: Path, name: str | None, config: TrainConfig) -> Path:
    """Rename the new run's folder to a name that no other run has; returns its path."""
    stem = name or f"{time.strftime('%Y%m%d-%H%M%S')}-{config.recipe}"
    for attempt in range(1, 1000):
        path = runs_dir / (stem if attempt == 1 else f"{stem}-{attempt}")
        try:
            # Fails where a run is, since no run's folder is empty.
            return made.rename(path)
        except OSError as error:
            if name or error.errno not in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR):
                raise
            # another run started in the same second
    raise FileExistsError(errno.EEXIST, "a thousand runs have this name", str(runs_dir / stem))


def _forget_abandoned(runs_dir: Path) -> None:
    """Delete what processes left behind that were killed while they made a run, some time ago."""
    for path in runs_dir.glob(f"{_NEW}*"):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > _ABANDONED_S:
                shutil.rmtree(path, ignore_errors=True)


def discard_run(directory: RunDirectory) -> None:
    """Delete the run, all or nothing. Only while holding the lock."""
    with suppress(OSError):
        # Its name goes at once; what is left is deleted later like an unfinished new run.
        path = directory.path
        gone = path.rename(path.with_name(f"{_NEW}{secrets.token_hex(6)}"))
        shutil.rmtree(gone, ignore_errors=True)
        path.parent.rmdir()  # where it was the only run
