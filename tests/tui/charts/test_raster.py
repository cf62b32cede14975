"""plotext's drawing."""

import subprocess
import sys

import plotext
import pytest

from mnist_tui.tui.charts.raster import BRAILLE, rasterize


def test_points_are_in_the_cells_of_their_places() -> None:
    rows = rasterize([(0.5, 0.5), (9.5, 2.5)], 10, 3, "x", is_joined=False)
    assert rows == ["         x", "          ", "x         "]


def test_a_gap_is_not_joined() -> None:
    joined, broken = (
        rasterize([(0.5, 0.5), *gap, (9.5, 0.5)], 10, 1, "x", is_joined=True)
        for gap in ([], [None])
    )
    assert joined == ["x" * 10]
    assert broken == ["x        x"]


def test_one_cell_and_no_cells_are_sizes_too() -> None:
    assert rasterize([(0.5, 0.5)], 1, 1, "x", is_joined=False) == ["x"]
    assert rasterize([(0.5, 0.5)], 0, 0, "x", is_joined=False) == []


def test_the_real_terminal_clamps_nothing() -> None:
    rows = rasterize([(0.5, 0.5), (999.5, 199.5)], 1000, 200, BRAILLE, is_joined=True)
    assert len(rows) == 200
    assert {len(row) for row in rows} == {1000}
    assert rows[0][-1] != " "


def test_nothing_leaks_from_one_drawing_to_the_next_or_to_plotext() -> None:
    first = rasterize([(2.5, 0.5)], 5, 1, "x", is_joined=False)
    rasterize([(0.5, 0.5)], 5, 1, "y", is_joined=False)
    assert rasterize([(2.5, 0.5)], 5, 1, "x", is_joined=False) == first
    assert plotext.figure._signals._get_length() == 0
    assert plotext.terminal._limit == [True, True]


@pytest.mark.slow
def test_plotext_is_imported_by_the_first_drawing_only() -> None:
    code = (
        "import sys, mnist_tui.tui.charts; print({'plotext', 'numpy', 'torch'} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"
