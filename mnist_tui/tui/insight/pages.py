"""Digits of a data set by the page: which ones there are, and which are in sight."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mnist_tui.data.dataset import Dataset, Split

SPLITS: Final = ("train", "validation")
"""The splits by their names in Digits."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which digits are looked at."""

    split: str = SPLITS[0]
    label: int | None = None
    """Only those of this class; None: all."""
    index: int = 0
    """The chosen digit's place in its split, whatever the class."""


@dataclass(frozen=True, eq=False)
class ClassView:
    """The digits of one selection, in the order of the data set."""

    split: Split
    label: int | None = None

    @cached_property
    def places(self) -> NDArray[np.intp]:
        """The place in the split of each."""
        if self.label is None:
            return np.arange(len(self.split))
        return np.flatnonzero(self.split.labels == self.label)

    @cached_property
    def counts(self) -> tuple[int, ...]:
        """How many of each class there are in the split."""
        return tuple(np.bincount(self.split.labels, minlength=10).tolist())

    def nearest(self, index: int) -> int:
        """Where on the shelf the digit at `index` of the split is, or the next one after it."""
        rank = int(np.searchsorted(self.places, index))
        return min(rank, max(len(self.places) - 1, 0))

    @classmethod
    def of(cls, digits: Dataset, selection: Selection) -> "ClassView":
        """What a selection picks."""
        split = digits.train if selection.split == SPLITS[0] else digits.validation
        return cls(split, selection.label)
