"""Smoothing as in TensorBoard."""

import math

import pytest

from mnist_tui.tui.charts.smoothing import smooth


def test_no_weight_leaves_the_values_as_they_are() -> None:
    assert smooth((3.0, 1.0, 2.0), 0) == (3.0, 1.0, 2.0)


def test_a_constant_stays_itself_from_the_first_value_on() -> None:
    assert smooth((2.0,) * 5, 0.9) == pytest.approx((2.0,) * 5)


def test_values_are_weighted_as_by_hand() -> None:
    assert smooth((1.0, 4.0), 0.5) == pytest.approx((1.0, (0.25 * 1 + 0.5 * 4) / 0.75))


def test_nan_comes_back_and_does_not_spread() -> None:
    first, gap, last = smooth((1.0, math.nan, 1.0), 0.6)
    assert first == pytest.approx(1)
    assert math.isnan(gap)
    assert last == pytest.approx(1)


@pytest.mark.parametrize("weight", [-0.1, 1.0])
def test_a_weight_that_would_never_move_is_refused(weight: float) -> None:
    with pytest.raises(ValueError, match="at least 0 and below 1"):
        smooth((1.0,), weight)
