"""The server's end of a run's socket: bound by the holder of the run's lock, for one user."""

import logging
import os
import secrets
import socket
import stat
import struct
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

log: Final = logging.getLogger(__name__)

_BACKLOG: Final = 16
_AGAIN_S: Final = 0.1
_SOL_LOCAL: Final = 0
_LOCAL_PEERCRED: Final = 1


class Listener:
    """A listening Unix socket that removes what it finds at its path, and itself at the end.

    Only for the process that holds the run's lock: whatever is at the path is of a process that
    has died, or does not belong there.
    """

    def __init__(self, path: Path) -> None:
        """Bind and listen.

        Raises:
            OSError: When the path cannot be bound.
        """
        self.path: Final = path
        _clear(path)
        self.socket: Final = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self.socket.setblocking(False)
            self.socket.bind(str(path))
            # The folder is closed to others, so that nobody comes in between the two.
            path.chmod(0o600)
            self._file = _identity(path)
            self.socket.listen(_BACKLOG)
        except BaseException:
            self.socket.close()
            raise

    @property
    def is_in_place(self) -> bool:
        """Whether the path still leads to this socket."""
        return self._file is not None and _identity(self.path) == self._file

    def accept(self) -> socket.socket | None:
        """The next client, if it is a process of this user; None: it was not, or has gone."""
        try:
            client, _ = self.socket.accept()
        except BlockingIOError:
            return None
        except OSError as error:  # out of file descriptors, perhaps: the client waits until then
            log.debug("no client: %s", error)
            time.sleep(_AGAIN_S)
            return None
        if not is_own(client):
            log.warning("a process of another user was refused at %s", self.path)
            client.close()
            return None
        client.setblocking(False)
        return client

    def close(self) -> None:
        """Stop listening, and remove the socket unless something else is in its place."""
        if self.is_in_place:
            with suppress(OSError):
                self.path.unlink()
        self.socket.close()


def is_own(connection: socket.socket) -> bool:
    """Whether the process at the other end is of the same user, as the system says."""
    try:
        return peer_uid(connection) == os.geteuid()
    except OSError as error:
        log.debug("the other end is not known: %s", error)
        return False


def peer_uid(connection: socket.socket) -> int:
    """The user whose process is at the other end.

    Raises:
        OSError: When the system does not say.
    """
    if sys.platform == "linux":
        content = connection.getsockopt(
            socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("=iII")
        )
        _, uid, _ = struct.unpack("=iII", content)  # pid, uid, gid
    else:  # macOS and the BSDs: struct xucred begins with a version and the user
        content = connection.getsockopt(_SOL_LOCAL, _LOCAL_PEERCRED, 76)
        _, uid = struct.unpack_from("=II", content)
    return int(uid)


def _identity(path: Path) -> tuple[int, int] | None:
    """Device and inode of the socket at `path`; None where there is none."""
    try:
        found = path.lstat()
    except OSError:
        return None
    return (found.st_dev, found.st_ino) if stat.S_ISSOCK(found.st_mode) else None


def _clear(path: Path) -> None:
    """Remove whatever is at `path`; a folder, which may hold something, is put aside.

    Raises:
        OSError: When that cannot be done.
    """
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    if stat.S_ISDIR(found.st_mode):
        path.rename(f"{path}.{secrets.token_hex(4)}")
    else:
        path.unlink(missing_ok=True)
