"""What is in sight at which size."""

import pytest

from tests.tui.app_harness import Stage, on_stage


def panes(stage: Stage) -> list[str]:
    """The ids of the panes in sight, from the top."""
    seen = [pane for pane in stage.app.dashboard.query(".pane") if pane.is_on_screen]
    return [str(pane.id) for pane in sorted(seen, key=lambda pane: pane.region.y)]


@pytest.mark.slow
async def test_a_high_and_narrow_screen_shows_the_active_pane_and_the_one_before_it() -> None:
    async with on_stage((80, 50)) as stage:
        await stage.pilot.pause()
        assert panes(stage) == ["loss", "batches"]
        await stage.pilot.press("4")
        await stage.pilot.pause()
        assert panes(stage) == ["epochs", "batches"]
        heights = [stage.app.dashboard.query_one(f"#{pane}").size.height for pane in panes(stage)]
        assert min(heights) >= 14
        await stage.pilot.press("f")
        await stage.pilot.pause()
        assert panes(stage) == ["epochs"]
        await stage.pilot.press("escape")
        await stage.pilot.resize_terminal(80, 24)
        await stage.pilot.pause()
        assert panes(stage) == ["epochs"]


@pytest.mark.slow
async def test_the_losses_of_all_batches_have_room_at_every_size_with_all_panes() -> None:
    async with on_stage((140, 40)) as stage:
        await stage.start()
        stage.runner.train(100)
        for size in ((140, 40), (160, 48), (200, 60)):
            await stage.pilot.resize_terminal(*size)
            await stage.pilot.pause()
            batches = stage.app.dashboard.query_one("#batches")
            loss = stage.app.dashboard.query_one("#loss")
            assert batches.size.height >= 11
            assert loss.size.height >= 13
        stage.runner.finish()
        await stage.sees("New run")
        await stage.pilot.resize_terminal(140, 40)
        await stage.pilot.pause()
        assert batches.size.height >= 5


@pytest.mark.slow
async def test_the_keys_of_the_learning_rate_are_in_the_footer_of_every_pane() -> None:
    async with on_stage((80, 24)) as stage:
        assert "lr÷2" not in stage.footer
        await stage.start()
        for key in "123456":
            await stage.pilot.press(key)
            await stage.pilot.pause()
            assert "[ lr÷2  ] lr×2" in stage.footer
