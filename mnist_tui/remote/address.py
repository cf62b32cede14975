"""Where a run's socket is: in a folder that nobody else can use, under a short name."""

import hashlib
import os
import socket
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from mnist_tui.errors import UsageError

HAS_SOCKETS: Final = hasattr(socket, "AF_UNIX") and sys.platform != "win32"
"""Whether this Python has Unix sockets."""

LONGEST_PATH: Final = 103 if sys.platform == "darwin" else 107
"""Bytes of a socket's path: the system keeps 104 or 108, with a zero at the end."""

_DIGITS: Final = 12
"""Of a run's digest: enough to tell the runs of one user apart."""


def find_addresses(run: Path) -> Iterator[Path]:
    """Where the socket of the run in `run` can be, the best place first; makes nothing."""
    name = hashlib.sha256(os.fsencode(run.resolve())).hexdigest()[:_DIGITS] + ".sock"
    for folder in socket_folders():
        path = folder / name
        if len(os.fsencode(path)) <= LONGEST_PATH:
            yield path


def make_address(run: Path) -> Path:
    """The place of a new socket, in a folder that is there and is the user's own.

    Raises:
        UsageError: When there is no such folder.
    """
    problems = []
    for path in find_addresses(run):
        try:
            path.parent.mkdir(mode=0o700, exist_ok=True)
            check_folder(path.parent)
        except OSError as error:
            problems.append(f"{path.parent}: {error.strerror or error}")
        except UsageError as error:
            problems.append(str(error))
        else:
            return path
    raise UsageError(f"no folder for sockets can be used ({'; '.join(problems) or 'too long'})")


def check_folder(folder: Path) -> None:
    """Find out whether a folder of sockets is the user's own, and closed to everybody else.

    Raises:
        UsageError: When it is not, and whoever made it could read or replace what is in it.
        OSError: When it is not there.
    """
    found = folder.lstat()  # a link would lead to a place that others may have chosen
    if not stat.S_ISDIR(found.st_mode):
        raise UsageError(f"{folder} is not a folder")
    if found.st_uid != os.geteuid():
        raise UsageError(f"{folder} belongs to another user")
    if stat.S_IMODE(found.st_mode) & 0o077:
        raise UsageError(f"{folder} is open to other users: its permissions must be 0700")


def socket_folders() -> Iterator[Path]:
    """The folders for sockets: the session's own, else one beside everybody's temporary files."""
    session = Path(os.environ.get("XDG_RUNTIME_DIR", ""))
    if session.is_absolute():
        yield session / "mnist-tui"
    # Not tempfile's folder: it tries to write there, and a socket needs no room on a full disk.
    for temporary in (Path(os.environ.get("TMPDIR", "")), Path("/tmp")):
        if temporary.is_absolute():
            yield temporary / f"mnist-tui-{os.geteuid()}"
