"""The directory of one run: its name, the paths of its files, and its lock."""

import errno
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from mnist_tui.config import TrainConfig
from mnist_tui.errors import Remedy, UsageError
from mnist_tui.store.atomic import read_json, sweep, write_json

try:
    import fcntl
except ImportError:  # Windows has no flock; two processes on one run are not kept apart there.
    fcntl = None  # type: ignore[assignment]

_LOCK_TRIES: Final = 10
"""`is_locked` of another process holds the lock for a moment: worth a few more tries."""
_NEW: Final = ".new-"
"""How the names of folders begin that are about to become runs, or to be deleted."""
_ABANDONED_S: Final = 3_600.0
_ELSEWHERE: Final = "choose another folder for the runs"
_NAME: Final = re.compile(r"[^\W_][\w.+-]{0,99}")


class RunDirectory:
    """The paths of one run's files."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.config = path / "config.json"
        self.status = path / "status.json"
        self.metrics = path / "metrics.jsonl"
        self.events = path / "events.jsonl"
        self.log = path / "log.txt"
        self.validation = path / "insight.npz"
        self.checkpoints = path / "checkpoints"
        self.last = self.checkpoints / "last.pt"
        self.best = self.checkpoints / "best.pt"

    @property
    def name(self) -> str:
        """The run's name."""
        return self.path.name

    def step(self, global_batch: int) -> Path:
        """The checkpoint saved by hand after that many batches."""
        return self.checkpoints / f"step-{global_batch}.pt"

    def delete(self) -> None:
        """Delete the run, all or nothing. Only while holding the lock."""
        with suppress(OSError):
            # Its name goes at once; what is left is deleted later like an unfinished new run.
            gone = self.path.rename(self.path.with_name(f"{_NEW}{secrets.token_hex(6)}"))
            shutil.rmtree(gone, ignore_errors=True)
            self.path.parent.rmdir()  # where it was the only run

    @property
    def owner(self) -> int:
        """The process that locked the run last; 0 where that is not known."""
        try:
            return int((self.path / "lock").read_text())
        except (OSError, ValueError):
            return 0

    def read_config(self) -> TrainConfig:
        """The run's settings.

        Raises:
            UsageError: When config.json is missing or holds no settings.
        """
        values = read_json(self.config).get("config")
        if not isinstance(values, dict):
            raise UsageError(f"{self.path} is not a run: it has no config.json that can be read")
        return TrainConfig.from_dict(values)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep every other process from writing to the run, until left or until this one dies.

        Raises:
            UsageError: When another process holds it, or the run cannot be written to.
        """
        try:
            descriptor = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            raise UsageError(
                f"cannot write to {self.path}: {error.strerror}; check the folder's permissions"
            ) from error
        try:
            if fcntl is not None and not _wait_for_lock(descriptor):
                pid = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip() or "unknown"
                raise UsageError(
                    f"run {self.name} is being trained by process {pid}; "
                    "stop that one first, or start another run"
                )
            with suppress(OSError):  # on a full disk; only the words of a refusal need it
                os.ftruncate(descriptor, 0)
                os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
            for folder in (self.path, self.checkpoints):
                sweep(folder)
            yield
        finally:
            os.close(descriptor)

    def is_locked(self) -> bool:
        """Whether a living process writes to the run, of any user, here or in another mount."""
        if fcntl is None:
            return False
        # Some network file systems lock only what can be written to.
        for mode in (os.O_RDWR, os.O_RDONLY):
            try:
                descriptor = os.open(self.path / "lock", mode)
            except OSError as error:
                if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
                    return False
            else:
                try:
                    return not _try_lock(descriptor)
                finally:
                    os.close(descriptor)
        return _is_alive(read_json(self.status).get("pid"))


def _is_alive(pid: object) -> bool:
    """Whether there is a process of that number, of whatever user."""
    if not isinstance(pid, int) or pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:  # another user's
        return True
    return True


def _wait_for_lock(descriptor: int) -> bool:
    for attempt in range(_LOCK_TRIES):
        if _try_lock(descriptor):
            return True
        time.sleep(0.02 * (attempt < _LOCK_TRIES - 1))
    return False


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        # Some network file systems have no locks: two processes are not kept apart there.
        return error.errno not in (errno.EWOULDBLOCK, errno.EACCES)
    return True


def name_problem(runs_dir: Path, name: str) -> str | None:
    """Why a new run cannot be named `name`, in one line; None when it can."""
    if not _NAME.fullmatch(name):
        return f"{name!r} cannot be a folder's name: use letters, digits, '-', '_', '.'"
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
        is_run = _NAME.fullmatch(name) and name != "last" and RunDirectory(path).config.exists()
        resume = Remedy(command="resume", run=str(path))
        raise UsageError(problem, resume if is_run else Remedy(settings={"name": None}))
    nearest = runs_dir
    while not nearest.exists() and nearest != nearest.parent:
        nearest = nearest.parent
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        raise UsageError(
            f"cannot write to {runs_dir}; {_ELSEWHERE}", Remedy(settings={"runs_dir": None})
        )


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
