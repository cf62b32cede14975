"""What the names on a command line mean: files, folders of images, and `-` for stdin."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from mnist_tui.errors import DataError

STDIN: Final = "-"
"""The name that stands for an image on stdin."""
SUFFIXES: Final = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp")
"""What a file of a folder must end with to be taken for an image, in small letters."""
MAX_BYTES: Final = 400_000_000
"""The largest file that is read; more than any image of `decode.MAX_PIXELS` should need."""


def expand(name: str) -> Iterator[str]:
    """The files that a name stands for: itself, or all images in a folder and its folders.

    Files of a folder that do not end like images are passed over, as are hidden ones; they
    come in the order of their names, each folder's own before those of its folders.

    Raises:
        DataError: When a folder has no images or cannot be read.
    """
    if name == STDIN or not Path(name).is_dir():
        yield name
        return
    found = 0
    closed: list[OSError] = []
    for folder, folders, files in os.walk(name, onerror=closed.append):
        folders[:] = sorted(inner for inner in folders if not inner.startswith("."))
        for file in sorted(files):
            if file.lower().endswith(SUFFIXES) and not file.startswith("."):
                found += 1
                yield str(Path(folder) / file)
    if closed:
        raise DataError(f"{closed[0].filename} cannot be read: {closed[0].strerror}")
    if not found:
        kinds = ", ".join(suffix.removeprefix(".") for suffix in SUFFIXES)
        raise DataError(f"is a folder without images ({kinds}); name another")


def read_file(name: str) -> bytes:
    """The content of a file.

    Raises:
        DataError: When it cannot be read, is empty, or is beyond all measure.
    """
    try:
        file = Path(name).open("rb")  # noqa: SIM115
    except FileNotFoundError as error:
        raise DataError("is not there; check its name") from error
    except OSError as error:
        raise _unreadable(error) from error
    with file:
        return read_stream(file)


def read_stream(stream: BinaryIO) -> bytes:
    """All that is left in a stream.

    Raises:
        DataError: When that is nothing, too much, or cannot be read.
    """
    try:
        content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise _unreadable(error) from error
    if not content:
        raise DataError("is empty: 0 bytes; save or download it again")
    if len(content) > MAX_BYTES:
        raise DataError(f"is larger than {MAX_BYTES // 1_000_000} MB; name a smaller image")
    return content


def _unreadable(error: OSError) -> DataError:
    return DataError(f"cannot be read: {error.strerror}; check it and its rights")
