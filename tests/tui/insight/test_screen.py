"""The screen of what was learned, over a dashboard with a scripted run."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from textual._compositor import Compositor

from mnist_tui.config import TrainConfig
from mnist_tui.run.plan import NewRun
from mnist_tui.tui.charts import Chart
from mnist_tui.tui.insight.panes.pane import InsightPane
from mnist_tui.tui.insight.screen import PANES, TITLES, InsightScreen
from mnist_tui.tui.insight.widgets.matrix import Matrix
from mnist_tui.tui.screens.question import QuitDialog
from tests.tui.app_harness import Stage, on_stage
from tests.tui.insight.fake_insight import insight_of

PLAN = NewRun(config=TrainConfig(dataset="sample"))


@asynccontextmanager
async def learned(
    epochs: int = 3, size: tuple[int, int] = (80, 24), *keys: str
) -> AsyncIterator[Stage]:
    """A run in the middle of the epoch after these, and the keys pressed."""
    async with on_stage(size, PLAN) as stage:
        runner = await stage.start()
        for epoch in range(1, epochs + 1):
            runner.train(1875)
            runner.finish_epoch(insight=insight_of(epoch))
        runner.train(100)
        await stage.until(lambda: len(stage.app.run_controller.log.rows) == epochs, "the rows")
        await stage.pilot.press(*keys)
        await stage.pilot.pause()
        yield stage


def pane_of(stage: Stage) -> InsightPane:
    """The pane in sight; there is no other."""
    return stage.app.screen.query_exactly_one(InsightPane)


async def shows(stage: Stage, title: str) -> None:
    """Wait until that pane is the one in sight."""

    def is_there() -> bool:
        panes = list(stage.app.screen.query(InsightPane))
        return [(pane.TITLE, pane.has_focus) for pane in panes] == [(title, True)]

    await stage.until(is_there, f"the pane {title}")


@pytest.mark.slow
async def test_i_opens_it_and_escape_or_i_goes_back() -> None:
    async with learned() as stage:
        assert "i Insight" in stage.footer
        for back in ("escape", "i"):
            await stage.pilot.press("i")
            await shows(stage, "Confusion")
            assert "9,805 of 10,000 correct" in stage.text
            await stage.pilot.press(back)
            await stage.sees("Loss per batch")


@pytest.mark.slow
async def test_escape_goes_back_the_way_that_the_panes_were_opened_and_i_leaves_at_once() -> None:
    async with learned() as stage:
        await stage.pilot.press("i", "enter")
        await shows(stage, "Mistakes")
        await stage.pilot.press("escape")
        await shows(stage, "Confusion")
        await stage.pilot.press("enter")
        await shows(stage, "Mistakes")
        await stage.pilot.press("i")
        await stage.sees("Loss per batch")


@pytest.mark.slow
async def test_escape_after_a_number_leads_to_the_dashboard() -> None:
    async with learned() as stage:
        await stage.pilot.press("i", "enter")
        await shows(stage, "Mistakes")
        await stage.pilot.press("6")
        await shows(stage, "Data")
        await stage.pilot.press("escape")
        await stage.sees("Loss per batch")


@pytest.mark.slow
async def test_escape_hides_the_large_image_before_it_leaves() -> None:
    async with learned(3, (80, 24), "i", "3") as stage:
        await shows(stage, "Learning")
        await stage.pilot.press("enter")
        await stage.sees("probability of 0 by epoch")
        await stage.pilot.press("escape")
        await stage.until(lambda: "probability of 0 by epoch" not in stage.text, "the small ones")
        await shows(stage, "Learning")
        await stage.pilot.press("escape")
        await stage.sees("Loss per batch")


@pytest.mark.slow
async def test_d_goes_straight_to_the_drawing() -> None:
    async with learned() as stage:
        await stage.pilot.press("d")
        await shows(stage, "Draw")
        await stage.pilot.press("1")
        await shows(stage, "Confusion")
        await stage.pilot.press("d")
        await shows(stage, "Draw")


async def test_it_opens_before_any_run() -> None:
    async with on_stage((80, 24), PLAN) as stage:
        await stage.pilot.press("i")
        await stage.sees("After the first epoch is validated")
        assert "space Start" in stage.footer


@pytest.mark.slow
async def test_a_number_opens_each_pane_and_only_that_one_is_mounted() -> None:
    async with learned(1) as stage:
        await stage.pilot.press("i")
        for key, title in enumerate(TITLES, 1):
            await stage.pilot.press(str(key))
            await shows(stage, title)
            assert type(pane_of(stage)) is PANES[key - 1]


@pytest.mark.slow
async def test_a_click_on_a_tab_opens_its_pane() -> None:
    async with learned() as stage:
        await stage.pilot.press("i")
        await shows(stage, "Confusion")
        for title in ("Learning", "Mistakes"):
            x = stage.text.splitlines()[1].index(title) + 1
            await stage.pilot.click(offset=(x, 1))
            await shows(stage, title)


@pytest.mark.slow
async def test_it_opens_at_the_pane_last_used() -> None:
    async with learned(3, (80, 24), "i", "3", "escape") as stage:
        await stage.pilot.press("i")
        await shows(stage, "Learning")


@pytest.mark.slow
async def test_what_was_chosen_is_still_chosen_after_leaving() -> None:
    async with learned() as stage:
        await stage.pilot.press("i", "2")
        await shows(stage, "Mistakes")
        await stage.pilot.press("r", "r", "r", "right")
        await stage.pilot.press("3")
        await shows(stage, "Learning")
        await stage.pilot.press("left", "2")
        await shows(stage, "Mistakes")
        assert "label 2" in stage.text
        await stage.pilot.press("escape", "i")
        await shows(stage, "Mistakes")
        assert "label 2" in stage.text
        await stage.pilot.press("3")
        await shows(stage, "Learning")
        assert "epoch 2 of 3" in stage.text


@pytest.mark.slow
async def test_leaving_a_pane_or_the_screen_ends_its_work() -> None:
    async with learned() as stage:
        await stage.pilot.press("i", "3")
        await shows(stage, "Learning")
        pane = pane_of(stage)
        await stage.pilot.press("p")
        await stage.pilot.press("1")
        await shows(stage, "Confusion")
        assert not pane.is_attached
        assert not pane.is_running
        pane = pane_of(stage)
        await stage.pilot.press("escape")
        await stage.until(lambda: not pane.is_running, "the end of the pane")
        assert not [worker for worker in stage.app.workers if worker.node is pane]


@pytest.mark.slow
async def test_a_cell_opens_its_mistakes_by_key_and_by_mouse() -> None:
    async with learned() as stage:
        await stage.pilot.press("i", "enter")
        await shows(stage, "Mistakes")
        await stage.sees("label 4    predicted 9")
        await stage.pilot.press("1")
        await shows(stage, "Confusion")
        layout = stage.app.screen.query_one(Matrix).arrangement
        assert layout is not None
        await stage.pilot.click(Matrix, offset=(1 + 2 * layout.columns.size + 1, 2 + 7))
        await shows(stage, "Mistakes")
        assert "label 7" in stage.text
        assert "predicted 2" in stage.text


@pytest.mark.slow
async def test_a_new_epoch_comes_into_the_pane_in_sight() -> None:
    async with learned(2, (80, 24), "i") as stage:
        await stage.sees("epoch 2 (latest)")
        stage.runner.finish_epoch(insight=insight_of(3))
        await stage.sees("epoch 3 (latest)")


@pytest.mark.slow
async def test_the_line_at_the_top_follows_the_run() -> None:
    async with learned(2, (100, 30), "i") as stage:
        await stage.sees("epoch 3 of 19")
        top = stage.text.splitlines()[0]
        assert "20260102-030405-tutorial" in top
        assert "● training" in top
        assert "accuracy 96.10 %" in top
        stage.runner.finish_epoch(insight=insight_of(3))
        await stage.sees("epoch 4 of 19")
        assert "accuracy 96.90 %" in stage.text.splitlines()[0]


@pytest.mark.slow
@pytest.mark.parametrize("size", [(80, 24), (40, 12)])
async def test_training_is_paused_and_resumed_without_leaving(size: tuple[int, int]) -> None:
    async with learned(2, size, "i") as stage:
        await stage.pilot.press("space")
        await stage.sees("‖ paused")
        await stage.pilot.press("space")
        await stage.sees("● training")


@pytest.mark.slow
async def test_a_save_is_answered_in_the_line_at_the_top() -> None:
    async with learned(2, (80, 24), "i") as stage:
        await stage.pilot.press("s")
        await stage.until(lambda: "saved checkpoints/" in stage.text.splitlines()[0], "the answer")


@pytest.mark.slow
async def test_q_asks_as_everywhere() -> None:
    async with learned(2, (80, 24), "i") as stage:
        await stage.pilot.press("q")
        await stage.until(lambda: isinstance(stage.app.screen, QuitDialog), "the question")
        await stage.pilot.press("escape")
        await shows(stage, "Confusion")


@pytest.mark.slow
async def test_the_end_of_the_run_leaves_it_open_and_a_new_run_empties_it() -> None:
    async with learned(2, (80, 24), "i") as stage:
        stage.runner.finish()
        await stage.until(lambda: "n New run" in stage.footer, "the key n")
        assert "epoch 2 (latest)" in stage.text
        assert "✓ finished" in stage.text
        await stage.pilot.press("n", "n")
        await stage.sees("After the first epoch is validated")


@pytest.mark.slow
async def test_the_footer_has_the_way_back_first_and_then_the_panes_keys() -> None:
    async with learned(2, (80, 24), "i", "2") as stage:
        await shows(stage, "Mistakes")
        await stage.until(lambda: stage.footer.strip().startswith("esc Back  h Unsure"), "the keys")
        await stage.pilot.click(offset=(3, 23))
        await stage.sees("Loss per batch")


SIZES = [(140, 45), (30, 8), (10, 4), (3, 2), (1, 1), (200, 60), (80, 24)]


@pytest.mark.slow
@pytest.mark.parametrize("title", TITLES)
async def test_any_size_is_survived(title: str) -> None:
    key = str(TITLES.index(title) + 1)
    async with learned(1, (80, 24), "i") as stage:
        await shows(stage, "Confusion")
        for size in SIZES:
            # It comes at this size, and then stays for the next one.
            await stage.pilot.resize_terminal(*size)
            await stage.pilot.press("2" if key == "1" else "1", key)
            await shows(stage, title)
            assert len(stage.text.splitlines()) == size[1]
        assert title in stage.text


@pytest.mark.slow
async def test_hurried_keys_leave_one_pane() -> None:
    async with learned(2, (80, 24), "i", "2", "3", "1", "2", "3", "2", "1", "3") as stage:
        await shows(stage, "Learning")


async def test_the_palette_leads_to_each_pane() -> None:
    async with learned(2) as stage:
        screen = stage.app.screen
        titles = {command.title: command for command in stage.app.get_system_commands(screen)}
        titles["Insight: Learning"].callback()
        await shows(stage, "Learning")
        titles["Insight: Mistakes"].callback()
        await shows(stage, "Mistakes")
        assert isinstance(stage.app.screen, InsightScreen)
        shown = {c.title for c in stage.app.get_system_commands(stage.app.screen)}
        assert "Insight: Draw" in shown
        assert "Full screen" not in shown


@pytest.mark.slow
async def test_the_dashboard_under_it_is_not_painted_and_shows_what_came_after_it() -> None:
    async with learned() as stage:
        dashboard = stage.app.screen
        chart = dashboard.query_one("#batches", Chart)
        await stage.pilot.press("question_mark")
        assert chart.is_seen, "around the help"
        await stage.pilot.press("escape", "i")
        await shows(stage, "Confusion")
        assert not chart.is_seen
        drawn = chart.data
        stage.runner.train(500)
        stage.app.dashboard.draw_batches()
        await stage.until(lambda: stage.app.dashboard.progress.batch == 600)
        assert chart.data is drawn
        await stage.pilot.press("escape")
        await stage.until(lambda: chart.data is not drawn, "the batches trained meanwhile")
        assert chart.is_seen


@pytest.mark.slow
async def test_what_changes_under_it_does_not_paint_all_of_it_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    full = []
    render = Compositor.render_full_update

    def counted(self: Compositor, simplify: bool = False) -> Any:
        full.append(1)
        return render(self, simplify)

    monkeypatch.setattr(Compositor, "render_full_update", counted)
    async with learned() as stage:
        await stage.pilot.press("i")
        await shows(stage, "Confusion")
        await stage.until(lambda: full, "a first painting")
        for batches in range(3):
            await stage.pilot.pause()
            full.clear()
            stage.runner.train(100)
            done = 200 + 100 * batches
            await stage.until(lambda done=done: stage.app.dashboard.progress.batch == done)
            await stage.pilot.pause()
            assert not full
