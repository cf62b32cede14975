"""`predict`: what a checkpoint answers for pictures."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from rich.cells import cell_len

from mnist_tui import formatting
from mnist_tui.cli import options
from mnist_tui.cli.table import pad
from mnist_tui.errors import DataError, UsageError
from mnist_tui.run.classes import classes_noun
from mnist_tui.store.catalog import find_checkpoint
from mnist_tui.torch_runtime import loading_torch
from mnist_tui.tui.text.fitting import shorten

if TYPE_CHECKING:
    from mnist_tui.inference.predict import Prediction

_NAME: Final = 16
"""Columns for the name of a class."""


@click.command(short_help="Predict the class of each image with a checkpoint.")
@options.network_argument
@click.argument("images", metavar="IMAGE...", nargs=-1, required=True)
@options.runs_dir_option
@options.checkpoint_option
@options.setting("device")
@options.model_option
@options.json_option
@click.option("--many", "is_many", is_flag=True, help="Read each digit on a sheet, in order.")
@click.option("--show", is_flag=True, help="Draw what was found, and what the model received.")
@click.option(
    "--save",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Write the 28x28 images that the model received as PNG files.",
)
@click.option("-v", "--verbose", is_flag=True, help="Say what was done to each image.")
def predict(
    run: str,
    images: tuple[str, ...],
    runs_dir: Path,
    checkpoint: str | None,
    device: str | None,
    model: str | None,
    folder: Path | None,
    *,
    as_json: bool,
    is_many: bool,
    show: bool,
    verbose: bool,
) -> int:
    """Which digit, or other class, RUN sees on each IMAGE: a file, a folder, or - for stdin.

    RUN is a run's name, its folder, or `last`; or the file of a checkpoint.

    PNG, JPEG, GIF, BMP, WebP, TIFF and AVIF of any size, photographs of handwriting too: on
    lines or squares, in a shadow, on a desk. One digit on each, or with --many all of them, line by
    line. A question mark behind an answer says that the answer is not to be relied on, and the
    line below it why. An image that cannot be read gets a line too, and makes the exit code 3.
    """
    from mnist_tui.images.image import BadPicture

    with loading_torch():
        from mnist_tui.inference.predict import predict_pictures

    path = find_checkpoint(runs_dir, run, checkpoint)
    printer = TablePrinter(show=show, verbose=verbose)
    saver = ImageSaver(folder) if folder is not None else None
    code = 0
    for answer in predict_pictures(path, images, device or "auto", is_many=is_many, model=model):
        if isinstance(answer, BadPicture):
            code = DataError.exit_code
            if as_json:
                click.echo(json.dumps({"image": answer.name, "error": answer.error}))
            else:
                click.echo(f"mnist-tui: {printable(answer.name)}: {answer.error}", err=True)
            continue
        if saver is not None:
            saver.save(answer)
        if as_json:
            click.echo(json.dumps(answer.as_dict()))
        else:
            printer.print(answer)
    return code


class TablePrinter:
    """Prints answers as a table, each as soon as it comes."""

    def __init__(self, *, show: bool, verbose: bool) -> None:
        self._shows, self._is_verbose = show, verbose
        self._has_header = False

    def print(self, answer: "Prediction") -> None:
        """Print one, below the table's header if it is the first."""
        if not self._has_header:
            click.echo(header(answer))
            self._has_header = True
        for line in self._lines(answer):
            click.echo(line)
        if self._shows:
            from mnist_tui.cli.portrait import Palette, portray

            palette = Palette.of_stdout()
            for line in portray(answer, palette):
                # Click would take the colors out of a pipe, where they are asked for.
                click.echo(line, color=palette.has_colors)

    def _lines(self, answer: "Prediction") -> Iterator[str]:
        yield describe(answer)
        for warning in answer.warnings:
            yield f"       {warning}"
        if self._is_verbose:
            box = answer.picture.box
            yield f"       at {box.left:,},{box.top:,}: {'; '.join(answer.picture.done)}"


def header(answer: "Prediction") -> str:
    """The line over a table with that answer."""
    first, second = _widths(answer)
    return f"{classes_noun(answer.classes):{first}}{'p':>9}  {'next':<{second}}{'p':>9}  image"


def _widths(answer: "Prediction") -> tuple[int, int]:
    """Columns for the names of the predicted class, with its question mark, and of the next."""
    widest = min(max(map(cell_len, answer.classes)), _NAME)
    return max(len("digit"), widest + 1), max(len("next"), widest)


def describe(answer: "Prediction") -> str:
    """One answer as a row of the table."""
    first, second = _widths(answer)
    labels = (answer.predicted, answer.second)
    p, next_p = (formatting.percent(answer.probabilities[label]) for label in labels)
    name, other = (shorten(answer.classes[label], _NAME) for label in labels)
    name = pad(f"{name}{'?' if answer.warnings else ''}", "<", first)
    picture = answer.picture
    place = f" ({picture.place} of {picture.count})" if picture.count > 1 else ""
    return f"{name}{p:>9}  {pad(other, '<', second)}{next_p:>9}  {printable(picture.name)}{place}"


class ImageSaver:
    """Writes the images that the model received, none of them over another of this command."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._written: set[Path] = set()
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _cannot_write(folder, error) from error

    def save(self, answer: "Prediction") -> Path:
        """Write one as a PNG file of 28x28, and say where.

        Raises:
            UsageError: When it cannot be written.
        """
        from PIL import Image

        picture = answer.picture
        stem = "stdin" if picture.name == "-" else Path(picture.name).stem
        if picture.count > 1:
            stem += f"-{picture.place:03d}"
        path, number = self._folder / f"{stem}-28x28.png", 1
        while path in self._written:
            number += 1
            path = self._folder / f"{stem}-28x28-{number}.png"
        self._written.add(path)
        try:
            Image.frombytes("L", (28, 28), picture.pixels).save(path)
        except OSError as error:
            raise _cannot_write(path, error) from error
        return path


def _cannot_write(path: Path, error: OSError) -> UsageError:
    reason = error.strerror or type(error).__name__
    return UsageError(f"{printable(str(path))} cannot be written: {reason}; name another --save")


def printable(name: str) -> str:
    """A file's name on one line of any terminal, whatever characters it is made of."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in name
    )
