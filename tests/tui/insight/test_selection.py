"""Which epochs, examples and images are in view."""

from dataclasses import replace

import numpy as np

from mnist_tui.data.dataset import Split
from mnist_tui.run.validation import Example, ValidationResults
from mnist_tui.tui.insight.selection import ClassView, EpochChoice, ExampleFilter
from tests.tui.insight.fake_insight import insight_of


def test_classes_are_turned_through_and_any_is_among_them() -> None:
    wanted = ExampleFilter()
    seen = []
    for _ in range(11):
        wanted = wanted.turned("label", 1, 10)
        seen.append(wanted.label)
    assert seen == [*range(10), None]
    assert ExampleFilter().turned("predicted", -1, 47).predicted == 46


def test_examples_are_let_through_by_both_classes() -> None:
    def example(label: int, predicted: int) -> Example:
        return replace(insight_of(1).mistakes[0], label=label, predicted=predicted)

    results = ValidationResults(mistakes=(example(4, 9), example(4, 7), example(3, 9)))
    assert [one.predicted for one in ExampleFilter(label=4).select(results)] == [9, 7]
    assert [one.label for one in ExampleFilter(predicted=9).select(results)] == [4, 3]
    assert len(ExampleFilter(label=4, predicted=9).select(results)) == 1


def test_the_latest_epoch_stays_the_latest_and_an_earlier_one_stays_itself() -> None:
    latest = EpochChoice().moved(insight_of(3), 5)
    assert latest == EpochChoice()
    earlier = latest.moved(insight_of(3), -1)
    assert earlier.parts(insight_of(4))[1][0] == "epoch 2 of 4"
    assert latest.parts(insight_of(4))[1][0] == "epoch 4 (latest)"
    assert EpochChoice().moved(ValidationResults(), -1) == EpochChoice()


def test_of_an_epoch_that_is_no_longer_known_the_nearest_is_shown() -> None:
    results = insight_of(9)
    kept = replace(results, epochs=tuple(e for e in results.epochs if e.epoch not in (4, 5, 6)))
    chosen = [EpochChoice(epoch).of(kept) for epoch in (4, 6, 9)]
    assert [known and known.epoch for known in chosen] == [3, 7, 9]
    assert EpochChoice(4).of(ValidationResults()) is None


def test_a_number_that_is_not_in_view_leads_to_the_next_that_is() -> None:
    split = Split(images=np.zeros((40, 28, 28), np.uint8), labels=np.arange(40) % 10)
    view = ClassView(split, 4)
    assert list(view.indices) == [4, 14, 24, 34]
    assert [view.nearest(index) for index in (0, 4, 5, 34, 35, 10**9)] == [0, 0, 1, 3, 3, 3]
    assert view.counts(10) == (4,) * 10


def test_a_class_without_images_is_empty() -> None:
    split = Split(images=np.zeros((3, 28, 28), np.uint8), labels=np.array([1, 1, 2]))
    assert ClassView(split, 9).nearest(2) == 0
    assert ClassView(split).counts(10) == (0, 2, 1, 0, 0, 0, 0, 0, 0, 0)
