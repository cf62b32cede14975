"""What is in view: an epoch of a run, the examples of some classes, the images of a dataset."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mnist_tui.data.dataset import Dataset, Split
from mnist_tui.run.validation import Confusion, EpochResults, Example, ValidationResults
from mnist_tui.tui.insight.widgets.text_lines import Part

SPLITS: Final = {"train": "training", "validation": "validation"}
"""The splits of a Dataset, by their names in it, and in words."""


@dataclass(frozen=True, slots=True)
class EpochChoice:
    """One of the validated epochs, or always the latest."""

    epoch: int | None = None
    """None: the latest."""

    def place(self, results: ValidationResults) -> int:
        """Its place in `results.epochs`, or the nearest; -1 when there is none at all."""
        places = range(len(results.epochs))
        if self.epoch is None or not places:
            return len(places) - 1
        wanted = self.epoch
        # A long run does not keep the results of every epoch.
        return min(places, key=lambda place: abs(results.epochs[place].epoch - wanted))

    def of(self, results: ValidationResults) -> EpochResults | None:
        """The results of this epoch."""
        place = self.place(results)
        return results.epochs[place] if place >= 0 else None

    def before(self, results: ValidationResults) -> EpochResults | None:
        """The results of the epoch before it."""
        place = self.place(results)
        return results.epochs[place - 1] if place > 0 else None

    def is_latest(self, results: ValidationResults) -> bool:
        """Whether there is no later one."""
        return self.place(results) == len(results.epochs) - 1

    def moved(self, results: ValidationResults, by: int) -> "EpochChoice":
        """An earlier or a later one, as far as there are any; the last one is always the latest."""
        latest = len(results.epochs) - 1
        place = min(max(self.place(results) + by, 0), latest)
        return EpochChoice(None if place >= latest else results.epochs[place].epoch)

    def parts(self, results: ValidationResults) -> tuple[Part, ...]:
        """The epoch in words, between arrows that a click follows."""
        known = self.of(results)
        if known is None:
            return ()
        has_earlier, is_latest = self.place(results) > 0, self.is_latest(results)
        of = " (latest)" if is_latest else f" of {results.epochs[-1].epoch}"
        return (
            ("◂ ", "accent" if has_earlier else "rest", "epoch(-1)"),
            (f"epoch {known.epoch}{of}", "strong", "latest"),
            (" ▸", "rest" if is_latest else "accent", "epoch(1)"),
        )


@dataclass(frozen=True, slots=True)
class ExampleFilter:
    """Which examples of a validation are in view: mistakes, or correct ones, of which classes."""

    label: int | None = None
    """The true class; None: any."""
    predicted: int | None = None
    """The predicted class; None: any."""
    is_correct: bool = False
    """Whether correct predictions of low confidence are in view, and not the mistakes."""

    def select(self, results: ValidationResults) -> tuple[Example, ...]:
        """The examples that it lets through, by falling loss."""
        known = results.least_confident if self.is_correct else results.mistakes
        return tuple(one for one in known if self._takes(one.label, one.predicted))

    def count_mistakes(self, confusion: Confusion) -> int:
        """How many mistakes of these classes there were, with those whose images are not kept."""
        return sum(
            count
            for label, row in enumerate(confusion)
            for predicted, count in enumerate(row)
            if label != predicted and self._takes(label, predicted)
        )

    def _takes(self, label: int, predicted: int) -> bool:
        return self.label in (None, label) and self.predicted in (None, predicted)

    @property
    def is_open(self) -> bool:
        """Whether it lets examples of all classes through."""
        return self.label is None and self.predicted is None

    def turned(self, what: str, by: int, count: int) -> "ExampleFilter":
        """With the next of `count` classes, or any, as the `label` or as the `predicted` one."""
        new = next_class(self.label if what == "label" else self.predicted, by, count)
        if self.is_correct:
            return replace(self, label=new, predicted=new)
        return replace(self, label=new) if what == "label" else replace(self, predicted=new)

    def toggled(self) -> "ExampleFilter":
        """The correct ones instead of the mistakes, or the reverse, of the same true class."""
        if self.is_correct:
            return ExampleFilter(label=self.label)
        return ExampleFilter(label=self.label, predicted=self.label, is_correct=True)

    def describe(self, classes: tuple[str, ...]) -> str:
        """The classes in words, to follow `12 mistakes`; empty for all."""
        label = "" if self.label is None else f" of class {classes[self.label]}"
        if self.is_correct or self.predicted is None:
            return label
        return f"{label} predicted as {classes[self.predicted]}"


def next_class(label: int | None, by: int, count: int) -> int | None:
    """The class `by` places after `label`, in a circle of `count` classes and None for all."""
    order: list[int | None] = [None, *range(count)]
    return order[(order.index(label) + by) % len(order)]


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowseChoice:
    """What the user has chosen in a pane. Panes extend it."""

    epoch: EpochChoice = EpochChoice()
    large: bool | None = None
    """Whether the chosen image is shown large; None: where there is room."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataChoice(BrowseChoice):
    """Which images of a dataset are in view."""

    split: str = "train"
    label: int | None = None
    """Only those of this class; None: all."""
    index: int = 0
    """The chosen image's place in its split, whatever the class."""


@dataclass(frozen=True, eq=False)
class ClassView:
    """The images of one split that are of one class, or all, in the order of the dataset."""

    split: Split
    label: int | None = None

    @classmethod
    def of(cls, dataset: Dataset, choice: DataChoice) -> "ClassView":
        """The images that a choice lets through."""
        split = dataset.train if choice.split == "train" else dataset.validation
        return cls(split, choice.label)

    @cached_property
    def indices(self) -> NDArray[np.intp]:
        """The place of each in the split."""
        if self.label is None:
            return np.arange(len(self.split))
        return np.flatnonzero(self.split.labels == self.label)

    def counts(self, classes: int) -> tuple[int, ...]:
        """How many images of each class there are in the split."""
        return tuple(np.bincount(self.split.labels, minlength=classes).tolist())

    def nearest(self, index: int) -> int:
        """Where in this view the image at `index` of the split is, or the next one after it."""
        place = int(np.searchsorted(self.indices, index))
        return min(place, max(len(self.indices) - 1, 0))
