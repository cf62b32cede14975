"""The lock of a run: which process may write it, and whether one does."""

import errno
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from mnist_tui.errors import UsageError
from mnist_tui.store.atomic import sweep
from mnist_tui.store.owner import Owner, is_alive
from mnist_tui.store.status import StatusFile

if sys.platform != "win32":
    import fcntl

_TRIES: Final = 10
"""`is_held` of another process holds the lock for a moment: worth a few more tries."""
_WAIT_S: Final = 0.02
"""Between two of them."""
HANGS_S: Final = 5.0
"""A network file system whose lock server is away never answers."""
HEARTBEAT_S: Final = 5.0
"""A live run replaces status.json each second; one that did not for so long is dead."""


class RunLock:
    """A file of the run that is locked, and signed by the process that has locked it.

    Some file systems have no locks, or locks that other machines do not see. There the lock file
    says whose the run is, status.json that it lives, and `new_owner` that it was lost.
    """

    def __init__(self, run: Path, status: Path, checkpoints: Path) -> None:
        self.descriptor: int | None = None
        """The open lock, while this process holds it; None otherwise."""
        self._run = run
        self._file = run / "lock"
        self._status = status
        self._swept: Final = (run, checkpoints)
        self._owner: Owner | None = None
        """What this process has written into the lock file."""

    @property
    def owner(self) -> Owner:
        """The process that locked the run last."""
        try:
            return Owner.parse(self._file.read_text())
        except (OSError, ValueError):
            return Owner(0)

    def wait_for_owner(self) -> Owner:
        """The process that has locked the run, once it has signed the lock.

        Between the two it is a moment, in which the lock names the process before.
        """
        for _ in range(_TRIES):
            if self.owner.may_live:
                break
            time.sleep(_WAIT_S)
        return self.owner

    @property
    def new_owner(self) -> Owner | None:
        """The process that has locked the run since this one did, which must not write any more.

        None as it should be: only where the file system's locks hold nothing can there be one.
        """
        owner = self.owner
        return owner if self._owner and owner.pid and owner != self._owner else None

    def check(self) -> None:
        """Find out that no other process has taken the run over.

        Raises:
            UsageError: When one has.
        """
        owner = self.new_owner
        if owner is not None:
            raise UsageError(self._refusal(owner))

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Keep every other process from writing to the run, until left or until this one dies.

        Raises:
            UsageError: When another process holds it, or the run cannot be written to.
        """
        with self.share(self._open()) as descriptor:
            if not _wait_for(descriptor) or self._shows_life():
                raise UsageError(self._refusal(self.owner))
            self.claim()
            yield

    @contextmanager
    def share(self, descriptor: int) -> Iterator[int]:
        """Hold the lock that was opened as `descriptor`, until left.

        A process that hands the run over gives its own open lock to the next one. Both hold it
        then, so that it is never free between them; which of them writes is for them to agree.
        """
        self.descriptor = descriptor
        try:
            yield descriptor
        finally:
            self.descriptor = None
            os.close(descriptor)

    def claim(self) -> None:
        """Say that this process is the one that writes, and sweep up after the one before."""
        assert self.descriptor is not None
        self._sign(self.descriptor)
        for folder in self._swept:
            sweep(folder)

    def _open(self) -> int:
        try:
            return os.open(self._file, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            raise UsageError(
                f"cannot write to {self._run}: {error.strerror}; check the folder's permissions"
            ) from error

    def _refusal(self, owner: Owner) -> str:
        if owner.pid and not owner.may_live and owner.pid != os.getpid():
            return (
                f"run {self._run.name} is locked, and {owner}, which locked it last, is gone; "
                "look for another one that uses it, or start another run"
            )
        return (
            f"run {self._run.name} is being trained by {owner}; "
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
        before = StatusFile.read(self._status)
        end = time.monotonic() + HEARTBEAT_S
        while time.monotonic() < end:
            time.sleep(HEARTBEAT_S / 50)
            if StatusFile.read(self._status) != before:
                return self._is_live()
        return False

    def _is_live(self) -> bool:
        """Whether the run has not ended, by its own last word."""
        status = StatusFile.read(self._status)
        return bool(status.state) and not status.is_over

    @property
    def may_be_held(self) -> bool:
        """Whether the process that locked the run last seems to live: no proof, but cheap."""
        owner = self.owner
        return owner.pid in (0, os.getpid()) or owner.may_live

    def is_held(self) -> bool:
        """Whether a living process writes to the run, of any user, here or on another machine."""
        # Some network file systems lock only what can be written to.
        for mode in (os.O_RDWR, os.O_RDONLY):
            try:
                descriptor = os.open(self._file, mode)
            except OSError as error:
                if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
                    return False
            else:
                try:
                    return not _try_lock(descriptor) or self._was_live_lately()
                finally:
                    os.close(descriptor)
        return is_alive(StatusFile.read(self._status).pid)

    def _was_live_lately(self) -> bool:
        """Whether the run has given a sign of life a moment ago; by two machines' clocks, maybe."""
        updated = StatusFile.read(self._status).updated
        if updated is None or not self._is_live():
            return False
        return self.owner.may_live and abs(time.time() - updated) < 2 * HEARTBEAT_S


def _wait_for(descriptor: int) -> bool:
    for attempt in range(_TRIES):
        if _try_lock(descriptor):
            return True
        time.sleep(_WAIT_S * (attempt < _TRIES - 1))
    return False


def _try_lock(descriptor: int) -> bool:
    """Take the file's lock; False where another process has it.

    True as well where there are no locks, or where they do not answer.
    """
    answers: list[bool] = []
    # On a thread that may hang, and is left to itself then.
    thread = threading.Thread(target=lambda: answers.append(_flock(descriptor)), daemon=True)
    thread.start()
    thread.join(HANGS_S)
    return answers[0] if answers else True


def _flock(descriptor: int) -> bool:
    if sys.platform == "win32":  # which has no flock
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in (errno.EWOULDBLOCK, errno.EACCES)
    return True
