"""Each pane as it is drawn, small and large, against pictures kept beside this file.

After a change that is meant: `pytest tests/tui/insight/test_snapshots.py --snapshot-update`, and
look at the new pictures before they are committed.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from textual.pilot import Pilot

from mnist_tui.config import TrainConfig
from mnist_tui.run.plan import NewRun, RunPlan
from mnist_tui.run.requests import Stop
from mnist_tui.tui.app import DashboardApp
from mnist_tui.tui.insight.panes.pane import InsightPane
from mnist_tui.tui.insight.screen import TITLES, RunLine
from mnist_tui.tui.insight.widgets.canvas import Canvas
from tests.tui.app_harness import IDLE, Stage
from tests.tui.fake_runner import ScriptedRunner
from tests.tui.insight.fake_insight import insight_of
from tests.tui.insight.pane_harness import Mouse

Compare = Callable[..., bool]

SMALL, LARGE = (80, 24), (140, 45)

TWO = ((9, 8), (12, 5), (17, 5), (20, 9), (17, 14), (12, 18), (8, 22), (14, 21), (21, 22))
"""A drawn digit, in the canvas's pixels."""

IN_SIGHT = {
    "Confusion": "correct,",
    "Mistakes": "predicted as",
    "Learning": "20 correct",
    "Inside": "= response",
    "Draw": "model at",
    "Data": "#0 (label",
}
"""What is on the screen once a pane has what it shows."""


@pytest.fixture(autouse=True)
def _same_everywhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No animation, no terminal and no runs of one's own."""
    for name in ("NO_COLOR", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("TEXTUAL_ANIMATIONS", "none")
    monkeypatch.chdir(tmp_path)


class Scene:
    """A paused run of three epochs, and one of the panes about it."""

    def __init__(self, theme: str) -> None:
        self.runners: list[ScriptedRunner] = []
        plan = NewRun(config=TrainConfig(dataset="sample"))
        self.app = DashboardApp(plan, self._make, sample_machine=lambda: IDLE)
        self.app.theme = theme
        self.stage = Stage(self.app, None, self.runners)  # type: ignore[arg-type]

    def _make(self, plan: RunPlan) -> ScriptedRunner:
        self.runners.append(ScriptedRunner(plan))
        return self.runners[-1]

    async def open(self, pilot: Pilot[None], title: str) -> None:
        """Train, pause, and bring the pane into sight."""
        stage = self.stage
        stage.pilot = pilot
        runner = await stage.start()
        for epoch in range(1, 4):
            runner.train(1875)
            runner.finish_epoch(insight=insight_of(epoch))
        runner.train(100)
        await stage.until(lambda: len(self.app.run_controller.log.rows) == 3, "the rows")
        await pilot.press("space")
        await stage.sees("‖ paused")
        await pilot.press("i", str(TITLES.index(title) + 1))
        await stage.until(lambda: self._is_open(title), f"the pane {title}")
        if title == "Draw":
            await self._draw()
        # Wide enough, the word is in one line.
        await stage.sees(IN_SIGHT[title])
        self.app.screen.query_one(RunLine).message = None
        self.app.clear_notifications()
        await pilot.pause()

    def _is_open(self, title: str) -> bool:
        return [pane.TITLE for pane in self.app.screen.query(InsightPane)] == [title]

    async def _draw(self) -> None:
        canvas = self.app.screen.query_one(Canvas)
        x, y = canvas.content_region.offset
        scale = canvas.scale
        points = [(x + 1 + scale * px, y + 1 + scale * py // 2) for px, py in TWO]
        await Mouse(self.stage).drag(*points)


@pytest.fixture
def scene_of() -> Iterator[Callable[[str], Scene]]:
    """Make a scene in a theme; its run is ended after the test."""
    made: list[Scene] = []

    def make(theme: str) -> Scene:
        made.append(Scene(theme))
        return made[-1]

    yield make
    for runner in (runner for scene in made for runner in scene.runners):
        runner.session.request(Stop())
        if runner.thread is not None:
            runner.thread.join(60)


def looks_as_it_did(snap_compare: Compare, scene: Scene, title: str, size: tuple[int, int]) -> bool:
    """Compare with the picture, or make it."""

    async def run(pilot: Pilot[None]) -> None:
        await scene.open(pilot, title)

    return snap_compare(scene.app, terminal_size=size, run_before=run)


@pytest.mark.parametrize(
    "size", [SMALL, pytest.param(LARGE, marks=pytest.mark.slow)], ids=["80x24", "140x45"]
)
@pytest.mark.parametrize("title", TITLES)
def test_a_pane_looks_as_it_did(
    snap_compare: Compare, scene_of: Callable[[str], Scene], title: str, size: tuple[int, int]
) -> None:
    assert looks_as_it_did(snap_compare, scene_of("digits-dark"), title, size)


@pytest.mark.slow
@pytest.mark.parametrize("title", ["Confusion", "Draw"])
def test_a_pane_in_the_light_theme_looks_as_it_did(
    snap_compare: Compare, scene_of: Callable[[str], Scene], title: str
) -> None:
    assert looks_as_it_did(snap_compare, scene_of("digits-light"), title, SMALL)


@pytest.mark.slow
@pytest.mark.parametrize("title", ["Confusion", "Mistakes"])
def test_a_pane_without_colors_looks_as_it_did(
    snap_compare: Compare,
    scene_of: Callable[[str], Scene],
    monkeypatch: pytest.MonkeyPatch,
    title: str,
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert looks_as_it_did(snap_compare, scene_of("digits-dark"), title, SMALL)
