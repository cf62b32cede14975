"""The directory of one run: its name, the paths of its files, and its lock."""

import errno
import os
import re
import secrets
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from mnist_tui.config import TrainConfig
from mnist_tui.errors import Remedy, UsageError
from mnist_tui.store.atomic import read_json, sweep, write_json
from mnist_tui.store.owner import Owner, is_alive

try:
    import fcntl
except ImportError:  # Windows has no flock
    fcntl = None  # type: ignore[assignment]

_LOCK_TRIES: Final = 10
"""`is_locked` of another process holds the lock for a moment: worth a few more tries."""
_LOCK_WAIT_S: Final = 0.02
"""Between two of them."""
_LOCK_HANGS_S: Final = 5.0
"""A network file system whose lock server is away answers never."""
_HEARTBEAT_S: Final = 5.0
"""A live run replaces status.json each second; one that did not for so long is dead."""
_NEW: Final = ".new-"
"""How the names of folders begin that are about to become runs, or to be deleted."""
_ABANDONED_S: Final = 3_600.0
_ELSEWHERE: Final = "choose another folder for the runs"
_NAME: Final = re.compile(r"[^\W_][\w.+,=-]{0,99}")


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
        self.lock_descriptor: int | None = None
        """The open lock, while this process holds it; None otherwise."""
        self._lock_file = path / "lock"
        self._owner: Owner | None = None
        """What this process has written into the lock file."""

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
    def owner(self) -> Owner:
        """The process that locked the run last."""
        try:
            return Owner.parse(self._lock_file.read_text())
        except (OSError, ValueError):
            return Owner(0)

    def wait_for_owner(self) -> Owner:
        """The process that has locked the run, once it has signed the lock.

        Between the two it is a moment, in which the lock names the process before.
        """
        for _ in range(_LOCK_TRIES):
            if self.owner.may_live:
                break
            time.sleep(_LOCK_WAIT_S)
        return self.owner

    @property
    def new_owner(self) -> Owner | None:
        """The process that has locked the run since this one did, which must not write any more.

        None as it should be: only where the file system's locks hold nothing can there be one.
        """
        owner = self.owner
        return owner if self._owner and owner.pid and owner != self._owner else None

    def read_config(self) -> TrainConfig:
        """The run's settings.

        Raises:
            UsageError: When config.json is missing or holds no settings.
        """
        values = read_json(self.config).get("config")
        if not isinstance(values, dict):
            raise UsageError(f"{self.path} is not a run: it has no config.json that can be read")
        return TrainConfig.from_dict(values)

    def check_owner(self) -> None:
        """Find out that no other process has taken the run over.

        Raises:
            UsageError: When one has.
        """
        owner = self.new_owner
        if owner is not None:
            raise UsageError(self._refusal(owner))

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep every other process from writing to the run, until left or until this one dies.

        Some file systems have no locks, or locks that other machines do not see. There the lock
        file says whose the run is, status.json that it lives, and `new_owner` that it was lost.

        Raises:
            UsageError: When another process holds it, or the run cannot be written to.
        """
        with self.share_lock(self._open_lock()) as descriptor:
            self._take(descriptor)
            self.claim()
            yield

    @contextmanager
    def share_lock(self, descriptor: int) -> Iterator[int]:
        """Hold the lock that was opened as `descriptor`, until left.

        A process that hands the run over gives its own open lock to the next one. Both hold it
        then, so that it is never free between them; which of them writes is for them to agree.
        """
        self.lock_descriptor = descriptor
        try:
            yield descriptor
        finally:
            self.lock_descriptor = None
            os.close(descriptor)

    def claim(self) -> None:
        """Say that this process is the one that writes, and sweep up after the one before."""
        assert self.lock_descriptor is not None
        self._sign(self.lock_descriptor)
        for folder in (self.path, self.checkpoints):
            sweep(folder)

    def _open_lock(self) -> int:
        try:
            return os.open(self._lock_file, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            raise UsageError(
                f"cannot write to {self.path}: {error.strerror}; check the folder's permissions"
            ) from error

    def _take(self, descriptor: int) -> None:
        if not _wait_for_lock(descriptor) or self._shows_life():
            raise UsageError(self._refusal(self.owner))

    def _refusal(self, owner: Owner) -> str:
        if owner.pid and not owner.may_live and owner.pid != os.getpid():
            return (
                f"run {self.name} is locked, and {owner}, which locked it last, is gone; "
                "look for another one that uses it, or start another run"
            )
        return (
            f"run {self.name} is being trained by {owner}; "
            "stop that one first, or start another run"
        )

    def _sign(self, descriptor: int) -> None:
        """Write into the lock file whose the run is from now on."""
        owner = Owner.of_this_process()
        line = owner.line.encode()
        try:
            # In place of the one before, which needs no room on a full disk.
            os.lseek(descriptor, 0, os.SEEK_SET)
            os.write(descriptor, line)
            os.ftruncate(descriptor, len(line))
        except OSError:  # on a full disk
            self._owner = None
        else:
            self._owner = owner

    def _shows_life(self) -> bool:
        """Whether another process writes to the run, though its lock was to be had."""
        if not (self.owner.may_live and self._is_live()):
            return False
        before = read_json(self.status)
        end = time.monotonic() + _HEARTBEAT_S
        while time.monotonic() < end:
            time.sleep(_HEARTBEAT_S / 50)
            if read_json(self.status) != before:
                return self._is_live()
        return False

    def _is_live(self) -> bool:
        """Whether the run has not ended, by its own last word."""
        state = read_json(self.status).get("state")
        return state is not None and state not in ("finished", "stopped", "failed")

    @property
    def may_be_locked(self) -> bool:
        """Whether the process that locked the run last seems to live: no proof, but cheap."""
        owner = self.owner
        return owner.pid in (0, os.getpid()) or owner.may_live

    def is_locked(self) -> bool:
        """Whether a living process writes to the run, of any user, here or on another machine."""
        # Some network file systems lock only what can be written to.
        for mode in (os.O_RDWR, os.O_RDONLY):
            try:
                descriptor = os.open(self._lock_file, mode)
            except OSError as error:
                if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
                    return False
            else:
                try:
                    return not _try_lock(descriptor) or self._was_live_lately()
                finally:
                    os.close(descriptor)
        return is_alive(read_json(self.status).get("pid"))

    def _was_live_lately(self) -> bool:
        """Whether the run has given a sign of life a moment ago; by two machines' clocks, maybe."""
        updated = read_json(self.status).get("updated")
        if not isinstance(updated, int | float) or not self._is_live():
            return False
        return self.owner.may_live and abs(time.time() - updated) < 2 * _HEARTBEAT_S


def _wait_for_lock(descriptor: int) -> bool:
    for attempt in range(_LOCK_TRIES):
        if _try_lock(descriptor):
            return True
        time.sleep(_LOCK_WAIT_S * (attempt < _LOCK_TRIES - 1))
    return False


def _try_lock(descriptor: int) -> bool:
    """Take the file's lock; False where another process has it.

    True as well where there are no locks, or where they do not answer.
    """
    answers: list[bool] = []
    # On a thread that may hang, and is left to itself then.
    thread = threading.Thread(target=lambda: answers.append(_flock(descriptor)), daemon=True)
    thread.start()
    thread.join(_LOCK_HANGS_S)
    return answers[0] if answers else True


def _flock(descriptor: int) -> bool:
    if fcntl is None:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
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
