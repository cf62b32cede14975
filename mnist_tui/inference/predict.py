"""What a checkpoint makes of pictures."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from mnist_tui.data.device_split import scale
from mnist_tui.devices import choose_device
from mnist_tui.errors import UsageError
from mnist_tui.images.image import BadPicture, Picture, read_pictures
from mnist_tui.inference.load import LoadedModel, read_model
from mnist_tui.run.classes import are_digits

SURE: Final = 0.5
"""An answer to which the model gives less probability than this comes with a warning."""
BATCH_SIZE = 64
"""Pictures that are read before they are answered together; the first answers come soon."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """The model's answer for a picture, or for one digit of it."""

    picture: Picture
    """The image as the model received it, and how it was found."""
    classes: tuple[str, ...]
    """The names of the classes, in the order of the labels."""
    predicted: int
    """The class with the highest probability."""
    probability: float
    """Of that class, in [0, 1]; below a half for a picture with warnings."""
    probabilities: tuple[float, ...]
    """Of all classes, as `Picture.claim` has them; their sum is 1."""
    is_unsure: bool
    """Whether the model itself gives that class less than SURE."""

    @property
    def name(self) -> str:
        """The predicted class's name."""
        return self.classes[self.predicted]

    @property
    def second(self) -> int:
        """The class that comes next in probability."""
        others = [label for label in range(len(self.classes)) if label != self.predicted]
        return max(others, key=self.probabilities.__getitem__)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Why the answer is not to be relied on: what is wrong with the picture, or unsure."""
        unsure = (f"unsure: {self.name} or {self.classes[self.second]}",) if self.is_unsure else ()
        return (*self.picture.warnings, *unsure)

    def as_dict(self) -> dict[str, Any]:
        """What JSON says of it."""
        digit = {"digit": self.predicted} if are_digits(self.classes) else {}
        return {
            "image": self.picture.name,
            "class": self.name,
            **digit,
            "probability": self.probability,
            "probabilities": self.probabilities,
            "done": self.picture.done,
            "warnings": self.warnings,
            "box": asdict(self.picture.box),
            "place": self.picture.place,
            "count": self.picture.count,
        }


Answer = Prediction | BadPicture
"""What is said about one picture."""


def predict_pictures(
    path: Path,
    names: Iterable[str],
    device: str,
    *,
    is_many: bool = False,
    model: str | None = None,
) -> Iterator[Answer]:
    """Answer each picture, in order, bad ones included.

    What was trained on handwriting gets what is found of it in a picture, in MNIST's form; any
    other network gets the picture whole.

    The checkpoint is read at once; the pictures are when the answers are asked for.

    Args:
        names: Files, folders of images, `-` for an image on stdin.
        device: As in TrainConfig.
        is_many: Whether each digit on a picture is answered, and not one alone.
        model: As in `read_model`.

    Raises:
        MnistTuiError: When checkpoint or device are not to be had.
    """
    target = choose_device(device).device
    loaded = read_model(path, model)
    if is_many and not loaded.is_handwriting:
        raise UsageError(f"{path} was not trained on handwriting: its images are taken whole")
    loaded.classifier.module.to(target)
    pictures = read_pictures(names, is_many=is_many, is_whole=not loaded.is_handwriting)
    return _answer_all(loaded, pictures, target)


def _answer_all(
    loaded: LoadedModel, pictures: Iterator[Picture | BadPicture], device: torch.device
) -> Iterator[Answer]:
    while batch := list(islice(pictures, BATCH_SIZE)):
        good = [picture for picture in batch if isinstance(picture, Picture)]
        answers = iter(_predict(loaded, good, device) if good else [])
        for picture in batch:
            yield picture if isinstance(picture, BadPicture) else next(answers)


def _predict(
    loaded: LoadedModel, pictures: Sequence[Picture], device: torch.device
) -> Iterator[Prediction]:
    pixels = np.frombuffer(b"".join(picture.pixels for picture in pictures), np.uint8)
    images = torch.tensor(pixels, device=device).view(-1, 1, 28, 28)
    with torch.inference_mode():
        output = loaded.classifier(scale(images))  # (B, classes), logarithms
    predicted_labels = output.argmax(dim=1).tolist()  # waits for the device
    probabilities = output.cpu().double().softmax(dim=1).tolist()
    for picture, predicted, row in zip(pictures, predicted_labels, probabilities, strict=True):
        claimed = picture.claim(row)
        yield Prediction(
            picture=picture,
            classes=loaded.classes,
            predicted=predicted,
            probability=claimed[predicted],
            probabilities=claimed,
            is_unsure=row[predicted] < SURE,
        )
