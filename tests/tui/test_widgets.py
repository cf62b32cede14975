"""The dashboard's own widgets, mostly as pure functions of what they show."""

import math
from dataclasses import replace

import pytest
from textual.app import App, ComposeResult

from mnist_tui.run.events import (
    CheckpointSaved,
    EpochRow,
    SaveReason,
    StateChanged,
)
from mnist_tui.run.log import Scores
from mnist_tui.run.progress import Progress
from mnist_tui.run.state import State
from mnist_tui.tui.dashboard.epoch_table import EpochTable
from mnist_tui.tui.dashboard.event_log import Entry, EventLog, wrap
from mnist_tui.tui.dashboard.header import Facts
from mnist_tui.tui.dashboard.pace import Pace
from mnist_tui.tui.dashboard.scoreboard import BOARD_WIDTH, scoreboard
from mnist_tui.tui.text.event_text import LogEntry, describe
from mnist_tui.tui.widgets.lines import (
    Line,
    changed_columns,
    cut,
    fit,
    width_of,
    wrap_words,
)
from mnist_tui.tui.widgets.meters import bar
from tests.run.values import epoch_row


def plain(line: list[tuple[str, str]]) -> str:
    return "".join(text for text, _ in line)


@pytest.mark.parametrize("fraction", [-1.0, 0.0, 0.1, 0.5, 0.999, 1.0, 2.0])
@pytest.mark.parametrize("width", [0, 1, 7, 40])
def test_a_bar_is_exactly_as_wide_as_asked(fraction: float, width: int) -> None:
    assert width_of(bar(fraction, width)) == width


def test_a_bar_is_told_from_its_rest_without_color() -> None:
    assert plain(bar(0.5, 10)) == "━━━━━─────"


def test_only_the_changed_columns_of_a_line_are_repainted() -> None:
    old = [("speed ", "muted"), ("12,345", "strong"), (" end", "")]
    new = [("speed ", "muted"), ("12,399", "strong"), (" end", "")]
    assert changed_columns(old, old, 16) == (0, 0)
    assert changed_columns(old, new, 16) == (10, 12)
    assert changed_columns(old, [("x", "")], 16) == (0, 16)
    assert changed_columns([("a", "good")], [("a", "bad")], 1) == (0, 1)


def test_text_is_cut_between_words_only() -> None:
    assert cut("one two three", 13) == "one two three"
    assert cut("one two three", 10) == "one two …"
    assert fit(["MNIST", "CPU", "MnistNet"], 12) == "MNIST · CPU"
    assert wrap_words("one two three", 7) == ["one two", "three"]
    assert wrap_words("abcdefgh ij", 4) == ["abcd", "efgh", "ij"]
    assert wrap_words("", 4) == [""]


@pytest.mark.parametrize("width", [1, 10, 26, 40, 54, 100])
def test_the_scoreboard_fits_its_width_in_whole_columns(width: int) -> None:
    scores = Scores(epoch_row(5), epoch_row(4), epoch_row(5))
    progress = Progress(epoch=6, epochs=19, train_loss=0.1, train_accuracy=0.97)
    lines = scoreboard(progress, scores, width)
    assert len(lines) == 3
    if width >= 26:
        assert all(width_of(line) <= width for line in lines)


def test_the_scoreboard_shows_changes_with_their_direction() -> None:
    scores = Scores(epoch_row(2), epoch_row(1), epoch_row(2))
    progress = Progress(epoch=3, epochs=19, train_loss=0.2, train_accuracy=0.95)
    heading, loss, accuracy = map(plain, scoreboard(progress, scores, BOARD_WIDTH))
    assert "★ epoch 2" in heading
    assert "0.2000 ▼0.0850" in loss
    assert "0.1350 ▼0.0750" in loss
    assert "95.00 % ▲3.50" in accuracy
    assert accuracy.rstrip().endswith("96.10 %")


def test_a_change_that_is_too_long_for_its_columns_loses_decimals_and_never_its_size() -> None:
    scores = Scores(epoch_row(2), epoch_row(1), epoch_row(2))
    for loss, change in ((19.2, "▲18.915"), (5_432.1, "▲5431.8"), (1.9e11, "▲2e+11")):
        progress = Progress(epoch=3, epochs=19, train_loss=loss, train_accuracy=0.95)
        _, line, _ = map(plain, scoreboard(progress, scores, BOARD_WIDTH))
        assert f" {change} " in line
        assert len(line) == BOARD_WIDTH


def test_a_narrow_screen_has_the_speed_of_a_live_run_in_place_of_its_facts() -> None:
    facts = Facts()
    facts.set_reactive(Facts.facts, ("MNIST, 60,000 + 10,000 digits", "CPU, 2 threads"))
    assert plain(facts.lines(48, 1)[0]).startswith("MNIST")
    running = Progress(
        state=State.RUNNING,
        samples_per_second=1_234.0,
        mean_samples_per_second=449.0,
        step_s=0.026,
        remaining_s=123.0,
        lr=0.01,
    )
    facts.set_reactive(Facts.progress, running)
    assert plain(facts.lines(48, 1)[0]) == "1,234/s · 2:03 left · 26 ms per batch · lr 0.01"
    assert (
        plain(facts.lines(78, 1)[0])
        == "speed 1,234/s (average 449/s) · 26 ms per batch · learning rate 0.01"
    )
    assert plain(facts.lines(98, 1)[0]).startswith("MNIST")
    facts.set_reactive(Facts.progress, replace(running, state=State.FINISHED))
    assert plain(facts.lines(78, 1)[0]).startswith("MNIST")


def test_log_entries_wrap_between_words_beside_their_time() -> None:
    entry = Entry("12:34:56", "saved a checkpoint of epoch 3", "info")
    lines = [plain(line) for line in wrap(entry, 30)]
    assert lines == ["12:34:56   saved a checkpoint", "           of epoch 3"]


def test_events_are_told_in_words() -> None:
    saved = CheckpointSaved(
        path="/x/runs/a/checkpoints/last.pt",
        reason=SaveReason.MANUAL,
        epoch=3,
        batch=1204,
        global_batch=4954,
        size_bytes=187_432,
        milliseconds=12.4,
    )
    said = describe(saved)
    assert said is not None
    assert said.text == "saved checkpoints/last.pt · epoch 3, batch 1,204 · 187 kB, 12 ms"
    resumed = StateChanged(state=State.RUNNING, previous=State.PAUSED)
    assert describe(resumed) == LogEntry("resumed")
    assert describe(StateChanged(state=State.FINISHED, previous=State.RUNNING)) is None


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


async def test_the_table_stays_where_a_person_scrolled_to() -> None:
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


async def test_the_log_filters_by_level_and_stays_bounded() -> None:
    app = OneWidget()
    async with app.run_test(size=(80, 20)) as pilot:
        log = app.query_one(EventLog)
        for i in range(7000):
            log.add(LogEntry(f"line {i}", "error" if i == 6999 else "info"))
        assert log.count <= 3 * log.LONGEST
        log.focus()
        log.add(LogEntry("a detail", "detail"))
        await pilot.press("v")
        assert log.count == 1
        await pilot.press("v", "v")
        assert log.count == log.LONGEST
        await pilot.press("v")
        assert log.count == log.LONGEST - 1


@pytest.mark.parametrize("width", [41, 44, 58, 80])
def test_the_speed_now_and_on_average_reads_in_one_line(width: int) -> None:
    pace = Pace()
    progress = Progress(
        samples_per_second=999_999.0,
        mean_samples_per_second=11_987.0,
        step_s=0.00032,
        lr=0.00125,
        batch_loss=0.5,
    )
    pace.set_reactive(Pace.progress, progress)
    first, second, _ = map(plain, pace.lines(width, 3))
    assert first.startswith("speed 999,999/s (average 11,987/s)")
    assert "320 µs per batch" in first + second
    assert "learning rate 0.00125" in second
    assert ("batch loss 0.5000" in second) == (width > 55)


@pytest.mark.parametrize("width", [21, 41])
def test_the_last_save_is_told_in_words(width: int) -> None:
    pace = Pace()
    saved = CheckpointSaved(
        path="last.pt",
        reason="regular",
        epoch=13,
        batch=0,
        global_batch=1500,
        size_bytes=1,
        milliseconds=1.0,
    )
    pace.set_reactive(Pace.saved, saved)
    assert "last save" in plain(pace.lines(width, 3)[-1 if width > 40 else 1])
    assert plain(pace.lines(width, 3)[2]).endswith("end of epoch 12")
    pace.set_reactive(Pace.saved, replace(saved, batch=1204))
    assert plain(pace.lines(width, 3)[2]).endswith("epoch 13, batch 1,204")
