"""The pen: soft, as wide as MNIST's, without gaps, and every stroke can be taken back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnist_tui.tui.insight.widgets.brush import SIDE, UNDO_LIMIT, Drawing, Point, coverage

coordinates = st.floats(-5, SIDE + 5, allow_nan=False)
points = st.tuples(coordinates, coordinates)


def test_a_line_is_as_wide_as_mnists_and_soft_at_its_edges() -> None:
    row = coverage((15, 4), (15, 24))[14]
    assert 2.2 < row.sum() < 3.4
    assert row[14] == row[15] == 1
    assert row[13] == pytest.approx(row[16])
    assert 0 < row[13] < 1
    assert not row[:12].any()
    assert not row[18:].any()


def test_a_fast_stroke_has_no_gaps() -> None:
    drawing = Drawing()
    drawing.line((2, 3), (25, 26))
    assert min(drawing.ink[i + 1, i] for i in range(2, 25)) > 200


def test_a_dot_is_round() -> None:
    dot = coverage((14, 14), (14, 14))
    assert np.allclose(dot, dot.T)
    assert np.allclose(dot, dot[::-1, ::-1])
    assert dot.max() == 1
    assert dot[0, 0] < 1e-9


@given(points, points)
def test_a_line_is_the_same_from_either_end(start: Point, end: Point) -> None:
    assert np.allclose(coverage(start, end), coverage(end, start), atol=1e-6)


@given(st.lists(st.tuples(points, points, st.booleans()), max_size=8))
def test_every_stroke_can_be_taken_back(strokes: list[tuple[Point, Point, bool]]) -> None:
    drawing = Drawing()
    seen = [drawing.ink]
    for start, end, erases in strokes:
        drawing.begin()
        drawing.line(start, end, erases=erases)
        drawing.end()
        if not np.array_equal(drawing.ink, seen[-1]):
            seen.append(drawing.ink)
    for before in reversed(seen[:-1]):
        assert drawing.can_undo
        drawing.undo()
        assert np.array_equal(drawing.ink, before)
    assert not drawing.can_undo
    drawing.undo()
    assert drawing.is_empty


def test_drawing_twice_over_the_same_place_changes_nothing() -> None:
    drawing = Drawing()
    drawing.line((5, 5), (20, 9))
    once = drawing.ink
    drawing.begin()
    drawing.line((5, 5), (20, 9))
    drawing.end()
    assert np.array_equal(drawing.ink, once)
    assert not drawing.can_undo


def test_the_eraser_is_wider_than_the_pen_and_leaves_the_rest() -> None:
    drawing = Drawing()
    drawing.line((6, 14), (22, 14))
    left = drawing.ink[:, :10].copy()
    drawing.line((18, 14), (22, 14), erases=True)
    assert not drawing.ink[12:17, 18:22].any()
    assert np.array_equal(drawing.ink[:, :10], left)


def test_clearing_can_be_taken_back() -> None:
    drawing = Drawing()
    drawing.begin()
    drawing.line((6, 14), (22, 14))
    drawing.end()
    ink = drawing.ink
    drawing.clear()
    assert drawing.is_empty
    drawing.clear()  # nothing more to clear: nothing more to take back
    drawing.undo()
    assert np.array_equal(drawing.ink, ink)


def test_only_so_many_strokes_are_kept() -> None:
    drawing = Drawing()
    for stroke in range(UNDO_LIMIT + 20):
        drawing.begin()
        drawing.line((stroke % 28, 3), (stroke % 28, 3), erases=stroke % 2 == 1)
        drawing.line((3, stroke % 25), (5, stroke % 28), erases=stroke % 3 == 1)
    undone = 0
    while drawing.can_undo:
        drawing.undo()
        undone += 1
    assert undone == UNDO_LIMIT
