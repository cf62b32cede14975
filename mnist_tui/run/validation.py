"""What the validations of a run showed, beyond two numbers: plain values for its viewers."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

Confusion = tuple[tuple[int, ...], ...]
"""10 rows, the true classes, of 10 counts, the guesses."""

TRACKED_PER_CLASS: Final = 2
"""How many validation digits of each class are followed through the epochs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One validation digit and what the model made of it."""

    index: int
    """Its place in the validation split."""
    label: int
    """The class that it is of, 0 to 9."""
    guess: int
    """The class that the model took it for."""
    probability: float
    """What the model gave to its guess, in [0, 1]."""
    label_probability: float
    """What it gave to the true class."""
    loss: float
    image: bytes
    """28 x 28 gray values, row by row; 0 is background and 255 is ink."""

    @property
    def is_right(self) -> bool:
        """Whether it was guessed right."""
        return self.guess == self.label


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackedExample:
    """One of the digits that are followed through the epochs."""

    index: int
    label: int
    image: bytes
    """As Specimen's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochResults:
    """One validation. Small, since there is one for every epoch of a run."""

    epoch: int
    confusion: Confusion
    watched: bytes
    """(W, 10) little-endian float16: the ten probabilities of each watched digit."""

    def probabilities(self, place: int) -> tuple[float, ...]:
        """The ten probabilities of the watched digit at `place`."""
        values = np.frombuffer(self.watched, "<f2", count=10, offset=20 * place)
        return tuple(values.astype(float).tolist())


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidationResults:
    """All that is known of a run's validations; replaced whole after each, never changed."""

    watched: tuple[TrackedExample, ...] = ()
    """Two of each class, ordered by class; the same ones in every epoch."""
    epochs: tuple[EpochResults, ...] = ()
    """Every validated epoch, oldest first; one may be missing where a file was lost."""
    mistakes: tuple[Example, ...] = ()
    """What the newest validation got wrong, the greatest loss first; bounded."""
    narrow: tuple[Example, ...] = ()
    """What it got right with the least certainty, the greatest loss first; bounded."""

    @property
    def last(self) -> EpochResults | None:
        """The newest validation."""
        return self.epochs[-1] if self.epochs else None

    def up_to(self, epoch: int) -> "ValidationResults":
        """What was known after `epoch`; the specimens are of the newest validation only."""
        kept = tuple(known for known in self.epochs if known.epoch <= epoch)
        if kept == self.epochs:
            return self
        return replace(self, epochs=kept, mistakes=(), narrow=())
