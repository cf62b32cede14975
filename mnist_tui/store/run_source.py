"""The copy of a network's Python files that a run keeps, and what config.json says of them."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Self

from mnist_tui.errors import UsageError
from mnist_tui.store.atomic import read_json, write_atomic
from mnist_tui.store.directory import RunDirectory
from mnist_tui.store.used_models import hash_file


@dataclass(frozen=True, kw_only=True)
class RunSource:
    """What config.json says of the code that a run's network was imported from."""

    name: str
    """As the user named it: `net.py:Net`."""
    folder: Path
    """Where the files were."""
    hashes: Mapping[str, str]
    """SHA-256 of each file, by its path below that folder."""

    @classmethod
    def of(cls, directory: RunDirectory) -> Self | None:
        """That of a run; None where its network is one of this package, or nothing is known."""
        values = read_json(directory.config).get("model")
        match values:
            case {"name": str(name), "folder": str(folder), "files": dict(hashes)} if all(
                is_below(path) and isinstance(found, str) for path, found in hashes.items()
            ):
                return cls(name=name, folder=Path(folder), hashes=hashes)
        return None

    @classmethod
    def for_files(cls, name: str, folder: Path, files: Mapping[str, bytes]) -> Self:
        """That of code that was just imported from `folder`."""
        hashes = {path: hash_file(content) for path, content in files.items()}
        return cls(name=name, folder=folder.resolve(), hashes=hashes)

    def to_dict(self) -> dict[str, Any]:
        """What `of` reads."""
        return {"name": self.name, "folder": str(self.folder), "files": dict(self.hashes)}

    def read(self, folder: Path) -> dict[str, bytes]:
        """The files that are in `folder`, by their paths below it."""
        found = {}
        for path in self.hashes:
            try:
                found[path] = (folder / path).read_bytes()
            except OSError:
                continue
        return found

    def changed(self, found: Mapping[str, bytes]) -> list[str]:
        """The paths of files in `found` that are not what they were."""
        hashes = self.hashes
        return [path for path in found if path in hashes and hash_file(found[path]) != hashes[path]]


def is_below(path: object) -> bool:
    """Whether a file's path stays in the folder that it is below."""
    pure = PurePosixPath(path) if isinstance(path, str) else PurePosixPath("/")
    return not pure.is_absolute() and ".." not in pure.parts and "\\" not in str(pure)


def keep_files(directory: RunDirectory, files: Mapping[str, bytes]) -> None:
    """Copy a network's files into the run.

    Raises:
        UsageError: When they cannot be written.
    """
    for name, content in files.items():
        path = directory.source / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(path, content)
        except OSError as error:
            raise UsageError(
                f"cannot write to {directory.source}: {error.strerror}; make room, or check its "
                "permissions"
            ) from error


def is_of_this_user(directory: RunDirectory) -> bool:
    """Whether a run's folder, what it says of its code, and that code belong to this user."""
    if not hasattr(os, "geteuid"):  # Windows keeps users apart by other means
        return True
    paths = (directory.path, directory.config, directory.source)
    return all(path.stat().st_uid == os.geteuid() for path in paths if path.exists())
