"""What a series and a chart's data say about themselves."""

import math

import pytest

from mnist_tui.tui.charts.series import ChartData, Series, smooth


def test_tuples_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="2 xs but 1 ys"):
        Series("loss", (1, 2), (0.5,))


def test_an_envelope_without_lows_is_refused() -> None:
    with pytest.raises(ValueError, match="needs 1 lows and highs"):
        Series("loss", (1,), (0.5,), "envelope")


def test_nan_and_infinite_values_are_gaps_and_are_found() -> None:
    series = Series("loss", (1, 2, 3), (0.5, math.inf, math.nan))
    assert [x for x, _ in series.gaps] == [2, 3]


def test_the_last_value_is_the_newest_number() -> None:
    assert Series("loss", (1, 2, 3), (0.5, 0.4, math.nan)).last == 0.4
    assert Series("loss", (), ()).last is None


def test_the_full_range_holds_the_natural_range_and_all_data() -> None:
    series = Series("loss", (1.0, 25.0), (0.5, 0.4))
    assert ChartData("Loss", (series,), x_range=(1, 19)).full_range == (1, 25)
    assert ChartData("Loss", x_range=(1, 19)).full_range == (1, 19)


def test_values_of_nan_only_are_as_good_as_none() -> None:
    assert ChartData("Loss", (Series("loss", (1,), (math.nan,)),)).is_empty


def test_neighbors_are_found_in_every_series() -> None:
    data = ChartData("Loss", (Series("a", (1, 3), (0, 0)), Series("b", (2,), (0,))))
    assert (data.next_x(1), data.previous_x(3), data.nearest_x(2.2)) == (2, 2, 2)
    assert (data.next_x(3), data.previous_x(1)) == (None, None)


def test_spans_of_another_number_than_the_points_are_refused() -> None:
    with pytest.raises(ValueError, match="2 xs but 1 spans"):
        Series("loss", (1, 2), (0.5, 0.4), spans=((1, 1),))


def test_the_span_of_a_point_is_that_of_the_nearest_one() -> None:
    past = Series("past", (1.0, 2.5, 4.5, 6.5), (0,) * 4, spans=((1, 1), (2, 3), (4, 5), (6, 7)))
    now = Series("now", (1.5, 3.5), (0, 0), spans=((1, 2), (3, 4)))
    data = ChartData("Loss", (past, now))
    assert [data.span_at(x) for x in (1.5, 3.0, 3.5)] == [(1, 2), (3, 4), (3, 4)]
    assert data.span_at(6.5) == (6, 7), "where there is nothing of the new run"
    assert data.span_at(9.5) == (10, 10), "never half of one"
    assert ChartData("Loss", (Series("a", (0.5,), (0,)),)).span_at(0.5) == (0.5, 0.5)


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
