"""Making an Insight of each validation."""

from collections.abc import Iterable
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from mnist_tui.data.device_split import DeviceSplit
from mnist_tui.inference.validation_pass import Evaluation
from mnist_tui.run.validation import (
    TRACKED_PER_CLASS,
    EpochResults,
    Example,
    TrackedExample,
    ValidationResults,
)

MISTAKES: Final = 240
"""How many of the worst mistakes are kept."""
MISTAKES_PER_CELL: Final = 12
"""How many are kept, at least, of each pair of true class and guess."""
NARROW: Final = 60
"""How many are kept of what was guessed right with the least certainty."""
NARROW_PER_CLASS: Final = 12
"""How many of those are kept, at least, of each class."""


class ValidationAnalyzer:
    """Looks at the validations of one run. Training thread."""

    def __init__(self, digits: DeviceSplit) -> None:
        self._digits = digits
        labels: NDArray[np.int64] = digits.labels.cpu().numpy()
        self._labels = labels
        firsts = [np.flatnonzero(labels == digit)[:TRACKED_PER_CLASS] for digit in range(10)]
        self._watched = np.concatenate(firsts)
        """Of each class the first digits, whatever the seed, so that runs can be compared."""
        pairs = zip(self._watched.tolist(), self._images(self._watched), strict=True)
        self.tracked = tuple(
            TrackedExample(index=index, label=int(labels[index]), image=image)
            for index, image in pairs
        )
        """The digits that are followed through the epochs."""

    def after(self, before: ValidationResults, epoch: int, result: Evaluation) -> ValidationResults:
        """What is known after the validation of `epoch`."""
        given: NDArray[np.float32] = result.log_probabilities.numpy()
        probabilities = np.exp(given[self._watched]).astype("<f2")
        seen = EpochResults(
            epoch=epoch, confusion=result.confusion, tracked=probabilities.tobytes()
        )
        # What is no number is the worst of all.
        losses = np.nan_to_num(-given[np.arange(len(given)), self._labels], nan=np.inf)
        guesses = given.argmax(axis=1)
        worst_first = np.argsort(-losses, kind="stable")
        wrong = worst_first[guesses[worst_first] != self._labels[worst_first]]
        right = worst_first[guesses[worst_first] == self._labels[worst_first]]
        mistakes = _first_of_each(
            wrong, 10 * self._labels[wrong] + guesses[wrong], MISTAKES, MISTAKES_PER_CELL
        )
        narrow = _first_of_each(right, self._labels[right], NARROW, NARROW_PER_CLASS)
        return before.extended_by(
            ValidationResults(
                tracked=self.tracked,
                epochs=(seen,),
                mistakes=self._specimens(mistakes, guesses, given, losses),
                least_confident=self._specimens(narrow, guesses, given, losses),
            )
        )

    def _specimens(
        self,
        indices: NDArray[np.int64],
        guesses: NDArray[np.int64],
        given: NDArray[np.float32],
        losses: NDArray[np.float32],
    ) -> tuple[Example, ...]:
        labels = self._labels[indices]
        columns: Iterable[tuple[int, int, int, float, float, float, bytes]] = zip(
            indices.tolist(),
            labels.tolist(),
            guesses[indices].tolist(),
            np.exp(given[indices, guesses[indices]]).tolist(),
            np.exp(given[indices, labels]).tolist(),
            losses[indices].tolist(),
            self._images(indices),
            strict=True,
        )
        return tuple(
            Example(
                index=index,
                label=label,
                predicted=guess,
                probability=probability,
                label_probability=label_probability,
                loss=loss,
                image=image,
            )
            for index, label, guess, probability, label_probability, loss, image in columns
        )

    def _images(self, indices: NDArray[np.int64]) -> list[bytes]:
        """The gray values of those digits. Waits for the device."""
        rows = self._digits.images[torch.as_tensor(indices, device=self._digits.images.device)]
        return [image.tobytes() for image in rows.cpu().numpy()]


def _first_of_each(
    ordered: NDArray[np.int64], groups: NDArray[np.int64], most: int, least_of_each: int
) -> NDArray[np.int64]:
    """The first `most` of `ordered`, and of each group the first `least_of_each`, in order."""
    keep = np.zeros(len(ordered), dtype=bool)
    keep[:most] = True
    for group in np.unique(groups):
        keep[np.flatnonzero(groups == group)[:least_of_each]] = True
    return ordered[keep]
