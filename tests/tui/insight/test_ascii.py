"""The panes on a terminal that shows ASCII only."""

import pytest

from mnist_tui.tui.characters import limit_characters
from mnist_tui.tui.insight.panes.data import DataPane
from mnist_tui.tui.insight.panes.inside import InsidePane
from mnist_tui.tui.insight.panes.pane import InsightPane
from mnist_tui.tui.insight.screen import PANES
from tests.tui.app_harness import Stage
from tests.tui.insight.fake_insight import dataset, insight_of
from tests.tui.insight.pane_harness import Alone, ScriptedSource
from tests.tui.insight.panes.test_inside import layer_of


@pytest.mark.parametrize("size", [(80, 22), (140, 43)])
@pytest.mark.parametrize("kind", PANES, ids=[pane.TITLE for pane in PANES])
async def test_every_glyph_has_a_form_in_ascii(
    kind: type[InsightPane], size: tuple[int, int]
) -> None:
    source = ScriptedSource(results=insight_of(3), dataset=dataset())
    source.may_load.set()
    app = Alone(kind(source))
    limit_characters(app, is_ascii=True)
    async with app.run_test(size=size) as pilot:
        stage = Stage(app, pilot)  # type: ignore[arg-type]
        await pilot.pause()
        if kind is InsidePane:
            await stage.until(lambda: source.open, "a request")
            source.answer(3, inside=layer_of())
            await stage.sees("filter 1")
        if kind is DataPane:
            await stage.sees("(label 0)")
        await pilot.press("space", "down")
        text = stage.text.replace("does the prediction change?", "")
        assert text.isascii()
        assert "?" not in text, "a glyph without a form of its own"
