"""The log pane."""

from textual.app import App, ComposeResult

from mnist_tui.tui.dashboard.event_log import Entry, EventLog, wrap
from mnist_tui.tui.text.event_text import LogEntry
from tests.tui.app_harness import plain


class OneWidget(App[None]):
    """A log, nothing else."""

    def compose(self) -> ComposeResult:
        yield EventLog(id="log", clock=lambda: 0.0)

    CSS = "EventLog { height: 10; }"


def test_log_entries_wrap_between_words_beside_their_time() -> None:
    entry = Entry("12:34:56", "saved a checkpoint of epoch 3", "info")
    lines = [plain(line) for line in wrap(entry, 30)]
    assert lines == ["12:34:56   saved a checkpoint", "           of epoch 3"]


async def test_a_date_stands_at_the_top_and_where_it_changes() -> None:
    app = OneWidget()
    async with app.run_test(size=(80, 20)):
        log = app.query_one(EventLog)
        for day, what in ((9, "one run"), (9, "its end"), (9, "another run"), (8, "an older run")):
            log.add(LogEntry(what), day * 86_400.0 + 43_200)
        said = [line.partition(" ")[2] for line in log.text.splitlines()]
        assert said == [
            "on 10 January 1970",
            "one run",
            "its end",
            "another run",
            "on 09 January 1970",
            "an older run",
        ]


async def test_a_log_that_begins_now_has_no_date() -> None:
    app = OneWidget()
    async with app.run_test(size=(80, 20)):
        log = app.query_one(EventLog)
        log.add(LogEntry("ready"))
        log.add(LogEntry("of the same day"), 1.0)
        assert "on " not in log.text


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
