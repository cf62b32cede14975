"""The whole screen as it is drawn, at every arrangement, against pictures kept beside this file.

After a change that is meant: `pytest tests/tui/test_snapshots.py --snapshot-update`, and look
at the new pictures before they are committed.
"""

import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from mnist_tui.config import TrainConfig
from mnist_tui.run.plan import NewRun, RunPlan
from mnist_tui.run.requests import Stop
from mnist_tui.tui.app import DashboardApp
from mnist_tui.tui.charts import chart
from mnist_tui.tui.dashboard.header import Facts
from mnist_tui.tui.dashboard.machine import MachinePane
from tests.run.values import epoch_row
from tests.sweep.written_sweeps import write_half_a_sweep
from tests.tui.app_harness import IDLE, Stage
from tests.tui.fake_runner import ScriptedRunner
from tests.tui.runs.written_runs import write_run

Compare = Callable[..., bool]


@pytest.fixture(autouse=True)
def _same_everywhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No animation, no terminal, no time of day, no pace of drawing and no runs of one's own."""
    for name in ("NO_COLOR", "COLORTERM", "CUDA_VISIBLE_DEVICES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("TEXTUAL_ANIMATIONS", "none")
    monkeypatch.chdir(tmp_path)
    midnight = time.gmtime(0)
    monkeypatch.setattr(time, "localtime", lambda *_: midnight)
    monkeypatch.setattr(chart, "DRAW_INTERVAL_S", 0.0)
    monkeypatch.setattr(MachinePane, "INTERVAL_S", 3600.0)  # it is sampled once


class Scene:
    """A dashboard that does not change: a scripted run, and a machine at rest."""

    def __init__(self, theme: str = "digits-dark", epochs: int = 19) -> None:
        self.runners: list[ScriptedRunner] = []
        self.app = DashboardApp(
            NewRun(config=TrainConfig(epochs=epochs)), self._make, sample_machine=lambda: IDLE
        )
        self.app.theme = theme
        self.stage = Stage(self.app, None, self.runners)  # type: ignore[arg-type]

    def _make(self, plan: RunPlan) -> ScriptedRunner:
        self.runners.append(ScriptedRunner(plan))
        return self.runners[-1]

    async def train(self, pilot: Pilot[None], epochs: int = 5, batches: int = 800) -> None:
        """Train that many epochs and batches."""
        self.stage.pilot = pilot
        runner = await self.stage.start()
        for epoch in range(1, epochs + 1):
            runner.train(1875, noisy)
            await self._settle()
            runner.finish_epoch(epoch_row(epoch))
        if batches:
            runner.train(batches, noisy)
        await self._settle()

    async def _settle(self) -> None:
        runner, stage = self.stage.runner, self.stage
        await stage.until(
            lambda: len(self.app.run_controller.log.rows) == len(runner.rows), "the rows"
        )
        # Not left to the dashboard's timers: everything is shown, and nothing twice.
        self.app.presenter.follow(draws_losses=True)
        dashboard = self.app.dashboard
        dashboard.query_one(Facts).message = None
        dashboard.show_epochs()
        dashboard.draw_batches()
        await stage.pilot.pause()

    async def rest(self, pilot: Pilot[None]) -> None:
        """Wait until the machine is on the screen, if it is in sight, and toasts are gone."""
        await self._settle()
        self.app.clear_notifications()
        machine = self.app.dashboard.query_one(MachinePane)
        if machine.is_on_screen:
            await self.stage.until(lambda: machine.samples, "the machine")
        machine.samples.clear()
        machine.samples.extend([IDLE] * 30)
        machine.redraw()
        await pilot.pause()


def noisy(batch: int) -> float:
    """A batch's loss: falling, with the same noise each time."""
    noise = ((batch * 7919) % 101) / 101
    return 0.1 + 2.2 / (1 + batch / 300) * (0.7 + 0.6 * noise) + 0.1 * noise


@pytest.fixture
def scenes() -> Iterator[Callable[..., Scene]]:
    """Make scenes whose runs are ended after the test."""
    made: list[Scene] = []

    def make(*args: Any, **options: Any) -> Scene:
        made.append(Scene(*args, **options))
        return made[-1]

    yield make
    for runner in (runner for scene in made for runner in scene.runners):
        runner.session.request(Stop())
        if runner.thread is not None:
            runner.thread.join(60)


SIZES = [
    *(pytest.param(size, marks=pytest.mark.slow) for size in ((200, 60), (140, 40))),
    *((100, 30), (80, 24), (50, 12)),
]


@pytest.mark.parametrize(
    "theme", ["digits-dark", pytest.param("digits-light", marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_a_training_run_looks_as_it_did(
    snap_compare: Compare, scenes: Callable[..., Scene], size: tuple[int, int], theme: str
) -> None:
    scene = scenes(theme)

    async def run(pilot: Pilot[None]) -> None:
        await scene.train(pilot)
        await scene.rest(pilot)

    assert snap_compare(scene.app, terminal_size=size, run_before=run)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("key", "word"),
    [("question_mark", "esc"), ("q", "Cancel"), ("e", "Apply")],
    ids=["help", "quit", "settings"],
)
def test_a_screen_over_it_looks_as_it_did(
    snap_compare: Compare, scenes: Callable[..., Scene], key: str, word: str
) -> None:
    scene = scenes()

    async def run(pilot: Pilot[None]) -> None:
        await scene.train(pilot)
        if key == "e":
            await pilot.press("space")
            await scene.stage.sees("‖ paused")
        await scene.rest(pilot)
        await pilot.press(key)
        await scene.stage.until(lambda: scene.app.screen is not scene.app.dashboard, "the screen")
        await scene.stage.sees(word)

    assert snap_compare(scene.app, terminal_size=(80, 24), run_before=run)


@pytest.mark.slow
def test_the_end_of_a_run_looks_as_it_did(
    snap_compare: Compare, scenes: Callable[..., Scene]
) -> None:
    scene = scenes(epochs=3)

    async def run(pilot: Pilot[None]) -> None:
        await scene.train(pilot, 3, 0)
        scene.stage.runner.finish()
        await scene.stage.sees("✓ finished")
        await scene.stage.until(lambda: "New run" in scene.stage.footer, "the key n")
        await scene.rest(pilot)

    assert snap_compare(scene.app, terminal_size=(100, 30), run_before=run)


def write_runs(folder: Path) -> None:
    """Runs of each state, an hour apart."""
    hours_s = [time.time() - 3600 * hours - 600 for hours in range(1, 7)]
    falling = [0.5 * 0.8**epoch for epoch in range(12)]
    write_run(folder, "steep", falling, lr=0.1, updated=hours_s[0])
    write_run(folder, "20261128-101500-tutorial", falling[:9], updated=hours_s[1], state="stopped")
    write_run(folder, "lab/flat", falling[:4], lr=0.001, updated=hours_s[2])
    write_run(folder, "diverged", [0.6, math.nan], lr=1.0, updated=hours_s[3], state="failed")
    write_run(folder, "killed", falling[:3], seed=7, updated=hours_s[4], state="running")
    path = write_run(folder, "momentum", falling[:6], optimizer="momentum", updated=hours_s[5])
    (path / "labels.json").write_text('{"tags": ["keep"], "note": "the best so far"}')


async def show_runs(scene: Scene, pilot: Pilot[None]) -> None:
    """Open the list of all runs, and wait until it has them."""
    scene.stage.pilot = pilot
    write_runs(Path("runs"))
    await pilot.press("r")
    await scene.stage.until(lambda: "reading" not in scene.stage.text, "all runs")
    await scene.stage.sees("6 runs")


@pytest.mark.slow
@pytest.mark.parametrize("size", [(140, 40), (80, 24)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_the_list_of_runs_looks_as_it_did(
    snap_compare: Compare, scenes: Callable[..., Scene], size: tuple[int, int]
) -> None:
    scene = scenes()

    async def run(pilot: Pilot[None]) -> None:
        await show_runs(scene, pilot)
        await pilot.press("space", "down", "space", "home")

    assert snap_compare(scene.app, terminal_size=size, run_before=run)


@pytest.mark.slow
@pytest.mark.parametrize("size", [(140, 40), (80, 24)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_a_comparison_looks_as_it_did(
    snap_compare: Compare, scenes: Callable[..., Scene], size: tuple[int, int]
) -> None:
    scene = scenes()

    async def run(pilot: Pilot[None]) -> None:
        await show_runs(scene, pilot)
        await pilot.press(*["space"] * 6, "c")
        await scene.stage.sees("last  ")

    assert snap_compare(scene.app, terminal_size=size, run_before=run)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("size", "colors"),
    [((140, 40), True), ((80, 24), True), ((80, 24), False)],
    ids=["140x40", "80x24", "80x24-without-colors"],
)
def test_a_leaderboard_looks_as_it_did(
    snap_compare: Compare,
    scenes: Callable[..., Scene],
    monkeypatch: pytest.MonkeyPatch,
    size: tuple[int, int],
    colors: bool,
) -> None:
    if not colors:
        monkeypatch.setenv("NO_COLOR", "1")
    scene = scenes()

    async def run(pilot: Pilot[None]) -> None:
        scene.stage.pilot = pilot
        write_half_a_sweep(Path("runs"))
        await pilot.press("r")
        await scene.stage.sees("6 runs")
        await pilot.press("l")
        await scene.stage.sees("98.60 %")
        await pilot.press("down")
        await scene.stage.sees("epoch 3 of 3")

    assert snap_compare(scene.app, terminal_size=size, run_before=run)
