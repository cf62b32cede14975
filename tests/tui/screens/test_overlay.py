"""The screen below an overlay."""

import pytest
from rich.segment import Segment
from textual.renderables.background_screen import BackgroundScreen
from textual.visual import RenderOptions

from mnist_tui.tui.screens.overlay import Dimmed
from mnist_tui.tui.screens.settings import SettingsScreen
from tests.tui.app_harness import on_stage


@pytest.mark.asyncio
async def test_it_is_dimmed_to_the_colors_that_textual_gives_it() -> None:
    async with on_stage((80, 24)) as stage:
        await stage.pilot.press("e")
        await stage.until(lambda: isinstance(stage.app.screen, SettingsScreen), "the form")
        form, below = stage.app.screen, stage.app.screen_stack[-2]
        color = form.styles.background
        whole = BackgroundScreen(below, color)
        lines = list(Segment.split_lines(stage.app.console.render(whole)))
        dimmed = Dimmed(below, color).render_strips(
            80, 24, form.visual_style, RenderOptions(form._get_style, form.styles)
        )
        for line, strip in zip(lines, dimmed, strict=False):
            assert [tuple(piece) for piece in strip] == [tuple(piece) for piece in line]
        assert len(dimmed) == 24
