"""Reduction to columns."""

import math

from hypothesis import given
from hypothesis import strategies as st

from mnist_tui.tui.charts.columns import reduce
from mnist_tui.tui.charts.scale import Scale
from mnist_tui.tui.charts.series import Series


def line(ys: list[float], kind: str = "line") -> Series:
    return Series("loss", tuple(float(x) for x in range(len(ys))), tuple(ys), kind)  # type: ignore[arg-type]


def test_a_hundred_thousand_points_become_as_many_as_the_columns_can_show() -> None:
    series = line([math.sin(x) for x in range(100_000)])
    assert len(reduce(series, Scale(0, 99_999, 80), False).path) <= 80 * 2 * 2 + 2


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=500), st.integers(2, 20))
def test_no_extreme_is_ever_left_out(ys: list[float], columns: int) -> None:
    scale = Scale(0, max(len(ys) - 1, 1), columns)
    assert reduce(line(ys), scale, False).extent == (min(ys), max(ys))
    assert reduce(line(ys, "points"), scale, False).extent == (min(ys), max(ys))


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
    assert reduced.extent == (0.0, 9.0)
    assert {point[1] for point in reduced.path if point} == {2.0}


def test_a_line_runs_out_of_the_window_but_values_outside_set_no_limits() -> None:
    reduced = reduce(line([100.0, 1.0, 1.0, 100.0]), Scale(0.99, 2.01, 20), False)
    first, last = reduced.path[0], reduced.path[-1]
    assert first is not None
    assert first[0] == 0
    assert last is not None
    assert last[0] == 20
    assert reduced.extent is not None
    assert reduced.extent[1] < 10
