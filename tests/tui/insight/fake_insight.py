"""Validation results of a run after some epochs: believable, and the same each time."""

from dataclasses import replace
from functools import lru_cache
from random import Random
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mnist_tui.data.dataset import Dataset, Split
from mnist_tui.data.sample import load_sample
from mnist_tui.run.validation import EpochResults, Example, TrackedExample, ValidationResults

SUPPORT: Final = (980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009)
"""How many validation images of each class MNIST has."""

_ALIKE: Final = {(4, 9): 9.0, (9, 4): 4.0, (7, 2): 4.0, (3, 5): 3.0, (5, 3): 3.0, (8, 3): 3.0}
"""Which classes are confused more often than others."""


@lru_cache(maxsize=1)
def dataset() -> Dataset:
    """Real digits."""
    return load_sample()


def digits() -> Split:
    """The validation images, 100 of each class, ordered by class."""
    return dataset().validation


@lru_cache(maxsize=8)
def insight_of(epochs: int = 3) -> ValidationResults:
    """A run that gets better with each epoch."""
    known = tuple(_epoch(epoch) for epoch in range(1, epochs + 1))
    if not known:
        return ValidationResults()
    tracked = tuple(_tracked(place) for place in range(20))
    mistakes, least_confident = _examples(known[-1])
    return ValidationResults(
        tracked=tracked, epochs=known, mistakes=mistakes, least_confident=least_confident
    )


def _epoch(epoch: int) -> EpochResults:
    # Python's generator: numpy's draws change from one version to another.
    chance = Random(epoch)
    table = np.zeros((10, 10), np.int64)
    for label, support in enumerate(SUPPORT):
        weights = [_ALIKE.get((label, predicted), 0.4) for predicted in range(10)]
        weights[label] = 0.0
        wrong = int(support * 0.06 / epoch)
        for predicted in chance.choices(range(10), weights, k=wrong):
            table[label, predicted] += 1
        table[label, label] = support - wrong
    tracked = np.stack([_probabilities(place, epoch) for place in range(20)])
    return EpochResults(
        epoch=epoch,
        confusion=tuple(tuple(row) for row in table.tolist()),
        tracked=tracked.astype("<f2").tobytes(),
    )


def _probabilities(place: int, epoch: int) -> NDArray[np.float64]:
    """(10,): at first some predictions are wrong; each epoch is surer of the true class."""
    label, chance = place // 2, np.random.default_rng(100 + place)
    scores = chance.normal(size=10) * 1.5
    scores[label] += 1.6 * epoch
    powers = np.exp(scores)
    return np.asarray(powers / powers.sum())


def _tracked(place: int) -> TrackedExample:
    index = 100 * (place // 2) + place % 2
    return TrackedExample(index=index, label=place // 2, image=digits().images[index].tobytes())


def _examples(known: EpochResults) -> tuple[tuple[Example, ...], tuple[Example, ...]]:
    """Mistakes as the table counts them, and a handful of hard ones of each class."""
    mistakes, least_confident = [], []
    for label, row in enumerate(known.confusion):
        used = iter(range(100 * label + 5, 100 * label + 100))
        for predicted, count in enumerate(row):
            times = 5 if label == predicted else min(count, 8)
            for turn in range(times):
                probability = 0.97 - 0.07 * turn - 0.003 * label
                one = _example(next(used), label, predicted, probability)
                (least_confident if label == predicted else mistakes).append(one)
    order = (
        sorted(mistakes, key=lambda one: -one.loss),
        sorted(least_confident, key=lambda one: -one.loss),
    )
    return tuple(order[0]), tuple(order[1])


def _example(index: int, label: int, predicted: int, probability: float) -> Example:
    true = probability if predicted == label else 0.9 * (1 - probability)
    return Example(
        index=index,
        label=label,
        predicted=predicted,
        probability=probability,
        label_probability=true,
        loss=float(-np.log(true)),
        image=digits().images[index].tobytes(),
    )


@lru_cache(maxsize=8)
def results_of_classes(count: int) -> tuple[ValidationResults, tuple[str, ...]]:
    """Two epochs of a model with `count` classes, and their names; the last class has no mistake.

    Class `i` is predicted as class `i + 1` three times.
    """
    names = tuple(f"{chr(ord('A') + label % 26)}{label // 26 or ''}" for label in range(count))
    table = [[0] * count for _ in range(count)]
    for label in range(count):
        table[label][label] = 380 + label
        if label + 1 < count:
            table[label][label + 1] = 3
    confusion = tuple(tuple(row) for row in table)
    tracked = tuple(
        TrackedExample(index=place, label=place // 2, image=digits().images[place].tobytes())
        for place in range(2 * count)
    )
    scores = np.full((2 * count, count), 0.3 / (count - 1))
    scores[range(2 * count), np.arange(2 * count) // 2] = 0.7
    epochs = tuple(
        EpochResults(epoch=epoch, confusion=confusion, tracked=scores.astype("<f2").tobytes())
        for epoch in (1, 2)
    )
    mistakes = tuple(
        replace(_example(label, label, label + 1, 0.9), index=label) for label in range(count - 1)
    )
    return ValidationResults(tracked=tracked, epochs=epochs, mistakes=mistakes), names
