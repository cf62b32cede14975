"""The examples of a run: images, labels, where they came from, and their fingerprint."""

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mnist_tui import formatting
from mnist_tui.data.spec import DatasetSpec
from mnist_tui.errors import DataError


@dataclass(frozen=True, eq=False)
class Split:
    """The examples of one purpose: training, or validation.

    Raises:
        DataError: When made from images and labels that do not belong together.
    """

    images: NDArray[np.uint8]
    """(N, 28, 28) uint8, 0 is background and 255 is ink."""
    labels: NDArray[np.int64]
    """(N,) int64, the true classes, counted from 0."""

    def __post_init__(self) -> None:
        if len(self.images) != len(self.labels):
            images = formatting.counted(len(self.images), "image")
            counts = f"{images} but {formatting.counted(len(self.labels), 'label')}"
            raise DataError(f"the dataset has {counts}; delete its files to download them again")

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, eq=False)
class Dataset:
    """A dataset, split into what is trained on and what is validated on.

    Raises:
        DataError: When made with labels that are none of its classes.
    """

    spec: DatasetSpec
    """What it is called, and what its classes are."""
    source: str
    """The folder or file that it was read from."""
    train: Split
    validation: Split
    fingerprint: str
    """SHA-256 over images and labels, as hexadecimal digits."""
    notice: str = ""
    """What the user must know about it; empty for the official MNIST and the sample asked for."""

    def __post_init__(self) -> None:
        last = len(self.classes) - 1
        for split in (self.train, self.validation):
            if split.labels.min() < 0 or split.labels.max() > last:
                raise DataError(
                    f"{self.spec.title} has labels other than 0 to {last}; its files are damaged"
                )

    @classmethod
    def of(
        cls, spec: DatasetSpec, source: str, train: Split, validation: Split, notice: str = ""
    ) -> "Dataset":
        """The dataset of these splits, with its fingerprint."""
        return cls(spec, source, train, validation, fingerprint(train, validation), notice)

    @property
    def name(self) -> str:
        """What the settings of a run call it."""
        return self.spec.name

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of its classes, in the order of the labels."""
        return self.spec.classes

    @property
    def title(self) -> str:
        """The dataset and its size in words."""
        sizes = f"{len(self.train):,} + {len(self.validation):,}"
        return f"{self.spec.title}, {sizes} {self.spec.images_noun}"


def fingerprint(train: Split, validation: Split) -> str:
    """SHA-256 over both splits' sizes, images and labels."""
    digest = hashlib.sha256()
    for split in (train, validation):
        digest.update(len(split).to_bytes(8, "big"))
        digest.update(np.ascontiguousarray(split.images).data)
        digest.update(split.labels.astype(np.uint8).data)
    return digest.hexdigest()
