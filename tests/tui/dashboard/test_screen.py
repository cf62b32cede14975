"""The panes of the dashboard: what is shown, where, and at every size."""

import json
import time
from pathlib import Path

import pytest
from textual.geometry import Region
from textual.widget import Widget

from mnist_tui.config import TrainConfig
from mnist_tui.run.events import (
    CheckpointSaved,
    Notice,
    SaveReason,
    Warned,
)
from mnist_tui.run.plan import NewRun, ShownRun
from mnist_tui.store.directory import RunDirectory
from mnist_tui.tui.charts import Chart
from mnist_tui.tui.dashboard.outcome import Outcome
from tests.run.values import epoch_row
from tests.tui.app_harness import Stage, on_stage
from tests.tui.insight.pane_harness import Mouse
from tests.tui.runs.written_runs import write_run

pytestmark = pytest.mark.asyncio

SIZES = [(200, 60), (140, 40), (100, 30), (80, 24), (50, 12), (20, 5), (1, 1)]


async def test_a_run_that_is_shown_has_the_log_of_its_own_time(tmp_path: Path) -> None:
    run = tmp_path / "20260102-030405-tutorial"
    run.mkdir()
    saved = CheckpointSaved(
        path="a/last.pt",
        reason=SaveReason.MANUAL,
        epoch=1,
        batch=7,
        global_batch=7,
        size_bytes=1,
        milliseconds=1.0,
    )
    lines = [{"time": 1e9, **saved.to_dict()}, {"time": 1e9 + 1, "event": "of_a_newer_version"}]
    (run / "events.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    plan = ShownRun(name=run.name, runs_dir=tmp_path)
    async with on_stage(plan=plan, start=True) as stage:
        await stage.until(lambda: stage.runners and stage.runner.thread, "a thread")
        stage.runner.before = RunDirectory(run).read_events()
        stage.runner.prepare()
        log = stage.app.dashboard.log_pane
        await stage.until(lambda: "saved a/last.pt" in log.text, "what happened then")
        at = time.strftime("%H:%M:%S", time.localtime(1e9))
        first, second = log.text.splitlines()
        assert first == f"{at} on {time.strftime('%d %B %Y', time.localtime(1e9))}"
        assert second.startswith(f"{at} saved a/last.pt"), "and nothing of today"


async def test_another_run_of_the_same_day_has_no_date_of_its_own_in_the_log(
    tmp_path: Path,
) -> None:
    other = write_run(tmp_path, "other", [0.5])
    async with on_stage(plan=ShownRun(name="one", runs_dir=tmp_path), start=True) as stage:
        log = stage.app.dashboard.log_pane
        for number in (1, 2):
            await stage.until(
                lambda number=number: len(stage.runners) == number and stage.runner.thread,
                "a thread",
            )
            stage.runner.before = [(1e9 + number, Warned(message=f"of run {number}"))]
            stage.runner.prepare()
            await stage.until(
                lambda number=number: f"of run {number}" in log.text, "what happened then"
            )
            if number == 1:
                stage.app.open_run(other, lambda answer: None)
        assert log.text.count(time.strftime("on %d %B %Y", time.localtime(1e9))) == 1


async def test_the_end_takes_three_lines_says_nothing_twice_and_closes_with_escape() -> None:
    async with on_stage((80, 24), NewRun(config=TrainConfig(epochs=2))) as stage:
        runner = await stage.start()
        for _ in range(2):
            runner.train(1875)
            runner.finish_epoch()
        runner.finish()
        outcome = stage.app.screen.query_one(Outcome)
        await stage.until(lambda: outcome.region.height == 3, "three lines")
        await stage.until(lambda: "esc Close" in stage.footer, "the key")
        text = stage.text
        assert "─✓ Finished all epochs.─" in text
        assert "last and best epoch 2: 96.10 %, loss 0.1350 · in 0:24, 11,987 images/s" in text
        assert "saved last.pt in runs/20260102-030405-tutorial" in text
        assert text.lower().count("finished") == 2, "in the panel's title, and as the state"
        await stage.pilot.press("escape")
        await stage.until(lambda: not outcome.region.area, "no panel")
        assert "esc" not in stage.footer


async def test_a_resumed_run_says_at_once_where_it_was_saved_last() -> None:
    async with on_stage((120, 36)) as stage:
        runner = await stage.start(rows=[epoch_row(1)], resumed_at=(2, 50))
        await stage.sees("last save: epoch 2, batch 50")
        runner.train(100)
        runner.save(SaveReason.MANUAL)
        await stage.sees("last save: epoch 2, batch 100")


async def test_epochs_fill_the_table_and_mark_the_best() -> None:
    async with on_stage() as stage:
        runner = await stage.start()
        await stage.pilot.press("4")
        for epoch, accuracy in ((1, 0.93), (2, 0.97), (3, 0.95)):
            runner.train(1875)
            runner.finish_epoch(epoch_row(epoch, val_accuracy=accuracy))
        await stage.sees("95.00 %")
        stars = [line for line in stage.text.splitlines() if "★" in line and "97.00 %" in line]
        assert any("12." in line for line in stars)


async def test_a_notice_stays_in_sight() -> None:
    async with on_stage() as stage:
        runner = await stage.start(notice="training on the 5,000 digits")
        await stage.sees("! training on the 5,000 digits")
        runner.train(10)
        runner.emit(Notice(message="another set under that name"))
        await stage.sees("! another set under that name")
        assert "! training on the 5,000 digits" in stage.text


@pytest.mark.slow
async def test_number_keys_bring_each_pane_into_sight() -> None:
    async with on_stage((80, 24)) as stage:
        for key, pane in zip(
            "123456", ("loss", "accuracy", "batches", "epochs", "log", "machine"), strict=True
        ):
            await stage.pilot.press(key)
            await stage.pilot.pause()
            focused = stage.app.focused
            assert focused is not None
            assert focused.id == pane
            shown = [w.id for w in stage.app.screen.query(".pane") if w.region.area]
            assert shown == [pane]


@pytest.mark.slow
@pytest.mark.parametrize("title", ["1 Loss", "2 Accuracy", "4 Epochs", "5 Log", "6 Machine"])
async def test_a_click_on_a_tab_shows_its_pane_and_moves_nothing_else(title: str) -> None:
    async with on_stage((80, 24)) as stage:
        footer = stage.footer
        row = next(y for y, line in enumerate(stage.text.splitlines()) if "3 Batches" in line)
        await stage.pilot.click(offset=(stage.text.splitlines()[row].index(title), row))
        await stage.until(
            lambda: stage.app.focused and stage.app.focused.border_title == title[2:], "the pane"
        )
        await stage.pilot.pause()
        assert not stage.app.dashboard.is_full
        assert footer.split()[:4] == stage.footer.split()[:4]


async def test_a_click_does_not_press_a_key_that_came_there_after_the_button_went_down() -> None:
    async with on_stage((80, 24)) as stage:
        mouse, x = Mouse(stage), stage.footer.index("Edit")
        await mouse.send(Mouse.LEFT, x, 23)
        stage.app.dashboard.action_full()  # its way back comes first in the footer
        await stage.until(lambda: "space Start" in stage.footer[x - 6 : x + 6], "Start there")
        await mouse.send(Mouse.LEFT, x, 23, end="m")
        back = stage.footer.index("Back")
        await mouse.drag((back, 23))
        await stage.until(lambda: "esc Back" not in stage.footer, "a click in one place")
        assert stage.runners == []


async def test_a_click_on_a_key_presses_it() -> None:
    async with on_stage((80, 24)) as stage:
        await stage.pilot.click("KeyBar", offset=(3, 0))
        await stage.until(lambda: stage.runners, "a run")


@pytest.mark.slow
async def test_f_fills_the_screen_with_the_pane_and_gives_it_back() -> None:
    async with on_stage((140, 40)) as stage:
        await stage.pilot.press("1", "f")
        await stage.pilot.pause()
        assert [w.id for w in stage.app.screen.query(".pane") if w.region.area] == ["loss"]
        await stage.pilot.press("f")
        await stage.pilot.pause()
        assert len([w for w in stage.app.screen.query(".pane") if w.region.area]) == 6


async def over(stage: Stage) -> None:
    """Train an epoch and let the run end."""
    runner = await stage.start()
    runner.train(1875)
    runner.finish_epoch()
    runner.finish()
    await stage.until(lambda: stage.app.run_controller.log.ended, "the end")
    await stage.pilot.pause()


@pytest.mark.parametrize("height", [16, 18, 19, 20])
async def test_the_lines_that_the_end_of_a_run_leaves_show_a_pane(height: int) -> None:
    async with on_stage((40, height)) as stage:
        await over(stage)
        await stage.sees("3 Batches")
        await stage.pilot.press("4")
        await stage.sees("4 Epochs")
        await stage.sees("★     1")
        assert "best epoch" in stage.text
        assert not stage.app.dashboard.is_full


@pytest.mark.slow
@pytest.mark.parametrize("size", [(40, 12), (40, 14), (80, 9)])
async def test_a_pane_without_room_fills_the_screen_until_the_user_goes_back(
    size: tuple[int, int],
) -> None:
    async with on_stage(size) as stage:
        await over(stage)
        assert "esc Back" not in stage.footer
        await stage.pilot.press("4")
        await stage.sees("★     1")
        await stage.until(
            lambda: stage.app.focused is not None and stage.app.focused.id == "epochs", "the focus"
        )
        assert stage.footer.strip().startswith("esc Back")
        await stage.pilot.press("escape")
        await stage.until(lambda: "★     1" not in stage.text, "the way back")
        assert "esc Back" not in stage.footer


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES)
async def test_every_size_shows_a_whole_run_without_failing(size: tuple[int, int]) -> None:
    async with on_stage(size, start=True) as stage:
        await stage.until(lambda: stage.runners and stage.runner.thread, "a thread")
        stage.runner.prepare(notice="a notice that is long enough to be wrapped in small places")
        stage.runner.train(1875)
        stage.runner.finish_epoch()
        stage.runner.train(100)
        await stage.pilot.press("1", "2", "3", "4", "5", "f", "f")
        await stage.pilot.press("question_mark", "escape", "q", "escape")
        stage.runner.fail("the loss became nan", "try a smaller learning rate")
        await stage.until(lambda: stage.app.run_controller.log.ended, "the end")
        await stage.pilot.pause()
        lines = stage.text.splitlines()
        assert len(lines) == size[1]


@pytest.mark.slow
async def test_the_terminal_may_be_resized_through_all_sizes() -> None:
    async with on_stage((140, 40)) as stage:
        runner = await stage.start()
        for size in [*SIZES, *reversed(SIZES)]:
            await stage.pilot.resize_terminal(*size)
            runner.train(3)
            await stage.pilot.pause()
        await stage.sees("epoch 1 of 19")


@pytest.mark.parametrize("size", [(200, 60), (140, 40), (100, 30), (80, 24)])
async def test_nothing_overlaps_and_nothing_scrolls(size: tuple[int, int]) -> None:
    async with on_stage(size) as stage:
        await stage.start()
        screen = stage.app.screen
        assert not screen.show_vertical_scrollbar
        assert not screen.show_horizontal_scrollbar
        leaves = [w for w in screen.walk_children(Widget) if not w.children and w.region.area]
        for i, one in enumerate(leaves):
            for other in leaves[i + 1 :]:
                assert not one.region.overlaps(other.region), (one, other)
        bottom = max(w.region.bottom for w in leaves)
        assert bottom == size[1]


@pytest.mark.slow
async def test_smoothing_zoom_and_log_axis_stay_while_batches_are_trained() -> None:
    async with on_stage((140, 40)) as stage:
        runner = await stage.start()
        runner.train(1875)
        runner.finish_epoch()
        await stage.pilot.press("3", "m", "plus", "l")
        chart = stage.app.screen.query_one("#batches", Chart)
        await stage.until(lambda: chart.view.window and chart.view.is_log, "a part of the run")
        runner.train(500)
        stage.app.presenter.follow(draws_losses=True)
        await stage.until(lambda: chart.data.last_x == 2375, "the new batches")
        assert chart.view.window is not None
        assert chart.view.is_log
        assert "smooth" in chart.data.note
        await stage.pilot.press("0", "l", "m", "m")
        await stage.until(lambda: not chart.view.is_log, "a linear axis")
        assert chart.view.window is None
        assert not chart.data.note


async def test_an_unchanged_progress_repaints_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async with on_stage() as stage:
        runner = await stage.start()
        runner.train(10)
        await stage.sees("10/1,875")
        stage.app.presenter.follow(draws_losses=True)
        await stage.pilot.pause()
        painted: list[Widget] = []
        refresh = Widget.refresh

        def counted(widget: Widget, *regions: Region, **options: bool) -> Widget:
            painted.append(widget)
            return refresh(widget, *regions, **options)

        monkeypatch.setattr(Widget, "refresh", counted)
        # Without a pause: what the clock repaints, such as the machine, does not count.
        for _ in range(3):
            stage.app.presenter.follow(draws_losses=True)
        assert painted == []
        runner.train(1)
        stage.app.presenter.follow(draws_losses=True)
        assert painted


async def test_numbers_of_a_training_run_are_on_the_screen() -> None:
    async with on_stage((80, 24)) as stage:
        runner = await stage.start()
        runner.train(1204)
        await stage.sees("1,204/1,875")
        for text in ("epoch 1 of 19", "64 %", "12,346/s", "learning rate 0.01"):
            await stage.sees(text)
