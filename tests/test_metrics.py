"""Precision, recall and F1 from a table of counts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnist_tui.metrics import class_figures


def test_precision_recall_and_f1_are_those_of_the_textbook() -> None:
    table = ((8, 2, 0), (1, 5, 4), (0, 0, 10))
    first, second, third = class_figures(table)
    assert (first.label, first.support) == (0, 10)
    assert first.precision == pytest.approx(8 / 9)
    assert first.recall == pytest.approx(8 / 10)
    assert first.f1 == pytest.approx(2 * (8 / 9) * 0.8 / (8 / 9 + 0.8))
    assert (second.precision, second.recall) == (pytest.approx(5 / 7), pytest.approx(0.5))
    assert (third.precision, third.recall) == (pytest.approx(10 / 14), 1.0)


def test_a_class_that_is_never_predicted_has_no_precision() -> None:
    _, second = class_figures(((3, 0), (2, 0)))
    assert (second.precision, second.recall, second.f1, second.support) == (0.0, 0.0, 0.0, 2)


def test_a_class_without_images_has_no_recall() -> None:
    _, second = class_figures(((3, 1), (0, 0)))
    assert (second.precision, second.recall, second.f1, second.support) == (0.0, 0.0, 0.0, 0)


def test_an_empty_table_has_no_figures_to_divide_by() -> None:
    assert {figures.f1 for figures in class_figures([[0] * 10] * 10)} == {0.0}


@given(st.lists(st.lists(st.integers(0, 50), min_size=4, max_size=4), min_size=4, max_size=4))
def test_the_recalls_weighted_by_support_are_the_accuracy(table: list[list[int]]) -> None:
    figures = class_figures(table)
    right = sum(table[digit][digit] for digit in range(4))
    assert sum(each.recall * each.support for each in figures) == pytest.approx(right)
    assert sum(each.support for each in figures) == sum(map(sum, table))
    assert all(0 <= each.f1 <= 1 for each in figures)
