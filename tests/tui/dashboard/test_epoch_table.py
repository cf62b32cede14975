"""The table of epochs."""

import math

import pytest
from textual.app import App, ComposeResult

from mnist_tui.run.events import (
    EpochRow,
)
from mnist_tui.tui.dashboard.epoch_table import EpochTable
from mnist_tui.tui.dashboard.event_log import EventLog
from mnist_tui.tui.text.event_text import LogEntry
from mnist_tui.tui.widgets.lines import Line
from tests.run.values import epoch_row


class OneWidget(App[None]):
    """A table and a log, nothing else."""

    def compose(self) -> ComposeResult:
        yield EpochTable(id="epochs")
        yield EventLog(id="log", clock=lambda: 0.0)

    CSS = "EpochTable, EventLog { height: 10; }"


async def test_a_thousand_epochs_paint_only_what_is_in_sight() -> None:
    app = OneWidget()
    async with app.run_test(size=(80, 20)) as pilot:
        table = app.query_one(EpochTable)
        painted = 0
        line = table.line

        def counted(index: int, width: int) -> Line:
            nonlocal painted
            painted += 1
            return line(index, width)

        table.line = counted  # type: ignore[method-assign]
        rows = []
        for epoch in range(1, 1001):
            rows.append(epoch_row(epoch))
            table.show(rows, rows[-1])
        await pilot.pause()
        assert painted < 100
        assert table.top == 1000 - 8
        table.focus()
        await pilot.press("home", "pagedown", "up", "end")
        assert table.top == 1000 - 8


async def test_the_cursor_moves_through_a_thousand_epochs_without_comparing_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = OneWidget()
    async with app.run_test(size=(80, 20)) as pilot:
        table = app.query_one(EpochTable)
        rows = [epoch_row(epoch) for epoch in range(1, 1001)]
        table.show(rows, rows[-1])
        table.focus()
        compared = 0

        def counted(row: object, other: object) -> bool:
            nonlocal compared
            compared += 1
            return row is other

        monkeypatch.setattr(EpochRow, "__eq__", counted)
        for _ in range(12):
            await pilot.press("up")
        await pilot.press("y")
        assert compared == 0
        assert app.clipboard.split("\t")[0] == "988"
        assert table.top == 988 - 1
        await pilot.press("home")
        table.show([epoch_row(1)], None)
        await pilot.press("y")
        assert app.clipboard.split("\t")[0] == "1", "of another run"


async def test_the_table_stays_where_the_user_scrolled_to() -> None:
    app = OneWidget()
    async with app.run_test(size=(80, 20)) as pilot:
        table = app.query_one(EpochTable)
        rows = [epoch_row(epoch) for epoch in range(1, 51)]
        table.show(rows, rows[-1])
        table.focus()
        await pilot.press("pageup", "pageup")
        top = table.top
        rows.append(epoch_row(51))
        table.show(rows, rows[-1])
        await pilot.pause()
        assert table.top == top


async def test_the_table_sorts_by_a_column_and_back() -> None:
    app = OneWidget()
    async with app.run_test(size=(80, 20)) as pilot:
        table = app.query_one(EpochTable)
        rows = [epoch_row(1), epoch_row(2), epoch_row(3, val_accuracy=0.5)]
        table.show(rows, rows[1])
        table.focus()
        await pilot.press("o", "o", "o", "o")
        assert [row.epoch for row in table.rows] == [3, 1, 2]
        await pilot.press("O")
        assert [row.epoch for row in table.rows] == [2, 1, 3]
        rows.append(epoch_row(4))
        table.show(rows, rows[3])
        assert [row.epoch for row in table.rows] == [4, 2, 1, 3]
        await pilot.click(EpochTable, offset=(5, 1))
        assert [row.epoch for row in table.rows] == [1, 2, 3, 4]


async def test_a_loss_that_is_nan_comes_last_in_both_orders() -> None:
    app = OneWidget()
    async with app.run_test(size=(80, 20)):
        table = app.query_one(EpochTable)
        rows = [epoch_row(1, train_loss=math.nan), epoch_row(2), epoch_row(3)]
        table.show(rows, None)
        table.sort_by(1)
        assert [row.epoch for row in table.rows] == [3, 2, 1]
        table.sort_by(1)
        assert [row.epoch for row in table.rows] == [2, 3, 1]


async def test_a_row_and_the_log_can_be_copied() -> None:
    app = OneWidget()
    async with app.run_test(size=(80, 20)) as pilot:
        table, log = app.query_one(EpochTable), app.query_one(EventLog)
        table.show([epoch_row(1)], epoch_row(1))
        table.focus()
        await pilot.press("y")
        assert app.clipboard.split("\t")[:2] == ["1", "0.5200"]
        log.add(LogEntry("something happened"))
        log.focus()
        await pilot.press("y")
        assert app.clipboard.endswith("something happened")


async def test_the_row_under_the_cursor_has_a_background_of_its_own() -> None:
    app = OneWidget()
    async with app.run_test(size=(80, 20)) as pilot:
        table = app.query_one(EpochTable)
        table.show([epoch_row(1), epoch_row(2)], None)
        table.focus()
        await pilot.press("home")
        marked, other = (
            {segment.style.bgcolor for segment in table.render_line(y) if segment.style}
            for y in (table.HEADINGS, table.HEADINGS + 1)
        )
        assert marked.isdisjoint(other)
