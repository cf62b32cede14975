"""Places and ticks."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnist_tui.tui.charts.scale import Scale, x_axis, y_axis


def test_the_ends_of_a_range_are_in_the_middle_of_the_outermost_cells() -> None:
    scale = Scale(1, 19, 40)
    assert (scale.place(1), scale.place(19)) == (0.5, 39.5)


@given(st.floats(1, 19), st.integers(2, 300))
def test_a_place_leads_back_to_its_value(value: float, cells: int) -> None:
    scale = Scale(1, 19, cells)
    assert scale.value(scale.place(value)) == pytest.approx(value)


def test_nineteen_epochs_are_labeled_from_the_first_to_the_last() -> None:
    assert [label for _, label in x_axis((1, 19), 70).ticks] == [
        "1", "3", "5", "7", "9", "11", "13", "15", "17", "19",
    ]  # fmt: skip
    assert [label for _, label in x_axis((1, 19), 30).ticks] == ["1", "5", "10", "15", "19"]


def test_batches_are_labeled_in_thousands() -> None:
    assert [label for _, label in x_axis((0, 20_000), 40).ticks] == [
        "0", "5k", "10k", "15k", "20k",
    ]  # fmt: skip


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(1, 200))
def test_x_labels_are_whole_numbers_apart_from_each_other(lo: int, span: int, columns: int) -> None:
    ticks = x_axis((lo, lo + span), columns).ticks
    for (a, left), (b, right) in itertools.pairwise(ticks):
        assert b - a >= (len(left) + len(right)) / 2
    assert all(0 <= column < columns for column, _ in ticks)


@given(
    st.floats(0, 1e6),
    st.floats(0, 1e6),
    st.integers(1, 60),
    st.sampled_from(["loss", "percent"]),
)
def test_every_value_is_on_the_y_axis_with_ticks_in_rows_of_their_own(
    a: float, b: float, rows: int, y_format: str
) -> None:
    lo, hi = min(a, b), max(a, b)
    axis = y_axis(lo, hi, rows, y_format)  # type: ignore[arg-type]
    slack = 1e-5 * max(hi, 1)
    assert axis.scale.lo <= lo + slack
    assert hi - slack <= axis.scale.hi
    cells = [cell for cell, _ in axis.ticks]
    assert len(set(cells)) == len(cells)
    assert all(0 <= cell < rows for cell in cells)


@given(
    st.floats(0, 10),
    st.floats(1e-6, 10),
    st.integers(2, 60),
    st.sampled_from(["loss", "percent"]),
)
def test_y_ticks_are_in_rows_of_equal_distance_and_most_rows_are_used(
    lo: float, span: float, rows: int, y_format: str
) -> None:
    axis = y_axis(lo, lo + span, rows, y_format)  # type: ignore[arg-type]
    cells = [cell for cell, _ in axis.ticks]
    assert len({b - a for a, b in itertools.pairwise(cells)}) <= 1
    if rows >= 9 and lo > span:
        assert span >= (axis.scale.hi - axis.scale.lo) / 2


@given(st.floats(1e-8, 1e4), st.floats(1, 1e6), st.integers(1, 60))
def test_a_log_axis_holds_every_value_and_has_a_label(lo: float, ratio: float, rows: int) -> None:
    axis = y_axis(lo, lo * ratio, rows, "loss", is_log=True)
    assert axis.scale.place(lo) >= 0.49 or rows == 1
    assert axis.scale.place(lo * ratio) <= rows - 0.49 or rows == 1
    assert axis.ticks
    assert all(0 <= cell < rows for cell, _ in axis.ticks)


def test_an_accuracy_axis_ends_at_one_hundred_percent() -> None:
    assert y_axis(0.9, 0.999, 8, "percent").scale.hi == 1.0


def test_one_value_alone_gets_room_around_it() -> None:
    scale = y_axis(0.5, 0.5, 8, "loss").scale
    assert scale.lo < 0.5 < scale.hi
