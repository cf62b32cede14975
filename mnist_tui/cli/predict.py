"""`predict`: what a checkpoint makes of pictures."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mnist_tui import formatting
from mnist_tui.cli.options import json_option, setting
from mnist_tui.errors import DataError

if TYPE_CHECKING:
    from mnist_tui.inference.predict import Prediction


@click.command()
@click.argument("checkpoint", type=click.Path(path_type=Path))
@click.argument("images", metavar="IMAGE...", nargs=-1, required=True)
@setting("device")
@json_option
def predict(checkpoint: Path, images: tuple[str, ...], as_json: bool, device: str | None) -> int:
    """Which digits CHECKPOINT sees on each IMAGE: a file, a folder, or - for stdin.

    PNG, JPEG, GIF, BMP and WebP of any size, in gray or in color, dark on light or light on
    dark; one digit on each. The lines say what was done to an image before it was read. An
    image that cannot be read gets a line too, and makes the exit code 3.
    """
    from mnist_tui.images import BadPicture
    from mnist_tui.inference.predict import predict_pictures

    code = 0
    for answer in predict_pictures(checkpoint, images, device or "auto"):
        if isinstance(answer, BadPicture):
            code = DataError.exit_code
            if as_json:
                click.echo(json.dumps({"image": answer.name, "error": answer.error}))
            else:
                click.echo(f"mnist-tui: {printable(answer.name)}: {answer.error}", err=True)
        elif as_json:
            click.echo(json.dumps(answer.as_dict()))
        else:
            click.echo(describe(answer))
    return code


def describe(answer: "Prediction") -> str:
    """One picture's answer in one line."""
    second = answer.probabilities[answer.second]
    return (
        f"{printable(answer.picture.name)}: {answer.digit}, {formatting.percent(answer.probability)} "
        f"(next: {answer.second}, {formatting.percent(second)}); {'; '.join(answer.picture.done)}"
    )


def printable(name: str) -> str:
    """A file's name on one line of any terminal, whatever characters it is made of."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in name
    )
