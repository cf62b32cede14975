"""The widget: when it draws, and what keys and mouse do."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from textual import events
from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.widgets import TabbedContent, TabPane

from mnist_tui.tui.charts import Chart, ChartData, Series, View
from mnist_tui.tui.charts.plot import Plot
from tests.tui.app_harness import strips_of


def loss(epochs: int = 12) -> ChartData:
    xs = tuple(float(x) for x in range(1, epochs + 1))
    return ChartData("Loss", (Series("loss", xs, tuple(1 / x for x in xs)),), x_range=(1, 19))


class Clock:
    """A time that stands still until it is moved."""

    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


class ChartApp(App[None]):
    """A chart in a pane, and another pane."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.chart = Chart(loss(), clock=self.clock)
        self.views: list[View] = []

    def compose(self) -> ComposeResult:
        with TabbedContent():
            yield TabPane("Charts", self.chart, id="charts")
            yield TabPane("Other", id="other")

    def on_chart_view_changed(self, message: Chart.ViewChanged) -> None:
        self.views.append(message.view)


@pytest.fixture
def draws(monkeypatch: pytest.MonkeyPatch) -> list[ChartData]:
    """What was drawn, in order."""
    drawn: list[ChartData] = []
    draw = Plot.draw

    def counting(data: ChartData, *args: Any, **kwargs: Any) -> Plot:
        drawn.append(data)
        return draw(data, *args, **kwargs)

    monkeypatch.setattr(Plot, "draw", counting)
    return drawn


async def test_new_data_is_drawn_at_most_four_times_a_second(draws: list[ChartData]) -> None:
    app = ChartApp()
    async with app.run_test() as pilot:
        await pilot.pause()
        before = len(draws)
        for epoch in (13, 14, 15):
            app.chart.set_data(loss(epoch))
            await pilot.pause()
        assert len(draws) == before
        app.clock.now_s += 0.25
        app.chart.set_data(loss(16))
        await pilot.pause()
        assert draws[before:] == [loss(16)]


async def test_data_that_came_too_early_is_drawn_later_by_itself(draws: list[ChartData]) -> None:
    app = ChartApp()
    async with app.run_test() as pilot:
        await pilot.pause()
        app.chart.set_data(loss(13))
        async with asyncio.timeout(5):
            while draws[-1] != loss(13):
                await pilot.pause(0.02)


async def test_data_that_did_not_change_is_not_drawn_again(draws: list[ChartData]) -> None:
    app = ChartApp()
    async with app.run_test() as pilot:
        await pilot.pause()
        before = len(draws)
        app.clock.now_s += 10
        app.chart.set_data(loss())
        await pilot.pause()
        assert len(draws) == before


async def test_nothing_is_drawn_in_a_hidden_pane_until_it_is_shown(draws: list[ChartData]) -> None:
    app = ChartApp()
    async with app.run_test() as pilot:
        app.query_one(TabbedContent).active = "other"
        await pilot.pause()
        before = len(draws)
        for epoch in (13, 14):
            app.clock.now_s += 10
            app.chart.set_data(loss(epoch))
            await pilot.pause()
        assert len(draws) == before
        app.query_one(TabbedContent).active = "charts"
        await pilot.pause()
        assert draws[before:] == [loss(14)]


async def test_a_new_size_is_drawn_at_once(draws: list[ChartData]) -> None:
    app = ChartApp()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        before = len(draws)
        await pilot.resize_terminal(60, 20)
        await pilot.pause()
        assert len(draws) > before
        assert app.chart.render_line(0).cell_length == app.chart.content_size.width


async def test_only_the_lines_that_changed_are_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    app = ChartApp()
    async with app.run_test() as pilot:
        await pilot.pause()
        sent: list[Region] = []
        refresh = app.chart.refresh

        def counting(*regions: Region, **kwargs: Any) -> Chart:
            sent.extend(regions or [app.chart.content_region])
            return refresh(*regions, **kwargs)

        monkeypatch.setattr(app.chart, "refresh", counting)
        app.clock.now_s += 1
        one_more = replace(loss(), series=(loss().series[0], Series("new", (18.0,), (0.5,))))
        app.chart.set_data(one_more)
        await pilot.pause()
        assert 1 <= len(sent) <= 3, "the legend, and the line of the new value"
        assert {region.height for region in sent} == {1}
        shown = [strip.text for strip in strips_of(app.screen)]
        assert any("◆" in line for line in shown)


async def test_the_title_says_what_is_shown_whoever_wrote_it_before() -> None:
    app = ChartApp()
    async with app.run_test() as pilot:
        app.chart.border_title = "Chart"
        app.clock.now_s += 1
        app.chart.set_data(loss(13))
        await pilot.pause()
        assert app.chart.border_title == "Loss"


async def test_another_theme_changes_the_colors_and_draws_nothing(draws: list[ChartData]) -> None:
    app = ChartApp()
    async with app.run_test() as pilot:
        await pilot.pause()
        before, old = len(draws), app.chart.render_line(1)
        app.theme = "textual-light"
        await pilot.pause()
        await pilot.pause()
        new = app.chart.render_line(1)
        assert new.text == old.text
        assert list(new) != list(old)
        assert len(draws) == before


async def test_keys_zoom_pan_and_show_all_again() -> None:
    app = ChartApp()
    async with app.run_test() as pilot:
        app.chart.focus()
        await pilot.press("+")
        assert app.chart.view.window == (3, 12)
        await pilot.press("left")
        assert app.chart.view.window == (1, 10)
        assert app.chart.border_title == "Loss · epochs 1-10 of 19, 0 shows all"
        await pilot.press("minus", "0", "equals_sign", "0")
        assert app.chart.view.window is None
        assert app.views[0] == View((3, 12))


async def test_the_log_axis_shows_accuracies_as_errors() -> None:
    app = ChartApp()
    async with app.run_test() as pilot:
        app.chart.focus()
        await pilot.press("l")
        assert app.chart.view.is_log
        xs, ys = (1.0, 2.0, 3.0), (0.9, 0.98, 0.995)
        app.clock.now_s += 1
        app.chart.set_data(
            ChartData("Accuracy", (Series("validation", xs, ys),), y_format="percent")
        )
        await pilot.pause()
        assert app.chart.border_title == "Error (log)"
        text = "\n".join(app.chart.render_line(y).text for y in range(app.chart.size.height))
        assert "validation 0.50%" in text
        assert {"10%", "1%", "0.5%"} <= set(text.split())
        await pilot.press("l")
        assert app.chart.border_title == "Accuracy"


async def test_the_cursor_goes_from_value_to_value() -> None:
    app = ChartApp()
    async with app.run_test() as pilot:
        app.chart.focus()
        await pilot.press("c")
        assert app.chart.cursor == 12
        await pilot.press("left", "left", "right")
        assert app.chart.cursor == 11
        assert "epoch 11" in app.chart.render_line(0).text
        await pilot.press("c")
        assert app.chart.cursor is None


async def test_the_mouse_reads_out_values_without_drawing_anew(draws: list[ChartData]) -> None:
    app = ChartApp()
    async with app.run_test() as pilot:
        await pilot.hover(Chart, offset=(8, 5))
        before = len(draws)
        assert app.chart.cursor == 1
        await pilot.hover(Chart, offset=(76, 5))
        assert app.chart.cursor == 12
        assert len(draws) == before


async def test_dragging_pans_a_zoomed_view() -> None:
    app = ChartApp()
    async with app.run_test() as pilot:
        app.chart.view = View((5, 11))
        await pilot.pause()
        await pilot.mouse_down(Chart, offset=(30, 5))
        await pilot.hover(Chart, offset=(42, 5))
        await pilot.mouse_up(Chart, offset=(42, 5))
        window = app.chart.view.window
        assert window is not None
        assert window[0] == pytest.approx(5 - 6 * 12 / (app.chart.content_size.width - 7))
        await pilot.hover(Chart, offset=(50, 5))
        assert app.chart.view.window == window


def wheel(kind: type[events.MouseEvent], x: int, *, shift: bool = False) -> events.MouseEvent:
    return kind(None, x, 5, 0, 0, 0, shift, False, False)


async def test_the_wheel_zooms_at_the_mouse_and_pans_with_shift() -> None:
    app = ChartApp()
    async with app.run_test() as pilot:
        await pilot.pause()
        app.chart.post_message(wheel(events.MouseScrollUp, 8))
        await pilot.pause()
        assert app.chart.view.window == pytest.approx((1, 15.4))
        app.chart.post_message(wheel(events.MouseScrollDown, 8, shift=True))
        await pilot.pause()
        assert app.chart.view.window == pytest.approx((4.6, 19))
        app.chart.post_message(wheel(events.MouseScrollDown, 8))
        await pilot.pause()
        assert app.chart.view == View()


async def test_two_charts_do_not_leak_into_each_other() -> None:
    class TwoCharts(App[None]):
        def compose(self) -> ComposeResult:
            yield Chart(loss(), id="one")
            yield Chart(ChartData("Empty", empty_text="no epochs yet"), id="two")

    app = TwoCharts()
    async with app.run_test() as pilot:
        await pilot.pause()
        two = app.query_one("#two", Chart)
        text = "".join(two.render_line(y).text for y in range(two.content_size.height))
        assert text.strip() == "no epochs yet"
