"""Validation results are bounded, however many epochs a run has."""

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnist_tui.run import validation
from mnist_tui.run.validation import MAX_EPOCHS, EpochResults, ValidationResults

RESULTS = EpochResults(epoch=1, confusion=((5, 1), (2, 6)), tracked=b"")


def after(epochs: int, best: int = 0, most: int = MAX_EPOCHS) -> ValidationResults:
    """The results of a run of so many epochs, of which one may be the best."""
    results = ValidationResults()
    for epoch in range(1, epochs + 1):
        table = ((6, 0), (0, 8)) if epoch == best else RESULTS.confusion
        new = replace(RESULTS, epoch=epoch, confusion=table)
        results = results.extended_by(ValidationResults(epochs=(new,)))
        assert len(results.epochs) <= most
        assert results.last is new
    return results


def test_a_run_of_ordinary_length_keeps_every_epoch() -> None:
    assert [known.epoch for known in after(MAX_EPOCHS).epochs] == list(range(1, MAX_EPOCHS + 1))


def test_a_long_run_keeps_the_newest_the_best_and_an_even_choice_of_the_others() -> None:
    numbers = [known.epoch for known in after(20_000, best=777).epochs]
    assert MAX_EPOCHS // 2 <= len(numbers) <= MAX_EPOCHS
    assert {1, 777, 20_000} <= set(numbers)
    gaps = [late - early for early, late in pairwise(numbers)]
    assert max(gaps) <= 2 ** math.ceil(math.log2(20_000 / (MAX_EPOCHS // 2)))


@given(st.integers(1, 300), st.integers(0, 300))
def test_results_are_bounded_after_every_epoch(epochs: int, best: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(validation, "MAX_EPOCHS", 16)
        results = after(epochs, best, most=16)
        if 1 <= best <= epochs:
            assert best in [known.epoch for known in results.epochs]


def test_newer_results_replace_those_of_the_same_epochs() -> None:
    again = replace(RESULTS, epoch=3, confusion=((1, 5), (6, 2)))
    results = after(5).extended_by(ValidationResults(epochs=(again,)))
    assert [known.epoch for known in results.epochs] == [1, 2, 3]
    assert results.last is again


def test_a_viewer_that_follows_by_increments_has_the_same_results() -> None:
    viewer = ValidationResults()
    for epochs in range(1, 40):
        run = after(epochs)
        viewer = viewer.extended_by(replace(run, epochs=run.epochs[-1:]))
        assert viewer == run


def test_the_correct_predictions_are_on_the_diagonal() -> None:
    assert RESULTS.correct == 11


def test_the_probabilities_of_a_tracked_example_are_read_from_its_bytes() -> None:
    known = replace(RESULTS, tracked=np.array([[0.25, 0.75], [1, 0], [0.5, 0.5]], "<f2").tobytes())
    assert [known.probabilities(place) for place in range(3)] == [(0.25, 0.75), (1, 0), (0.5, 0.5)]
