"""Digits as image files: how many get the guess through `predict` that `evaluate` makes of them.

    python -m benchmarks.predict [--data-dir DIR] [--digits N] CHECKPOINT

The first N test digits, each written as a PNG file of 28x28, and again scaled to 200x200,
inverted, at a random place on a white page.
"""

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from PIL import Image, ImageOps

from benchmarks.arguments import parse
from benchmarks.pairs import Figure, tell
from mnist_tui.data import read_mnist
from mnist_tui.data.device_split import DeviceSplit
from mnist_tui.devices import choose_device
from mnist_tui.inference.load import load_model
from mnist_tui.inference.predict import Prediction, predict_pictures
from mnist_tui.store.checkpoint import read_checkpoint


def measure(data_dir: Path, checkpoint: Path, device: str, count: int) -> Iterator[Figure]:
    """The percentages of equal guesses."""
    target = choose_device(device).device
    classifier = load_model(read_checkpoint(checkpoint), checkpoint)
    classifier.module.to(target)
    digits = read_mnist(data_dir).validation
    images, _ = DeviceSplit(digits, target).slice(0, count)
    with torch.inference_mode():
        expected = classifier(images).argmax(dim=1).tolist()
    drawn = [Image.fromarray(image) for image in digits.images[:count]]
    pages = Pages(seed=0)
    for name, make, goal in (
        ("digits as PNG files", lambda digit: digit, 99.0),
        ("the same at 200x200, inverted, on a white page", pages.lay_out, 95.0),
    ):
        found = guesses(checkpoint, device, drawn, make)
        equal = sum(guess == wanted for guess, wanted in zip(found, expected, strict=True))
        yield Figure(
            name=f"{name}, guessed as by evaluate",
            values=(100 * equal / len(expected),),
            goal=goal,
            is_more_better=True,
            unit="%",
            note=f"{len(expected):,} digits",
        )


class Pages:
    """White pages with a large black digit at a random place."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def lay_out(self, digit: Image.Image) -> Image.Image:
        """A page of its own for one digit of 28x28."""
        width, height = self.random.randint(240, 600), self.random.randint(240, 600)
        page = Image.new("L", (width, height), 255)
        place = self.random.randint(10, width - 210), self.random.randint(10, height - 210)
        page.paste(ImageOps.invert(digit.resize((200, 200))), place)
        return page


def guesses(
    checkpoint: Path,
    device: str,
    digits: list[Image.Image],
    make: Callable[[Image.Image], Image.Image],
) -> list[int | None]:
    """What `predict` makes of each digit, from a file that `make` has a say in."""
    with TemporaryDirectory() as folder:
        for number, digit in enumerate(digits):
            make(digit).save(Path(folder, f"{number:05d}.png"))
        answers = predict_pictures(checkpoint, [folder], device)
        return [answer.predicted if isinstance(answer, Prediction) else None for answer in answers]


if __name__ == "__main__":
    arguments = parse(__doc__, "checkpoint", digits=1000)
    tell(measure(arguments.data_dir, arguments.checkpoint, arguments.device, arguments.digits))
