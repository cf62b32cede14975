"""The settings form in the dashboard, by keys and by mouse."""

from pathlib import Path

import pytest
from textual.widgets import Input

from mnist_tui.config import TrainConfig, recipe_config
from mnist_tui.run.plan import NewRun, ResumedRun
from mnist_tui.store.used_models import remember
from mnist_tui.tui.insight.widgets.text_lines import ActionLine
from mnist_tui.tui.screens.draft import FIELDS
from mnist_tui.tui.screens.field_rows import FieldRows
from mnist_tui.tui.screens.settings import SettingsScreen
from mnist_tui.tui.text.exit_summary import exit_report
from tests.tui.app_harness import Stage, on_stage

pytestmark = pytest.mark.asyncio


async def open_form(stage: Stage) -> SettingsScreen:
    await stage.pilot.press("e")
    await stage.until(lambda: isinstance(stage.app.screen, SettingsScreen), "the form")
    await stage.sees("recipe")
    screen = stage.app.screen
    assert isinstance(screen, SettingsScreen)
    return screen


async def until_closed(stage: Stage) -> None:
    await stage.until(lambda: not isinstance(stage.app.screen, SettingsScreen), "no form")


def edited(stage: Stage) -> str:
    """The field that is edited."""
    return stage.app.screen.query_one(FieldRows).current.name


def row_of(field: str) -> int:
    return [each.name for each in FIELDS].index(field)


async def write(stage: Stage, field: str, text: str) -> None:
    """Go to a field by the keyboard and type over what it says."""
    for _ in range(15):
        if edited(stage) == field:
            break
        await stage.pilot.press("down")
    await stage.pilot.press("home", "ctrl+k", *text)


@pytest.mark.slow
async def test_what_is_applied_is_shown_and_is_what_space_runs() -> None:
    async with on_stage() as stage:
        await open_form(stage)
        await write(stage, "epochs", "3")
        await write(stage, "lr", "0.05")
        await stage.sees("recipe default: 0.01")
        await stage.sees("Not the 'tutorial' recipe any more")
        await write(stage, "name", "mine")
        await stage.pilot.press("enter")
        await until_closed(stage)
        await stage.sees("changed: space starts the run")
        assert stage.runners == []
        await stage.sees("epoch – of 3")
        runner = await stage.start()
        assert runner.plan == NewRun(config=TrainConfig(epochs=3, lr=0.05), name="mine")


@pytest.mark.slow
async def test_escape_changes_nothing() -> None:
    async with on_stage() as stage:
        await open_form(stage)
        await write(stage, "epochs", "3")
        await stage.pilot.press("escape")
        await until_closed(stage)
        runner = await stage.start()
        assert runner.plan == NewRun()


@pytest.mark.slow
async def test_a_wrong_value_is_explained_as_it_is_typed_and_cannot_be_applied() -> None:
    async with on_stage() as stage:
        await open_form(stage)
        await write(stage, "batch_size", "0")
        await stage.sees("✗ a whole number from 1 to 60000")
        await stage.pilot.press("down", "enter")
        await stage.sees("Fix the batch size first.")
        assert edited(stage) == "batch_size"
        await write(stage, "batch_size", "64")
        await stage.until(lambda: "✗" not in stage.text, "no complaint")
        await stage.pilot.press("enter")
        await until_closed(stage)


@pytest.mark.slow
async def test_a_name_that_is_taken_is_explained(tmp_path: Path) -> None:
    (tmp_path / "old" / "checkpoints").mkdir(parents=True)
    async with on_stage(plan=NewRun(runs_dir=tmp_path)) as stage:
        await open_form(stage)
        await write(stage, "name", "old")
        await stage.sees("old is already in")


async def test_choosing_a_recipe_by_arrow_fills_in_its_values() -> None:
    async with on_stage() as stage:
        await open_form(stage)
        await stage.pilot.press("right")
        await stage.sees("'fast', unchanged.")
        await stage.sees("batch size    256")
        await stage.pilot.press("enter")
        await until_closed(stage)
        await stage.pilot.press("space")
        await stage.until(lambda: stage.runners, "a run")
        assert stage.runner.plan.config == recipe_config("fast")


@pytest.mark.slow
async def test_the_form_works_by_mouse_alone() -> None:
    async with on_stage() as stage:
        await stage.pilot.click("KeyBar", offset=(stage.footer.index("e Edit"), 0))
        await stage.until(lambda: isinstance(stage.app.screen, SettingsScreen), "the form")
        await stage.pilot.click(FieldRows, offset=(22, row_of("optimizer")))
        await stage.sees("recipe default: sgd")
        await stage.pilot.click(FieldRows, offset=(14, row_of("seed")))
        await stage.pilot.press("7")
        await stage.pilot.click(ActionLine, offset=(2, 0))
        await until_closed(stage)
        runner = await stage.start()
        assert (runner.plan.config.optimizer, runner.plan.config.seed) == ("momentum", 7)


@pytest.mark.slow
async def test_what_is_typed_after_it_was_applied_changes_nothing() -> None:
    async with on_stage() as stage:
        screen = await open_form(stage)
        await write(stage, "checkpoint_every_s", "60")
        screen.action_apply()
        screen.query_one(Input).value = "0e0.2"  # a key that was on its way
        await until_closed(stage)
        runner = await stage.start()
        assert runner.plan.config.checkpoint_every_s == 60.0


@pytest.mark.slow
async def test_in_a_live_run_three_fields_can_change_and_the_run_follows() -> None:
    async with on_stage() as stage:
        runner = await stage.start()
        runner.train(10)
        await stage.pilot.press("space")
        await stage.sees("paused")
        await open_form(stage)
        fields = []
        for _ in range(4):
            fields.append(edited(stage))
            await stage.pilot.press("tab")
        assert fields == ["epochs", "lr", "checkpoint_every_s", "epochs"]
        await write(stage, "epochs", "25")
        await write(stage, "lr", "0.02")
        await write(stage, "checkpoint_every_s", "60")
        await stage.pilot.press("enter")
        await until_closed(stage)
        await stage.until(lambda: runner.session.progress.epochs == 25, "25 epochs")
        await stage.sees("epoch 1 of 25")
        assert runner.session.progress.lr == 0.02
        await stage.pilot.press("5")
        await stage.sees("epochs 19 → 25, save every 10 s → 60 s")
        await stage.pilot.press("x")
        await stage.until(lambda: "New run" in stage.footer, "the key n")
        await stage.pilot.press("n", "n")
        await stage.until(lambda: len(stage.runners) == 2, "a second run")
        config = stage.runner.plan.config
        assert (config.epochs, config.checkpoint_every_s, config.lr) == (25, 60.0, 0.01)


@pytest.mark.slow
async def test_a_change_that_comes_after_the_run_has_ended_is_refused_with_a_reason() -> None:
    async with on_stage() as stage:
        runner = await stage.start()
        await open_form(stage)
        await write(stage, "epochs", "25")
        runner.finish()
        await stage.until(lambda: not runner.is_alive, "the end")
        await stage.pilot.press("enter")
        await until_closed(stage)
        await stage.sees("cannot change the settings: the run is finished")


@pytest.mark.slow
async def test_after_the_end_the_form_is_about_the_next_run() -> None:
    async with on_stage(plan=NewRun(name="first")) as stage:
        runner = await stage.start()
        runner.finish()
        await stage.until(lambda: "New run" in stage.footer, "the key n")
        await open_form(stage)
        await write(stage, "name", "second")
        await write(stage, "seed", "7")
        await stage.pilot.press("enter")
        await until_closed(stage)
        await stage.sees("changed: n starts a new run")
        assert "runs/first" in exit_report(stage.app.run_controller.log)
        await stage.pilot.press("n", "n")
        await stage.until(lambda: len(stage.runners) == 2, "a second run")
        assert stage.runner.plan == NewRun(name="second", config=TrainConfig(seed=7))


@pytest.mark.slow
async def test_a_new_run_after_a_resumed_one_has_its_settings_and_none_of_its_past() -> None:
    config = TrainConfig(epochs=30)
    plan = ResumedRun(config=config, name="old", overrides={"epochs": 30})
    async with on_stage(plan=plan, start=True) as stage:
        await stage.until(lambda: stage.runners and stage.runner.thread, "a thread")
        stage.runner.prepare()
        stage.runner.finish()
        await stage.until(lambda: "New run" in stage.footer, "the key n")
        await stage.pilot.press("n", "n")
        await stage.until(lambda: len(stage.runners) == 2, "a second run")
        assert stage.runner.plan == NewRun(config=config)


async def test_settings_are_refused_with_a_reason_while_loading() -> None:
    async with on_stage() as stage:
        await stage.pilot.press("space")
        await stage.until(lambda: stage.runners and stage.runner.thread, "a thread")
        assert "Edit" not in stage.footer
        await stage.pilot.press("e")
        await stage.sees("cannot change the settings while loading")


@pytest.mark.slow
@pytest.mark.parametrize("size", [(80, 24), (120, 36), (140, 40)])
async def test_the_form_fits_without_a_scrollbar(size: tuple[int, int]) -> None:
    async with on_stage(size) as stage:
        screen = await open_form(stage)
        await write(stage, "device", "gpu")
        await write(stage, "epochs", "x")
        form = screen.query_one("SettingsScreen > Vertical")
        assert form.max_scroll_y == 0
        assert form.region.bottom <= size[1]


@pytest.mark.slow
async def test_in_a_small_terminal_every_field_can_be_reached() -> None:
    async with on_stage((50, 12)) as stage:
        await open_form(stage)
        await write(stage, "name", "a/b")
        await stage.sees("folder's name")
        await write(stage, "name", "mine")
        await stage.pilot.press("enter")
        await until_closed(stage)


@pytest.mark.slow
async def test_no_row_moves_while_one_types() -> None:
    async with on_stage() as stage:
        screen = await open_form(stage)
        top = screen.query_one(FieldRows).region.y
        for field in ("epochs", "lr", "seed", "device", "checkpoint_every_s"):
            await write(stage, field, "wrong")
            assert screen.query_one(Input).region.y == top + row_of(field)
            assert screen.query_one(FieldRows).region.y == top
        for wants in ("4294967295", "cuda:N, mps", "at most 1e+09", "from 0 to 86400"):
            await stage.sees(wants)


async def test_networks_that_were_used_before_are_offered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.py").touch()
    remember("net.py:Net", tmp_path, {"net.py": "0"})
    async with on_stage() as stage:
        screen = await open_form(stage)
        await stage.sees("used before: net.py:Net")
        await write(stage, "model", "n")
        field = screen.query_one(Input)
        await stage.until(lambda: field._suggestion == "net.py:Net", "the suggestion")
        await stage.pilot.press("right")
        assert field.value == "net.py:Net"
        await stage.pilot.press("enter")
        assert stage.app.run_controller.plan.config.model == "net.py:Net"


async def test_the_value_that_is_edited_first_is_seen_whole() -> None:
    async with on_stage((80, 24)) as stage:
        await stage.start()
        await stage.pilot.press("e")
        await stage.sees("Settings of the live run")
        await stage.sees(f"epochs        {stage.app.screen.query_one(Input).value} ")
        assert len(stage.app.screen.query_one(Input).value) > 1


@pytest.mark.slow
async def test_fields_that_a_live_run_keeps_closed_are_dimmed_and_not_clicked() -> None:
    async with on_stage((80, 24)) as stage:
        await stage.start()
        await stage.pilot.press("e")
        await stage.sees("Settings of the live run")
        rows = stage.app.screen.query_one(FieldRows)
        tones = {
            field.name: {tone for text, tone in line[:-1] if text.strip()}
            for field, line in zip(FIELDS, rows.lines(76, 0), strict=False)
        }
        assert tones["seed"] == tones["recipe"] == {"muted"}
        assert "muted" not in tones["epochs"] | tones["lr"]
        await stage.pilot.click(FieldRows, offset=(26, row_of("recipe")))
        await stage.pilot.click(FieldRows, offset=(16, row_of("seed")))
        assert edited(stage) == "epochs"
        assert rows._draft.adjustment() is None, "nothing was typed"
        await stage.pilot.press("1", "down", "down", "down")
        assert rows._draft.texts["epochs"] == "1"


@pytest.mark.slow
async def test_what_is_typed_is_of_the_field_that_it_was_typed_into() -> None:
    async with on_stage() as stage:
        await open_form(stage)
        await stage.pilot.press(*["down"] * 3, "3", "down", "6", "4", "down", "right", "down", "1")
        await stage.pilot.press("enter")
        await until_closed(stage)
        config = (await stage.start()).plan.config
        assert (config.epochs, config.batch_size) == (3, 64)
        assert (config.optimizer, config.lr) == ("momentum", 1.0)
