"""Files that are whole at every instant: written beside, flushed, synced, renamed."""

import json
import math
import os
import re
import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

_SCRATCH: Final = re.compile(r"\..+-[0-9a-f]{12}")
"""The names of files that are being written."""


def write_atomic(path: Path, content: bytes) -> None:
    """Replace `path` by `content`, all or nothing, and have it on disk when this returns.

    Raises:
        OSError: When it could not be written; the file is as it was then.
    """
    scratch = path.with_name(f".{path.name}-{secrets.token_hex(6)}")
    try:
        # Not a tempfile, which other users cannot read: a run's files follow the umask.
        with scratch.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        scratch.replace(path)
    except BaseException as error:
        if isinstance(error, OSError):  # of the file that was asked for, not of the one beside it
            error.filename, error.filename2 = str(path), None
        with suppress(OSError):
            scratch.unlink()
        raise
    _sync_folder(path.parent)


def is_scratch(path: Path) -> bool:
    """Whether a file is one that is being written, by its name."""
    return _SCRATCH.fullmatch(path.name) is not None


def sweep(folder: Path) -> None:
    """Delete what a killed process was writing in `folder`. For the only process that writes."""
    with suppress(OSError):
        for path in list(folder.iterdir()):
            if is_scratch(path) and path.is_file():
                path.unlink(missing_ok=True)


def to_json(value: Any, indent: int | None = None) -> str:
    """`value` as standard JSON: numbers that are nan or infinite become null."""
    try:
        return json.dumps(value, indent=indent, allow_nan=False)
    except ValueError:
        return json.dumps(_without_nan(value), indent=indent)


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Replace `path` by `value` as indented JSON, as `write_atomic` does."""
    write_atomic(path, (to_json(value, indent=2) + "\n").encode())


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file; empty when the file is missing or is not one object."""
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def write_lines(path: Path, values: list[dict[str, Any]]) -> None:
    """Replace `path` by one line of JSON for each value, as `write_atomic` does."""
    write_atomic(path, _lines(values))


def append_lines(path: Path, values: list[dict[str, Any]]) -> None:
    """Add one line of JSON for each value, after repairing a torn last line.

    Raises:
        OSError: When they could not all be written; none of them is in the file then, unless
            it could not be cut back either.
    """
    with path.open("ab+", buffering=0) as file:
        _cut_torn_line(file)
        end = file.seek(0, os.SEEK_END)
        try:
            _write_all(file, _lines(values))
            os.fsync(file.fileno())
        except OSError:
            # All of them are written again later; no whole line may be there twice.
            with suppress(OSError):
                file.truncate(end)
            raise


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The objects of a JSON lines file; a torn last line is left out."""
    try:
        content = path.read_bytes()
    except OSError:
        return []
    values = []
    for line in content.splitlines():
        with suppress(ValueError):
            value = json.loads(line)
            if isinstance(value, dict):
                values.append(value)
    return values


def _lines(values: list[dict[str, Any]]) -> bytes:
    return "".join(to_json(value) + "\n" for value in values).encode()


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _cut_torn_line(file: Any) -> None:
    """Cut what a killed process left behind the last whole line."""
    end = file.seek(0, os.SEEK_END)
    if end == 0:
        return
    file.seek(end - 1)
    if file.read(1) == b"\n":
        return
    file.seek(0)
    file.truncate(file.read().rfind(b"\n") + 1)
    file.seek(0, os.SEEK_END)


def _write_all(file: Any, content: bytes) -> None:
    """Write to an unbuffered file, which may take less than it is given."""
    view = memoryview(content)
    while view:
        view = view[file.write(view) :]


def _sync_folder(folder: Path) -> None:
    """Have a rename on disk; not every file system can, and the file is whole either way."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
