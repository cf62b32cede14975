"""What a checkpoint makes of pictures."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from torch import nn

from mnist_tui.data.device_split import scale
from mnist_tui.devices import resolve_device
from mnist_tui.images import BadPicture, Picture, read_pictures
from mnist_tui.inference.evaluate import load_model
from mnist_tui.store.checkpoint import read_checkpoint

BATCH_SIZE = 64
"""Pictures that are read before they are answered together; the first answers come soon."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What the model took one picture for."""

    image: str
    """Its path, or `-` for stdin."""
    digit: int
    probability: float
    """Of that digit, in [0, 1]."""
    probabilities: tuple[float, ...]
    """Of the ten digits; their sum is 1."""
    done: tuple[str, ...]
    """What was done to the picture, in words, in order."""

    @property
    def second(self) -> int:
        """The digit that comes next in probability."""
        others = [digit for digit in range(10) if digit != self.digit]
        return max(others, key=self.probabilities.__getitem__)


Answer = Prediction | BadPicture
"""What is said about one picture."""


def predict_pictures(path: Path, names: Iterable[str], device: str) -> Iterator[Answer]:
    """Answer each picture, in order, bad ones included.

    The checkpoint is read at once; the pictures are when the answers are asked for.

    Args:
        path: The checkpoint's file.
        names: Files, folders of images, `-` for an image on stdin.
        device: As in TrainConfig.

    Raises:
        MnistTuiError: When checkpoint or device are not to be had.
    """
    target = resolve_device(device)
    model = load_model(read_checkpoint(path), path).to(target)
    return _answer_all(model, read_pictures(names), target)


def _answer_all(
    model: nn.Module, pictures: Iterator[Picture | BadPicture], device: torch.device
) -> Iterator[Answer]:
    while batch := list(islice(pictures, BATCH_SIZE)):
        good = [picture for picture in batch if isinstance(picture, Picture)]
        answers = iter(_predict(model, good, device) if good else [])
        for picture in batch:
            yield picture if isinstance(picture, BadPicture) else next(answers)


def _predict(
    model: nn.Module, pictures: Sequence[Picture], device: torch.device
) -> Iterator[Prediction]:
    pixels = np.frombuffer(b"".join(picture.pixels for picture in pictures), np.uint8)
    images = torch.tensor(pixels, device=device).view(-1, 1, 28, 28)
    with torch.inference_mode():
        output = model(scale(images))  # (B, 10), logarithms
    guesses = output.argmax(dim=1).tolist()  # waits for the device
    probabilities = output.cpu().double().softmax(dim=1).tolist()
    for picture, digit, row in zip(pictures, guesses, probabilities, strict=True):
        yield Prediction(
            image=picture.name,
            digit=digit,
            probability=row[digit],
            probabilities=tuple(row),
            done=picture.done,
        )
