"""The results of a run's validations beyond loss and accuracy: plain values for its viewers."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

Confusion = tuple[tuple[int, ...], ...]
"""One row per true class, of one count per predicted class."""

TRACKED_PER_CLASS: Final = 2
"""How many validation examples of each class are tracked through the epochs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One validation example with the model's prediction."""

    index: int
    """Its place in the validation split."""
    label: int
    """The true class."""
    predicted: int
    """The class with the highest probability."""
    probability: float
    """The predicted class's probability, in [0, 1]."""
    label_probability: float
    """The true class's probability, in [0, 1]."""
    loss: float
    image: bytes
    """28 x 28 gray values, row by row; 0 is background, 255 is ink."""

    @property
    def is_right(self) -> bool:
        """Whether the prediction is correct."""
        return self.predicted == self.label


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackedExample:
    """A validation example whose probabilities are recorded after every epoch."""

    index: int
    label: int
    image: bytes
    """28 x 28 gray values, as in Example."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochResults:
    """One validation. Small, since there is one for every epoch of a run."""

    epoch: int
    confusion: Confusion
    tracked: bytes
    """(T, 10) little-endian float16: the class probabilities of each tracked example."""

    def probabilities(self, place: int) -> tuple[float, ...]:
        """The class probabilities of the tracked example at `place`."""
        values = np.frombuffer(self.tracked, "<f2", count=10, offset=20 * place)
        return tuple(values.astype(float).tolist())


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidationResults:
    """All that is known of a run's validations; replaced whole after each, never changed."""

    tracked: tuple[TrackedExample, ...] = ()
    """Two of each class, ordered by class; the same ones in every epoch."""
    epochs: tuple[EpochResults, ...] = ()
    """Every validated epoch, oldest first; one may be missing where a file was lost."""
    mistakes: tuple[Example, ...] = ()
    """What the newest validation got wrong, by falling loss; bounded."""
    least_confident: tuple[Example, ...] = ()
    """What it got right with the lowest confidence, by falling loss; bounded."""

    @property
    def last(self) -> EpochResults | None:
        """The newest validation."""
        return self.epochs[-1] if self.epochs else None

    def up_to(self, epoch: int) -> "ValidationResults":
        """What was known after `epoch`; the specimens are of the newest validation only."""
        kept = tuple(known for known in self.epochs if known.epoch <= epoch)
        if kept == self.epochs:
            return self
        return replace(self, epochs=kept, mistakes=(), least_confident=())
