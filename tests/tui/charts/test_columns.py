"""Reduction to columns."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnist_tui.tui.charts.columns import Limits, Reduced, reduce
from mnist_tui.tui.charts.scale import Scale
from mnist_tui.tui.charts.series import Series
from mnist_tui.tui.charts.view import View


def line(ys: list[float], kind: str = "line") -> Series:
    return Series("loss", tuple(float(x) for x in range(len(ys))), tuple(ys), kind)  # type: ignore[arg-type]


def extent(series: Series, reduced: Reduced) -> tuple[float, float] | None:
    limits = Limits.of([series], [reduced], View(has_outliers=True))
    return limits and (limits.lo, limits.hi)


def test_a_hundred_thousand_points_become_as_many_as_the_columns_can_show() -> None:
    series = line([math.sin(x) for x in range(100_000)])
    assert len(reduce(series, Scale(0, 99_999, 80), False).path) <= 80 * 2 * 2 + 2


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=500), st.integers(2, 20))
def test_no_extreme_is_ever_left_out(ys: list[float], columns: int) -> None:
    scale = Scale(0, max(len(ys) - 1, 1), columns)
    for series in (line(ys), line(ys, "points")):
        assert extent(series, reduce(series, scale, False)) == (min(ys), max(ys))


def test_a_gap_breaks_a_line() -> None:
    path = reduce(line([1, math.nan, 1]), Scale(0, 2, 20), False).path
    assert [point is None for point in path] == [False, True, False]


def test_a_nan_among_many_does_not_hide_its_column() -> None:
    ys = [1.0] * 1000
    ys[500] = math.nan
    assert None not in reduce(line(ys), Scale(0, 999, 10), False).path


def test_values_at_or_below_zero_are_gaps_on_a_log_axis() -> None:
    assert reduce(line([1.0, 0.0, -1.0]), Scale(0, 2, 20), True).path[1:] == [None, None]


def test_an_envelope_spans_the_lowest_and_highest_of_each_column() -> None:
    count = 1000
    xs = tuple(float(x) for x in range(count))
    lows = tuple(0.0 if x == 501 else 1.0 for x in range(count))
    highs = tuple(9.0 if x == 502 else 3.0 for x in range(count))
    series = Series("loss", xs, (2.0,) * count, "envelope", "accent", lows, highs)
    reduced = reduce(series, Scale(0, count - 1, 10), False)
    assert len(reduced.bars) == 10
    assert extent(series, reduced) == (0.0, 9.0)
    assert {point[1] for point in reduced.path if point} == {2.0}


def test_a_line_runs_out_of_the_window_but_values_outside_set_no_limits() -> None:
    series = line([100.0, 1.0, 1.0, 100.0])
    reduced = reduce(series, Scale(0.99, 2.01, 20), False)
    first, last = reduced.path[0], reduced.path[-1]
    assert first is not None
    assert first[0] == 0
    assert last is not None
    assert last[0] == 20
    assert (extent(series, reduced) or (0, 99))[1] < 10


@pytest.mark.parametrize("is_log", [False, True])
@pytest.mark.parametrize("spike", [5.0, 1e23])
def test_a_spike_sets_no_limits_until_it_is_asked_for(spike: float, is_log: bool) -> None:
    ys = [0.1 + 0.4 / x for x in range(1, 101)]
    ys[60] = spike
    reduced = reduce(line(ys), Scale(0, 99, 100), is_log)
    limits = Limits.of([line(ys)], [reduced], View(is_log=is_log))
    assert limits is not None
    if spike > 5 or not is_log:
        assert limits.hi < 1.0
    assert limits.highest == spike
    is_cut = (limits.lo, limits.hi) != (limits.lowest, limits.highest)
    assert Limits.of([line(ys)], [reduced], View(None, is_log, True)) == Limits(
        min(ys), spike, min(ys), spike, is_cut
    )


def test_a_first_epoch_far_below_the_others_sets_no_limits_either() -> None:
    ys = [0.2, 0.96, 0.97, 0.975, 0.977, 0.979, 0.98, 0.981]
    limits = Limits.of([line(ys)], [reduce(line(ys), Scale(0, 7, 40), False)], View())
    assert limits is not None
    assert limits.lo > 0.9
    assert limits.lowest == 0.2


@pytest.mark.parametrize("ys", [[2.3, 0.3, 0.2], [2.3 / (1 + x / 10) for x in range(100)]])
def test_an_ordinary_fall_of_the_loss_is_shown_whole(ys: list[float]) -> None:
    limits = Limits.of([line(ys)], [reduce(line(ys), Scale(0, 99, 100), False)], View())
    assert limits == Limits(min(ys), max(ys), min(ys), max(ys))


def test_a_run_that_has_diverged_is_shown_whole() -> None:
    ys = [0.3] * 60 + [2.3] * 40
    limits = Limits.of([line(ys)], [reduce(line(ys), Scale(0, 99, 100), False)], View())
    assert limits == Limits(0.3, 2.3, 0.3, 2.3)


def test_the_run_to_compare_with_sets_no_limits() -> None:
    now, before = line([0.1, 0.2]), line([2.3, 2.3], "dotted")
    reduced = [reduce(series, Scale(0, 1, 20), False) for series in (now, before)]
    assert Limits.of([now, before], reduced, View()) == Limits(0.1, 0.2, 0.1, 0.2)


@pytest.mark.parametrize("columns", [30, 39, 69, 120])
def test_a_spike_of_neighboring_batches_flattens_no_chart_of_any_width(columns: int) -> None:
    count = 2000
    xs = tuple(float(x) for x in range(count))
    ys = [2.3 if x < 100 else 0.3 for x in range(count)]
    ys[995:1005] = [1e9] * 10  # the middle, where two columns meet
    series = Series("loss", xs, tuple(ys), "envelope", lows=tuple(ys), highs=tuple(ys))
    reduced = reduce(series, Scale(0, count - 1, columns), False)
    limits = Limits.of([series], [reduced], View())
    assert limits is not None
    assert 2.3 <= limits.hi < 10
