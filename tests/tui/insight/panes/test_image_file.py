"""An image file brought to the dashboard: dropped, pasted, or named in the command palette."""

from pathlib import Path

import pytest
from textual.command import CommandPalette
from textual.widgets import Input

from mnist_tui.config import TrainConfig
from mnist_tui.run.plan import NewRun
from mnist_tui.tui.insight.panes.draw import DrawPane
from mnist_tui.tui.insight.screen import InsightScreen
from tests.images.files import encode, page
from tests.tui.app_harness import Stage, on_stage

pytestmark = pytest.mark.asyncio

SIZE = 100, 30
PLAN = NewRun(config=TrainConfig(dataset="sample"))


@pytest.fixture
def image(tmp_path: Path) -> Path:
    file = tmp_path / "a photograph.png"
    file.write_bytes(encode(page()))
    return file


async def is_answered(stage: Stage) -> None:
    """Wait until the pane Draw shows the image file and what was predicted for it."""
    for text in ("cropped", "inverted: dark on light", "predicted as", "model at"):
        await stage.sees(text)
    assert stage.app.screen.query_exactly_one(DrawPane).has_focus


@pytest.mark.slow
@pytest.mark.parametrize("keys", [(), ("i",), ("i", "6"), ("d",)])
async def test_a_dropped_image_file_is_read_wherever_the_dashboard_is(
    keys: tuple[str, ...], image: Path
) -> None:
    async with on_stage(SIZE, PLAN) as stage:
        await stage.start()
        await stage.pilot.press(*keys)
        await stage.pilot.pause()
        await stage.paste(f"'{image}' ")
        await is_answered(stage)
        assert sum(isinstance(each, InsightScreen) for each in stage.app.screen_stack) == 1
        await stage.pilot.press("escape")
        await stage.until(lambda: "cropped" not in stage.text, "the canvas")


@pytest.mark.slow
async def test_the_palette_asks_for_the_path_of_an_image_file(image: Path) -> None:
    async with on_stage(SIZE, PLAN) as stage:
        await stage.start()
        await stage.pilot.press("ctrl+p")
        await stage.until(lambda: CommandPalette.is_open(stage.app), "the palette")
        await stage.pilot.press(*"image", "space", *"file")
        await stage.sees("Read an image file")
        await stage.pilot.press("enter")
        await stage.until(lambda: isinstance(stage.app.focused, Input), "a line to type in")
        await stage.paste(str(image))
        await stage.pilot.press("enter")
        await is_answered(stage)


async def test_other_pasted_text_opens_nothing(tmp_path: Path) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("7")
    async with on_stage(SIZE, PLAN) as stage:
        await stage.start()
        for text in (str(notes), str(tmp_path / "missing.png"), "q", ""):
            await stage.paste(text)
        assert stage.app.screen is stage.app.dashboard


@pytest.mark.slow
async def test_before_a_run_a_dropped_image_file_is_shown_and_why_there_is_no_answer(
    image: Path,
) -> None:
    async with on_stage(SIZE, PLAN) as stage:
        await stage.paste(str(image))
        await stage.sees("cropped")
        await stage.sees("no model")


async def test_a_path_pasted_into_a_setting_stays_there(image: Path) -> None:
    async with on_stage(SIZE, PLAN) as stage:
        await stage.pilot.press("e")
        await stage.sees("Settings of the next run")
        name = stage.app.screen.query(Input).last().focus()
        await stage.until(lambda: name.has_focus, "the field of the name")
        await stage.paste(str(image))
        assert name.value == str(image)
        assert not any(isinstance(each, InsightScreen) for each in stage.app.screen_stack)
