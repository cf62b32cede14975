"""A dashboard on a stage: the app under a pilot, with a scripted runner behind it."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from textual import events
from textual.pilot import Pilot
from textual.screen import Screen
from textual.strip import Strip

from mnist_tui.run.machine import MachineSample
from mnist_tui.run.plan import NewRun, RunPlan
from mnist_tui.run.requests import Stop
from mnist_tui.tui.app import DashboardApp
from tests.tui.fake_runner import ScriptedRunner

LIMIT_S = 60.0
"""How long something may take that a loaded machine is slow at, before a test fails."""

IDLE = MachineSample(
    cores=2,
    cpu=0.45,
    process_cpu=0.8,
    memory_bytes=2_100_000_000,
    total_bytes=16_800_000_000,
    process_bytes=912_000_000,
    no_gpu="no NVIDIA GPU, or no driver for it",
)
"""A machine that stands still."""


@dataclass
class Stage:
    """What a test holds: the app, its pilot, and the runners that were made."""

    app: DashboardApp
    pilot: Pilot[None]
    runners: list[ScriptedRunner] = field(default_factory=list)

    @property
    def runner(self) -> ScriptedRunner:
        """The newest run."""
        return self.runners[-1]

    async def until(self, is_so: Callable[[], Any], what: str = "") -> None:
        """Let the app work until `is_so`; fails when that does not come."""
        end = time.monotonic() + LIMIT_S
        await self.pilot.pause(0)
        while not is_so():
            assert time.monotonic() < end, f"never came: {what}\n{self.text}"
            await asyncio.sleep(0.01)
        await self.pilot.pause(0)

    async def start(self, **options: Any) -> ScriptedRunner:
        """Press space and let the run get ready to train."""
        await self.pilot.press("space")
        await self.until(lambda: self.runners and self.runner.thread, "a training thread")
        self.runner.prepare(**options)
        await self.until(lambda: "Pause" in self.text, "a run that can be paused")
        return self.runner

    async def receive(self, *sent: events.Event) -> None:
        """Let the app receive what a terminal has sent."""
        driver = self.app._driver
        assert driver is not None
        for event in sent:
            driver.process_message(event)
        await self.pilot.pause()

    async def paste(self, text: str) -> None:
        """Have the terminal send pasted text, as it does when a file is dropped on it."""
        await self.receive(events.Paste(text))

    @property
    def text(self) -> str:
        """All that is on the screen, as plain lines."""
        return "\n".join(strip.text for strip in strips_of(self.app.screen))

    async def sees(self, text: str) -> None:
        """Wait until `text` is on the screen."""
        await self.until(lambda: text in self.text, repr(text))

    @property
    def footer(self) -> str:
        """The last line on the screen."""
        return self.text.splitlines()[-1]


def plain(line: list[tuple[str, str]]) -> str:
    """A widget's line without its tones."""
    return "".join(text for text, _ in line)


def strips_of(screen: Screen[Any]) -> list[Strip]:
    """The screen's lines, as the compositor would send them."""
    return screen._compositor.render_strips()


@asynccontextmanager
async def on_stage(
    size: tuple[int, int] = (80, 24), plan: RunPlan | None = None, **options: Any
) -> AsyncIterator[Stage]:
    """Run a dashboard of this size; a run that is still live at the end is stopped."""
    runners: list[ScriptedRunner] = []

    def make_runner(run_plan: RunPlan) -> ScriptedRunner:
        runners.append(ScriptedRunner(run_plan))
        return runners[-1]

    options.setdefault("sample_machine", lambda: IDLE)
    app = DashboardApp(plan or NewRun(), make_runner, **options)
    async with app.run_test(size=size, notifications=True) as pilot:
        await pilot.pause()
        try:
            yield Stage(app, pilot, runners)
        finally:
            for runner in runners:
                runner.holds_save = None
                runner.session.request(Stop())
    for runner in runners:
        if runner.thread is not None:
            runner.thread.join(60)
            assert not runner.thread.is_alive()
