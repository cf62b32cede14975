"""Takes the README's picture of `predict --show`, from photographs made anew.

    uv run python screenshots/show.py CHECKPOINT [--data-dir FOLDER]

The command runs as it is; Rich turns what it writes to a terminal into an SVG file.
"""

import os
import subprocess
import sys
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.text import Text

from benchmarks.arguments import parse
from devtools.photographs import photographs
from mnist_tui.data import read_mnist
from screenshots.make import FOLDER, portable

SHOWN = {"lines in shadow": 7, "dark desk": 4}
"""Kinds of photographs, and which test digit is on each."""


def main() -> None:
    """Write predict-show.svg."""
    arguments = parse(__doc__, "checkpoint")
    checkpoint = arguments.checkpoint.resolve()
    images = read_mnist(arguments.data_dir).validation.images
    with TemporaryDirectory() as folder:
        names = []
        for kind, number in SHOWN.items():
            [content] = photographs(kind, images[number : number + 1])
            names.append(f"{kind.replace(' ', '-')}.jpg")
            Path(folder, names[-1]).write_bytes(content)
        command = [sys.executable, "-m", "mnist_tui", "predict", str(checkpoint), *names, "--show"]
        environment = os.environ | {"FORCE_COLOR": "1", "PYTHONIOENCODING": "utf-8"}
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=True
        )
    console = Console(
        record=True, width=80, file=StringIO(), force_terminal=True, color_system="truecolor"
    )
    console.print(Text.from_ansi(done.stdout.rstrip()))
    svg = console.export_svg(title="mnist-tui predict CHECKPOINT *.jpg --show")
    (FOLDER / "predict-show.svg").write_text(portable(svg), encoding="utf-8")


if __name__ == "__main__":
    main()
