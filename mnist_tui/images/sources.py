"""What the names on a command line mean: files, folders of images, and `-` for stdin."""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from mnist_tui.errors import DataError
from mnist_tui.images.decode import begins_like_an_image
from mnist_tui.images.foreign import ForeignKind, describe_passed_over, kind_named

STDIN: Final = "-"
"""The name that stands for an image on stdin."""
SUFFIXES: Final = (
    *(".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".gif"),
    *(".bmp", ".webp", ".tif", ".tiff", ".avif"),
)
"""What a file of a folder must end with to count as an image, in small letters."""
MAX_BYTES: Final = 400_000_000
"""The largest file that is read; more than any image of `decode.MAX_PIXELS` should need."""


def expand(name: str) -> Iterator[str]:
    """The files that a name stands for: itself, or all images in a folder and its folders.

    Files of a folder that do not end like images are passed over, as are hidden ones; they
    come in the order of their names, each folder's own before those of its folders. An image
    that only is called like one of a kind that is not read, as phones do, comes too.

    Raises:
        DataError: When a folder has no images, or some of a kind that is not read, or cannot be
            read; after all that it has.
    """
    try:
        is_folder = name != STDIN and Path(name).is_dir()
    except OSError:  # in a folder that may not be looked into, as reading it will say
        is_folder = False
    if not is_folder:
        yield name
        return
    found = 0
    closed: list[OSError] = []
    foreign: Counter[ForeignKind] = Counter()
    for folder, folders, files in os.walk(name, onerror=closed.append):
        folders[:] = sorted(inner for inner in folders if not inner.startswith("."))
        for file in sorted(files):
            if file.startswith("."):
                continue
            path, kind = Path(folder) / file, kind_named(file)
            if file.lower().endswith(SUFFIXES) or (kind and _is_image(path)):
                found += 1
                yield str(path)
            elif kind:
                foreign[kind] += 1
    if closed:
        raise DataError(f"{closed[0].filename} cannot be read: {closed[0].strerror}")
    if foreign:
        raise DataError(describe_passed_over(foreign))
    if not found:
        kinds = ", ".join(suffix.removeprefix(".") for suffix in SUFFIXES)
        raise DataError(f"is a folder without images ({kinds}); name another")


def _is_image(path: Path) -> bool:
    """Whether a file begins like an image that is read."""
    try:
        with path.open("rb") as file:
            return begins_like_an_image(file.read(32))
    except OSError:
        return False


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
    return DataError(f"cannot be read: {error.strerror}; check it and its permissions")
