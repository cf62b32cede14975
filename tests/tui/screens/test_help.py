"""The help: where its lines break and what it begins with."""

import pytest

from mnist_tui.tui.screens.help import KEYS, PANES, help_lines
from mnist_tui.tui.widgets.lines import width_of
from tests.tui.app_harness import on_stage


@pytest.mark.parametrize("width", [30, 60, 72])
def test_an_explanation_wraps_within_its_own_column(width: int) -> None:
    for _, entries in (*KEYS, ("panes", PANES)):
        for line in help_lines(entries, width):
            (term, _), (what, _) = line
            assert len(term) == 16
            assert width_of(line) <= width
            assert what.strip() == what != ""


@pytest.mark.slow
async def test_help_begins_with_a_first_run_until_there_has_been_one() -> None:
    async with on_stage((80, 24)) as stage:
        await stage.pilot.press("question_mark")
        await stage.sees("Your first run")
        assert "starts training" in stage.text
        await stage.pilot.press("escape")
        await stage.start()
        await stage.pilot.press("question_mark")
        await stage.sees("start, pause, resume")
        assert "Your first run" not in stage.text
