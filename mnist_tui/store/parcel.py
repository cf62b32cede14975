"""A run's files on their way to another machine and back, where the two share no folder."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from mnist_tui.store.atomic import is_scratch, write_atomic
from mnist_tui.store.run_source import is_below

Parcel = Mapping[str, bytes]
"""Whole files by their paths below the run's folder, with slashes."""

_STATUS: Final = "status.json"
"""Written last, since it says what the other files hold."""


class Sender:
    """Packs a run's files, each again when it has changed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._sent: dict[str, tuple[int, int, int]] = {}
        """Of each file that was packed: its inode, size and time of change."""

    def pack(self) -> dict[str, bytes]:
        """The files that are new or have changed since the last time. Reads nothing else.

        Lines that are just being appended may be torn at the end; the file is packed again then.
        """
        parcel = {}
        for path in sorted(self._folder.rglob("*")):
            try:
                found = path.lstat()
                state = (found.st_ino, found.st_size, found.st_mtime_ns)
                name = path.relative_to(self._folder).as_posix()
                if is_scratch(path) or not path.is_file() or self._sent.get(name) == state:
                    continue
                parcel[name] = path.read_bytes()
            except FileNotFoundError:  # replaced this very moment: next time
                continue
            self._sent[name] = state
        return parcel


def unpack(folder: Path, parcel: Parcel) -> None:
    """Write the files of a parcel into a run's folder, each all or nothing.

    Raises:
        ValueError: When a file would not be below the folder; then none is written.
        OSError: When one could not be written.
    """
    home = folder.resolve()
    targets = {name: folder / name for name in sorted(parcel, key=lambda name: name == _STATUS)}
    for name, path in targets.items():
        if not is_below(name) or not path.resolve().is_relative_to(home) or path.resolve() == home:
            raise ValueError(f"{name!r} is not a file of a run")
    for name, path in targets.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, parcel[name])
