"""The results of a run's validations beyond loss and accuracy: plain values for its viewers."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

Confusion = tuple[tuple[int, ...], ...]
"""One row per true class, of one count per predicted class."""

TRACKED_PER_CLASS: Final = 2
"""How many validation examples of each class are tracked through the epochs."""
MAX_EPOCHS: Final = 512
"""How many validations are kept in memory and on disk."""


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
    """(T, classes) little-endian float16: the class probabilities of each tracked example."""

    def probabilities(self, place: int) -> tuple[float, ...]:
        """The class probabilities of the tracked example at `place`."""
        classes = len(self.confusion)
        values = np.frombuffer(self.tracked, "<f2", count=classes, offset=2 * classes * place)
        return tuple(values.astype(float).tolist())

    @property
    def correct(self) -> int:
        """How many examples were predicted correctly."""
        return sum(row[label] for label, row in enumerate(self.confusion))


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidationResults:
    """The results of a run's validations; replaced whole after each, never changed.

    Bounded, however long the run: at most MAX_EPOCHS are kept. When there are more, what stays
    is the newest, the best, and every 2nd, 4th, 8th ... of the others, half of MAX_EPOCHS in
    all, so that detail is lost evenly over the run, and from its newest part last.
    """

    tracked: tuple[TrackedExample, ...] = ()
    """Two of each class, ordered by class; the same ones in every epoch."""
    epochs: tuple[EpochResults, ...] = ()
    """Validated epochs, oldest first; some are missing in a long run, or where a file was lost."""
    mistakes: tuple[Example, ...] = ()
    """What the newest validation got wrong, by falling loss; bounded."""
    least_confident: tuple[Example, ...] = ()
    """What it got right with the lowest confidence, by falling loss; bounded."""

    @property
    def last(self) -> EpochResults | None:
        """The newest validation."""
        return self.epochs[-1] if self.epochs else None

    def extended_by(self, newer: "ValidationResults") -> "ValidationResults":
        """These results followed by `newer`, which replaces those of its own epochs."""
        if not newer.epochs:
            return self
        first = newer.epochs[0].epoch
        return replace(newer, epochs=_thinned((*self.up_to(first - 1).epochs, *newer.epochs)))

    def up_to(self, epoch: int) -> "ValidationResults":
        """The results of the epochs up to `epoch`; of the examples only the newest's are kept."""
        if self.last is None or self.last.epoch <= epoch:
            return self
        kept = tuple(known for known in self.epochs if known.epoch <= epoch)
        return replace(self, epochs=kept, mistakes=(), least_confident=())


def _thinned(epochs: tuple[EpochResults, ...]) -> tuple[EpochResults, ...]:
    """At most MAX_EPOCHS of `epochs`, which are in order."""
    if len(epochs) <= MAX_EPOCHS:
        return epochs
    newest, stride = epochs[-1], 1
    while newest.epoch > stride * (MAX_EPOCHS // 2):
        stride *= 2
    best = max(epochs, key=lambda known: known.correct)
    return tuple(
        known
        for known in epochs
        if known is newest or known is best or (known.epoch - 1) % stride == 0
    )
