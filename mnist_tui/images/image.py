"""A picture of a digit on its way to a network."""

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import BinaryIO

from mnist_tui.errors import DataError, UsageError
from mnist_tui.images.decode import decode
from mnist_tui.images.normalize import find_ink, fit
from mnist_tui.images.sources import STDIN, expand, read_file, read_stream


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture in MNIST's form."""

    name: str
    """Its path, or `-` for stdin."""
    pixels: bytes
    """28 x 28 gray values, row by row; 0 is ground, 255 is ink."""
    done: tuple[str, ...]
    """What was done to it, in words, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BadPicture:
    """A picture that cannot be read."""

    name: str
    error: str
    """What is wrong and what to do, in one line without its name."""


def read_picture(content: bytes, name: str) -> Picture:
    """The picture in the bytes of an image file. Blocks; as `decode`, on one thread at a time.

    Raises:
        DataError: When it is no image, is not whole, is too large, or has nothing on it.
    """
    gray = decode(content)
    ink = find_ink(gray.values)
    if not ink.values.any():
        raise DataError("is blank: nothing stands out from its ground")
    fitted = fit(ink.values)
    return Picture(
        name=name, pixels=fitted.image.tobytes(), done=(*gray.done, *ink.done, *fitted.done)
    )


def read_pictures(
    names: Iterable[str], stdin: BinaryIO | None = None
) -> Iterator[Picture | BadPicture]:
    """The pictures that names of files, of folders, and `-` stand for, each when asked for.

    Args:
        names: As on the command line.
        stdin: What `-` reads, once however often it is named; None: the process's own.

    Raises:
        UsageError: When `-` would read from a terminal.
    """

    @cache
    def piped() -> bytes:
        stream = stdin or (sys.stdin.buffer if sys.stdin else None)
        if stream is None or stream.isatty():
            raise UsageError("- reads an image from stdin; pipe one in, or name a file")
        return read_stream(stream)

    for name in names:
        try:
            for file in expand(name):
                yield _read(file, piped)
        except DataError as error:
            yield BadPicture(name=name, error=str(error))


def _read(file: str, piped: Callable[[], bytes]) -> Picture | BadPicture:
    try:
        return read_picture(piped() if file == STDIN else read_file(file), file)
    except DataError as error:
        return BadPicture(name=file, error=str(error))
