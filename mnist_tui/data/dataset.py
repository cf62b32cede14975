"""The examples of a run: images, labels, where they came from, and their fingerprint."""

import hashlib
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mnist_tui.errors import DataError

MNIST_FINGERPRINT: Final = "625c86df0a1319fc9ee83afae9b44174ea5c67d979d470d0a9945b3682b01ff3"
"""The fingerprint of the official 60,000 + 10,000 examples."""


@dataclass(frozen=True, eq=False)
class Split:
    """The examples of one purpose: training, or validation.

    Raises:
        DataError: When made from images and labels that do not belong together.
    """

    images: NDArray[np.uint8]
    """(N, 28, 28) uint8, 0 is background and 255 is ink."""
    labels: NDArray[np.int64]
    """(N,) int64 in 0..9, the true classes."""

    def __post_init__(self) -> None:
        if len(self.images) != len(self.labels):
            counts = f"{len(self.images)} images but {len(self.labels)} labels"
            raise DataError(f"the dataset has {counts}; delete its files to download them again")
        if self.labels.min() < 0 or self.labels.max() > 9:
            raise DataError("the dataset has labels other than 0 to 9; its files are damaged")

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, eq=False)
class Dataset:
    """A dataset, split into what is trained on and what is validated on."""

    name: str
    """`mnist` or `sample`."""
    source: str
    """The folder or file that it was read from."""
    train: Split
    validation: Split
    fingerprint: str
    """SHA-256 over images and labels, as hexadecimal digits."""
    notice: str = ""
    """What the user must know about it; empty for the official MNIST and the sample asked for."""

    @property
    def title(self) -> str:
        """The dataset and its size in words."""
        label = "MNIST" if self.name == "mnist" else "sample of MNIST"
        return f"{label}, {len(self.train):,} + {len(self.validation):,} digits"


def fingerprint(train: Split, validation: Split) -> str:
    """SHA-256 over both splits' sizes, images and labels."""
    digest = hashlib.sha256()
    for split in (train, validation):
        digest.update(len(split).to_bytes(8, "big"))
        digest.update(np.ascontiguousarray(split.images).data)
        digest.update(split.labels.astype(np.uint8).data)
    return digest.hexdigest()
