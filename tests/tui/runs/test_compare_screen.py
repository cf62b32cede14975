"""Runs laid over each other."""

import re
from pathlib import Path

import pytest

from mnist_tui.run.history import LossHistory
from mnist_tui.run.plan import NewRun
from mnist_tui.store.comparison import PickedRun, compare
from mnist_tui.store.directory import RunDirectory
from mnist_tui.store.history_file import BatchCurves, history_bytes
from mnist_tui.tui.charts.glyphs import ASCII, UNICODE, Glyphs
from mnist_tui.tui.charts.palette import Palette
from mnist_tui.tui.charts.plot import Plot
from mnist_tui.tui.dashboard.timeline import Axis
from mnist_tui.tui.runs.compare_screen import CompareScreen
from mnist_tui.tui.runs.compared_curves import BATCHES, TITLES, compared_chart
from mnist_tui.tui.runs.screen import RunsScreen
from tests.tui.app_harness import on_stage
from tests.tui.runs.written_runs import write_run


@pytest.fixture
def runs_dir(tmp_path: Path) -> Path:
    write_run(tmp_path, "steep", [0.9, 0.3, 0.1], lr=0.1, updated=3e9)
    write_run(tmp_path, "flat", [0.9, 0.8, 0.7, 0.65], lr=0.001, updated=2e9)
    write_run(tmp_path, "empty", [], updated=1e9)
    return tmp_path


def picked(runs_dir: Path, *names: str) -> list[PickedRun]:
    """The runs of these names, numbered from 1."""
    return [PickedRun(n, name, RunDirectory(runs_dir / name)) for n, name in enumerate(names, 1)]


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
def test_curves_are_distinguished_without_color(runs_dir: Path, glyphs: Glyphs) -> None:
    names = ("steep", "flat", "empty")
    comparison = compare(picked(runs_dir, *names))
    data = compared_chart("Validation loss", comparison, Axis.EPOCH)
    plot = Plot.draw(data, 80, 20, glyphs=glyphs, has_title=False)
    lines = [strip.text for strip in plot.strips(Palette())]
    assert lines[0].split() == ["1", "lr", "0.1", "0.1000", "2", "lr", "0.001", "0.6500"]
    curves = lines[1:-2]
    rows = {tag: [y for y, line in enumerate(curves) if tag in line[8:]] for tag in "12"}
    assert max(rows["1"]) > max(rows["2"]), "the steep one ends lower"
    assert all(len(found) > 1 for found in rows.values())


def test_every_axis_and_chart_can_be_drawn(runs_dir: Path) -> None:
    comparison = compare(picked(runs_dir, "steep"))
    for title in TITLES[:-1]:
        for axis in Axis:
            [series] = compared_chart(title, comparison, axis).series
            assert len(series.xs) == 3
    assert series.xs == (2.0, 4.0, 6.0), "seconds"


def test_losses_of_batches_are_drawn_where_a_run_has_them(runs_dir: Path) -> None:
    history = LossHistory()
    history.extend(2.0 - i / 200 for i in range(300))
    curves = BatchCurves(history.snapshot(), ())
    (runs_dir / "steep/history.npz").write_bytes(history_bytes(curves))
    (runs_dir / "flat/history.npz").write_bytes(b"damaged")
    comparison = compare(picked(runs_dir, "steep", "flat"))
    [series] = compared_chart(BATCHES, comparison, Axis.BATCH).series
    assert (series.name, len(series.xs)) == ("lr 0.1", 300)
    assert (series.ys[0], series.ys[-1]) == pytest.approx((2.0, 0.505))
    [by_epoch] = compared_chart(BATCHES, comparison, Axis.EPOCH).series
    assert by_epoch.xs[-1] == pytest.approx(3.0)


@pytest.mark.slow
async def test_marked_runs_are_compared_and_the_dashboards_keys_are_off(runs_dir: Path) -> None:
    async with on_stage(plan=NewRun(runs_dir=runs_dir), size=(140, 40)) as stage:
        await stage.pilot.press("r")
        await stage.until(lambda: isinstance(stage.app.screen, RunsScreen), "the runs")
        await stage.sees("empty")
        assert "Compare" not in stage.footer
        await stage.pilot.press("space", "space", "c")
        await stage.until(lambda: isinstance(stage.app.screen, CompareScreen), "the comparison")
        await stage.sees("1 steep")
        await stage.sees("╭─ Validation loss")
        await stage.sees("╭─ Validation accuracy")
        await stage.until(lambda: re.search("run +lr +best", stage.text), "the table")
        await stage.pilot.press("4")
        await stage.sees("╭─ Batch loss")
        await stage.sees("╭─ Training loss")
        await stage.pilot.press("1", "b")
        await stage.until(lambda: " batch " in stage.text, "the axis of batches")
        await stage.pilot.press("space", "n", "escape")
        await stage.until(lambda: isinstance(stage.app.screen, RunsScreen), "the runs again")
        assert not stage.runners


@pytest.mark.slow
async def test_one_chart_at_a_time_where_it_is_narrow(runs_dir: Path) -> None:
    async with on_stage(plan=NewRun(runs_dir=runs_dir)) as stage:
        await stage.pilot.press("r")
        await stage.sees("empty")
        await stage.pilot.press("space", "c")
        await stage.sees("1 steep")
        await stage.sees("╭─ Validation loss")
        await stage.pilot.press("2")
        await stage.sees("╭─ Validation accuracy")
        assert "╭─ Validation loss" not in stage.text
