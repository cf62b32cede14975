"""A picture of a digit on its way to a network."""

import os
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, BinaryIO, Final

import numpy as np

from mnist_tui.errors import DataError, UsageError
from mnist_tui.images.decode import Gray, decode
from mnist_tui.images.normalize import SIDE, fit, is_mnist_form
from mnist_tui.images.sources import STDIN, expand, read_file, read_stream
from mnist_tui.images.steps import Step, thumbnail
from mnist_tui.images.whole import fit_whole

if TYPE_CHECKING:
    from mnist_tui.images.groups import Digit

WORKERS: Final = min(4, os.cpu_count() or 1)
"""Threads that read pictures; what they do is mostly done without Python's lock."""
COMPARABLE: Final = 0.6
"""Of several digits, those as tall as this fraction of the tallest may be the one meant."""

TRUST: Final = 0.4
"""How much of a model's answer counts for a picture with warnings. Of digits that the frame cuts
off, about half are predicted rightly, many of the others with more than 80 %."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureBox:
    """Where a digit is in its picture, in pixels of the picture as it is seen, upright."""

    left: int
    top: int
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A digit in MNIST's form, and where it was found."""

    name: str
    """The picture's path, or `-` for stdin."""
    pixels: bytes
    """28 x 28 gray values, row by row; 0 is ground, 255 is ink."""
    box: PictureBox
    place: int = 1
    """Which of the picture's digits it is, from 1, line by line and from left to right."""
    count: int = 1
    """How many digits were found in the picture."""
    steps: tuple[Step, ...]
    """What was done to it, in order."""
    warnings: tuple[str, ...] = ()
    """Why an answer is not to be relied on, in few words each."""

    @property
    def done(self) -> tuple[str, ...]:
        """What was done to it, in words, in order."""
        return tuple(step.words for step in self.steps if step.words)

    def claim(self, probabilities: Sequence[float]) -> tuple[float, ...]:
        """The probabilities that may be claimed, of a model's for each class.

        Where there are warnings, a part of them is spread over all classes alike: their order
        stays, and none of ten is above a half.
        """
        if not self.warnings:
            return tuple(probabilities)
        even = (1 - TRUST) / len(probabilities)
        return tuple(TRUST * probability + even for probability in probabilities)


@dataclass(frozen=True, slots=True, kw_only=True)
class BadPicture:
    """A picture that cannot be read."""

    name: str
    error: str
    """What is wrong and what to do, in one line without its name."""


def read_picture(content: bytes, name: str) -> Picture:
    """The one digit in the bytes of an image file. Blocks; any thread.

    Of several, the first in reading order of those that are large, with a warning.

    Raises:
        DataError: When it is no image, is not whole, is too large, or has nothing on it.
    """
    pictures = read_digits(content, name)
    tallest = max(picture.box.height for picture in pictures)
    likely = [picture for picture in pictures if picture.box.height >= COMPARABLE * tallest]
    if len(pictures) == 1:
        return pictures[0]
    which = "the first of them is read" if len(likely) > 1 else "the largest is read"
    warning = f"{len(pictures)} digits found: {which}"
    return replace(likely[0], warnings=(warning, *likely[0].warnings))


def read_whole(content: bytes, name: str) -> Picture:
    """The picture in the bytes of an image file, whole: not read as handwriting. Any thread.

    Raises:
        DataError: When it is no image, is not whole, or is too large.
    """
    gray = decode(content)
    fitted = fit_whole(gray.values)
    seen = Step("", thumbnail(gray.values))
    return Picture(
        name=name,
        pixels=fitted.image.tobytes(),
        box=PictureBox(left=0, top=0, width=gray.size[0], height=gray.size[1]),
        steps=(seen, *(Step(words) for words in (*gray.done, *fitted.done))),
    )


def read_digits(content: bytes, name: str) -> list[Picture]:
    """All digits in the bytes of an image file, line by line, from left to right.

    Blocks; any thread.

    Raises:
        DataError: As `read_picture`.
    """
    from mnist_tui.images.page import read_page

    gray = decode(content)
    page = read_page(gray.values)
    before = (Step("", thumbnail(gray.values)), *(Step(words) for words in gray.done), *page.steps)
    whole = page.contrast * 255
    if whole.shape == (SIDE, SIDE) and is_mnist_form(np.rint(whole).clip(0, 255).astype(np.uint8)):
        fitted = fit(whole)
        box = PictureBox(left=0, top=0, width=gray.size[0], height=gray.size[1])
        steps = (*before, *(Step(words) for words in fitted.done))
        return [Picture(name=name, pixels=fitted.image.tobytes(), box=box, steps=steps)]
    if not page.digits:
        besides = f", only {' and '.join(page.left_out)}" if page.left_out else ""
        raise DataError(f"is blank: no digit found{besides}")
    return [
        _picture(name, gray, digit, before, place, len(page.digits))
        for place, digit in enumerate(page.digits, start=1)
    ]


def _picture(
    name: str, gray: Gray, digit: "Digit", before: tuple[Step, ...], place: int, count: int
) -> Picture:
    fitted = fit(digit.ink)
    x, y = (whole / own for whole, own in zip(gray.size, gray.values.shape[::-1], strict=True))
    box = PictureBox(
        left=round(x * digit.box.left),
        top=round(y * digit.box.top),
        width=round(x * digit.box.width),
        height=round(y * digit.box.height),
    )
    cut = Step(
        f"cropped to {box.width:,}x{box.height:,} of {gray.size[0]:,}x{gray.size[1]:,}",
        thumbnail(digit.ink),
    )
    return Picture(
        name=name,
        pixels=fitted.image.tobytes(),
        box=box,
        place=place,
        count=count,
        steps=(*before, cut, *(Step(words) for words in fitted.done)),
        warnings=digit.warnings,
    )


_Pictures = Sequence[Picture | BadPicture]


def read_pictures(
    names: Iterable[str],
    stdin: BinaryIO | None = None,
    *,
    is_many: bool = False,
    is_whole: bool = False,
) -> Iterator[Picture | BadPicture]:
    """The pictures that names of files, of folders, and `-` stand for, each when asked for.

    Args:
        names: As on the command line.
        stdin: What `-` reads, once however often it is named; None: the process's own.
        is_many: Whether each digit on a picture is read, and not one alone.
        is_whole: Whether pictures are taken as they are, and not as handwriting.

    Raises:
        UsageError: When `-` would read from a terminal.
    """

    reading = Lock()

    def read(content: bytes, name: str) -> _Pictures:
        if is_whole:
            return [read_whole(content, name)]
        return read_digits(content, name) if is_many else [read_picture(content, name)]

    @cache
    def read_stdin() -> bytes:
        stream = stdin or (sys.stdin.buffer if sys.stdin else None)
        if stream is None or stream.isatty():
            raise UsageError("- reads an image from stdin; pipe one in, or name a file")
        return read_stream(stream)

    def piped() -> bytes:
        with reading:
            return read_stdin()

    with ThreadPoolExecutor(WORKERS, thread_name_prefix="read-pictures") as pool:
        ahead: deque[Future[_Pictures]] = deque()
        for file in _files(names):
            ahead.append(pool.submit(_read, file, piped, read))
            if len(ahead) > 2 * WORKERS:
                yield from ahead.popleft().result()
        while ahead:
            yield from ahead.popleft().result()


def _files(names: Iterable[str]) -> Iterator[str | BadPicture]:
    """The files that names stand for; a name that stands for none is a bad picture."""
    for name in names:
        try:
            yield from expand(name)
        except DataError as error:
            yield BadPicture(name=name, error=str(error))


def _read(
    file: str | BadPicture, piped: Callable[[], bytes], read: Callable[[bytes, str], _Pictures]
) -> _Pictures:
    """What is in one file. Worker thread."""
    if isinstance(file, BadPicture):
        return [file]
    try:
        content = piped() if file == STDIN else read_file(file)
        return read(content, file)
    except DataError as error:
        return [BadPicture(name=file, error=str(error))]
