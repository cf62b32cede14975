"""How late a loss is on the screen, by a clock that the test moves."""

from collections.abc import Callable
from typing import Any

import pytest

from mnist_tui import formatting
from mnist_tui.tui.charts import Chart
from mnist_tui.tui.run.poller import ATTACHED, ProgressPoller
from tests.tui.app_harness import on_stage
from tests.tui.fake_runner import ScriptedRunner

pytestmark = pytest.mark.asyncio


class Timers:
    """The app's timer for the poller, and both of its clocks."""

    def __init__(self, look_s: float) -> None:
        self.now_s = self.cpu_s = 0.0
        self._look_s = look_s
        self._planned: list[tuple[float, Callable[[], None]]] = []

    def poller(self, _app: Any, follow: Callable[[bool], None], **options: Any) -> ProgressPoller:
        """A real poller on these timers."""
        app: Any = self
        return ProgressPoller(
            app, follow, cpu_clock=lambda: self.cpu_s, clock=lambda: self.now_s, **options
        )

    def set_timer(self, delay: float, callback: Callable[[], None], *, name: str) -> None:
        """As App."""
        self._planned.append((delay, callback))

    def go_off(self) -> None:
        """Let the time come that was planned; what is shown then takes a while."""
        [(delay, callback)] = self._planned
        self._planned.clear()
        self.now_s += delay
        callback()
        self.now_s += self._look_s
        self.cpu_s += self._look_s


@pytest.mark.slow
@pytest.mark.parametrize("look_s", [0.0005, 0.004, 0.02])
@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_a_loss_that_was_fetched_is_shown_within_a_second(
    size: tuple[int, int], look_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    timers = Timers(look_s)
    monkeypatch.setattr("mnist_tui.tui.app.ProgressPoller", timers.poller)
    async with on_stage(size) as stage:
        runner = await stage.start()
        chart = stage.app.screen.query_one("#batches", Chart)
        latencies_s = []
        for fetched in range(1, 13):
            runner.train(7)
            loss, at_s = runner.session.progress.batch_loss, timers.now_s
            while chart.data.newest_x != 7 * fetched:
                timers.go_off()
                await stage.pilot.pause()
            await stage.sees(f"batch loss {formatting.loss(loss)}")
            latencies_s.append(timers.now_s - at_s)
            timers.now_s += 0.037 * fetched  # not in step with the timers
        assert max(latencies_s) < 1.0


async def test_a_run_of_another_process_is_followed_more_rarely(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    timers = Timers(look_s=0.0)
    monkeypatch.setattr("mnist_tui.tui.app.ProgressPoller", timers.poller)
    monkeypatch.setattr(ScriptedRunner, "place", "process 7")
    async with on_stage() as stage:
        await stage.start()
        for _ in range(40):
            timers.go_off()
        before_s = timers.now_s
        timers.go_off()
        assert timers.now_s - before_s == pytest.approx(ATTACHED.least_s, rel=0.01)
