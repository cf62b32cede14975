"""A folder of the user's, with one folder of images per class."""

import hashlib
import logging
import os
import re
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mnist_tui.data.dataset import Dataset, Split
from mnist_tui.data.own import own_dataset, split_by_content
from mnist_tui.data.spec import check_count
from mnist_tui.errors import DataError
from mnist_tui.images.decode import decode
from mnist_tui.images.sources import expand, read_file
from mnist_tui.images.whole import fit_whole

log: Final = logging.getLogger(__name__)

_VALIDATION: Final = ("val", "valid", "validation", "test")
"""What the folder beside `train` may be called in a dataset that is split already."""
_WORKERS: Final = min(4, os.cpu_count() or 1)
_STATUS_S: Final = 0.2
"""Seconds between two words on how far the reading is."""
_LISTED: Final = 3
"""How many of the files that cannot be read are named in the notice; the log has all."""

OnStatus = Callable[[str], None]
ShouldStop = Callable[[], bool]


@dataclass(frozen=True)
class _Images:
    """What was read of the folders of some classes."""

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    digests: Sequence[bytes]
    """SHA-256 of each file."""
    problems: Sequence[str]
    """The files that cannot be read, each with the reason."""


def read_folder(path: Path, on_status: OnStatus, should_stop: ShouldStop) -> Dataset:
    """Read the images in a folder. Blocks; any thread.

    The names of the folders in it are those of the classes; images lie in them or deeper. If
    there are a folder `train` and one for validation, each with folders of the same classes,
    they are the split; else `split_by_content` makes it.

    Args:
        path: The folder, absolute.
        on_status: Called with how far the reading is.
        should_stop: Polled meanwhile; True gives up.

    Raises:
        DataError: When it has not the form of a dataset, or too little can be read.
    """
    folders = _folders(path)
    others = [name for name in folders if name in _VALIDATION]
    is_split = len(folders) == 2 and "train" in folders and len(others) == 1
    parts = (path / "train", path / others[0]) if is_split else (path,)
    classes = _classes(parts)
    check_count(str(path), len(classes))
    read = [_read(part, classes, on_status, should_stop) for part in parts]
    if is_split:
        train, validation = (Split(part.images, part.labels) for part in read)
    else:
        [whole] = read
        train, validation = split_by_content(whole.images, whole.labels, whole.digests, classes)
    names = tuple(map(_printable, classes))
    notice = _notice([problem for part in read for problem in part.problems])
    return own_dataset(str(path), path.name, names, train, validation, notice)


def _folders(path: Path) -> list[str]:
    """The names of the folders in a folder, as one would count them: 2 before 10."""
    try:
        inner = [entry.name for entry in path.iterdir() if entry.is_dir()]
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}") from error
    names = (name for name in inner if not name.startswith("."))
    return sorted(names, key=_in_order)


def _in_order(name: str) -> list[str]:
    """What to sort names by."""
    return [part.zfill(20) if part.isdecimal() else part for part in re.split(r"(\d+)", name)]


def _classes(parts: Sequence[Path]) -> list[str]:
    """The names of the classes' folders, which must be the same in all parts."""
    first, *others = map(_folders, parts)
    for part, names in zip(parts[1:], others, strict=True):
        if names != first:
            odd = sorted({*first} ^ {*names})[0]
            raise DataError(
                f"{parts[0]} and {part} have different folders ({odd} is in one of them only)"
            )
    if not first:
        raise DataError(
            f"{parts[0]} has no folders: put the images of each class into a folder of its own"
        )
    return first


def _read(
    path: Path, classes: Sequence[str], on_status: OnStatus, should_stop: ShouldStop
) -> _Images:
    """Read all images of the classes' folders."""
    problems: list[str] = []
    files = [
        (file, label)
        for label, name in enumerate(classes)
        for file in _files(path / name, problems)
    ]
    images = np.zeros((len(files), 28, 28), np.uint8)
    digests: list[bytes] = []
    kept: list[int] = []
    said_at = 0.0
    with ThreadPoolExecutor(_WORKERS, thread_name_prefix="read-folder") as pool:
        for place, found in enumerate(pool.map(_read_image, (file for file, _ in files))):
            if should_stop():
                pool.shutdown(cancel_futures=True)
                raise DataError(f"reading {path} was stopped")
            if time.monotonic() > said_at + _STATUS_S:
                said_at = time.monotonic()
                on_status(f"reading {path.name}, {place:,} of {len(files):,} images")
            if isinstance(found, DataError):
                problems.append(f"{files[place][0]} {found}")
            else:
                images[place] = found[0]
                digests.append(found[1])
                kept.append(place)
    if not kept:
        raise DataError(problems[0] if problems else f"{path} has no images")
    labels = np.array([label for _, label in files], np.int64)
    return _Images(images[kept], labels[kept], digests, problems)


def _files(folder: Path, problems: list[str]) -> Iterator[str]:
    """The image files in a class's folder; what is wrong with it goes to `problems`."""
    try:
        yield from expand(str(folder))
    except DataError as error:
        problems.append(f"{folder} {error}")


def _read_image(file: str) -> tuple[NDArray[np.uint8], bytes] | DataError:
    """An image and the SHA-256 of its file, or why there is none. Worker thread."""
    try:
        content = read_file(file)
        return fit_whole(decode(content).values).image, hashlib.sha256(content).digest()
    except DataError as error:
        return error


def _notice(problems: Sequence[str]) -> str:
    """What could not be read, in one line; the log gets all of it."""
    for problem in problems:
        log.warning("left out: %s", problem)
    if not problems:
        return ""
    listed = "; ".join(problems[:_LISTED])
    more = f"; and {len(problems) - _LISTED:,} more" if len(problems) > _LISTED else ""
    return f"{len(problems):,} left out: {listed}{more}"


def _printable(name: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in name)
