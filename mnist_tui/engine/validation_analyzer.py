"""What a validation showed beyond loss and accuracy: mistakes, doubtful and tracked examples."""

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
MISTAKES_BY_CELL: Final = 1080
"""How many are kept beside those, at most and shared evenly among all pairs of true and predicted
class: 12 of each with ten classes, and one at least with many."""
LEAST_CONFIDENT: Final = 60
"""How many of the least confident right predictions are kept."""
LEAST_CONFIDENT_PER_CLASS: Final = 12
"""How many of those are kept, at least, of each class."""


class ValidationAnalyzer:
    """Makes ValidationResults of a run's validations. Training thread."""

    def __init__(self, split: DeviceSplit) -> None:
        self._split = split
        labels: NDArray[np.int64] = split.labels.cpu().numpy()
        self._labels = labels
        places = (np.flatnonzero(labels == label) for label in range(labels.max() + 1))
        firsts = [of_class[:TRACKED_PER_CLASS] for of_class in places]
        self._tracked = np.concatenate(firsts)
        """Of each class the first examples, whatever the seed, so that runs can be compared."""
        pairs = zip(self._tracked.tolist(), self._images(self._tracked), strict=True)
        self.tracked = tuple(
            TrackedExample(index=index, label=int(labels[index]), image=image)
            for index, image in pairs
        )
        """The examples that are followed through the epochs."""

    def after(self, before: ValidationResults, epoch: int, result: Evaluation) -> ValidationResults:
        """Add the validation of `epoch` to the results `before` it."""
        log_probabilities: NDArray[np.float32] = result.log_probabilities.numpy()
        probabilities = np.exp(log_probabilities[self._tracked]).astype("<f2")
        results = EpochResults(
            epoch=epoch, confusion=result.confusion, tracked=probabilities.tobytes()
        )
        # NaN is the worst of all.
        losses = np.nan_to_num(
            -log_probabilities[np.arange(len(log_probabilities)), self._labels], nan=np.inf
        )
        predicted = log_probabilities.argmax(axis=1)
        worst_first = np.argsort(-losses, kind="stable")
        wrong = worst_first[predicted[worst_first] != self._labels[worst_first]]
        right = worst_first[predicted[worst_first] == self._labels[worst_first]]
        classes = log_probabilities.shape[1]
        cells = classes * self._labels[wrong] + predicted[wrong]
        per_cell = max(1, MISTAKES_BY_CELL // (classes * (classes - 1)))
        mistakes = _first_of_each(wrong, cells, MISTAKES, per_cell)
        doubtful = _first_of_each(
            right, self._labels[right], LEAST_CONFIDENT, LEAST_CONFIDENT_PER_CLASS
        )
        return before.extended_by(
            ValidationResults(
                tracked=self.tracked,
                epochs=(results,),
                mistakes=self._examples(mistakes, predicted, log_probabilities, losses),
                least_confident=self._examples(doubtful, predicted, log_probabilities, losses),
            )
        )

    def _examples(
        self,
        indices: NDArray[np.int64],
        predicted: NDArray[np.int64],
        log_probabilities: NDArray[np.float32],
        losses: NDArray[np.float32],
    ) -> tuple[Example, ...]:
        labels = self._labels[indices]
        columns: Iterable[tuple[int, int, int, float, float, float, bytes]] = zip(
            indices.tolist(),
            labels.tolist(),
            predicted[indices].tolist(),
            np.exp(log_probabilities[indices, predicted[indices]]).tolist(),
            np.exp(log_probabilities[indices, labels]).tolist(),
            losses[indices].tolist(),
            self._images(indices),
            strict=True,
        )
        return tuple(
            Example(
                index=index,
                label=label,
                predicted=prediction,
                probability=probability,
                label_probability=label_probability,
                loss=loss,
                image=image,
            )
            for index, label, prediction, probability, label_probability, loss, image in columns
        )

    def _images(self, indices: NDArray[np.int64]) -> list[bytes]:
        """The gray values of the images at `indices`. Waits for the device."""
        rows = self._split.images[torch.as_tensor(indices, device=self._split.images.device)]
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
