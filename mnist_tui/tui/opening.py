"""What the user can open over the dashboard: insight, all runs, an image file, help, doctor."""

from pathlib import Path
from typing import Final

from textual import events
from textual.binding import Binding

from mnist_tui.images.foreign import kind_named
from mnist_tui.images.sources import SUFFIXES
from mnist_tui.sweep.record import SweepFolder
from mnist_tui.tui.insight.panes.pane import InsightMemory
from mnist_tui.tui.insight.pasted_path import pasted_path
from mnist_tui.tui.run.actions import RunActions
from mnist_tui.tui.text.event_text import LogEntry

SCREEN_KEYS: Final = (
    Binding("question_mark", "help", "Help", key_display="?"),
    Binding("r", "runs", "Runs", tooltip="All runs: find, compare, tidy", id="later.runs"),
    Binding("i", "insight", "Insight", tooltip="What the model has learned"),
    Binding("d", "insight('Draw')", "Draw", show=False, tooltip="Draw for the model to read"),
)
"""In the order of the footer, after those of the run."""


class ScreenActions(RunActions):
    """An App whose keys open screens."""

    def __init__(self) -> None:
        super().__init__()
        self.insight_memory: Final = InsightMemory()
        """What the insight screen showed when it was closed."""

    def action_insight(self, title: str = "") -> None:
        """Show what the model learned, in the pane of that title or in the one seen last."""
        from mnist_tui.tui.insight.screen import InsightScreen

        for screen in self.screen_stack:
            if isinstance(screen, InsightScreen):
                if title:
                    screen.call_later(screen.action_pane, title)
                return
        self.insight_memory.title = title or self.insight_memory.title
        insight = InsightScreen(self.run_controller, self.insight_memory, self.presenter.remove)
        self.presenter.add(insight)
        self.push_screen(insight)

    def action_runs(self) -> None:
        from mnist_tui.tui.runs.screen import RunsScreen

        run, name = self.run_controller, "runs"
        if not self.is_screen_installed(name):
            # Kept while it is closed: its runs, filter, order and marks.
            current = Path(run.log.prepared.directory) if run.log.prepared else None
            self.install_screen(RunsScreen(run.plan.runs_dir, current, self), name)
        if not any(isinstance(screen, RunsScreen) for screen in self.screen_stack):
            self.push_screen(name)

    def show_sweep(self, folder: SweepFolder) -> None:
        """Show a sweep over all runs."""
        from mnist_tui.tui.runs.screen import RunsScreen

        for screen in self.screen_stack:
            if isinstance(screen, RunsScreen):
                screen.show_sweep(folder)

    async def on_paste(self, event: events.Paste) -> None:
        """Show what the model predicts for an image file whose path is pasted or dropped."""
        path = pasted_path(event.text)
        # Of a kind that is not read as well: the pane says what it is.
        if path is not None and (path.suffix.lower() in SUFFIXES or kind_named(path.name)):
            self.action_open_image(path)
        else:
            self.presenter.say(LogEntry("pasted text is ignored"))

    def action_open_image(self, path: Path | None = None) -> None:
        """Show what the model predicts for an image file; without a path, let the user type one."""
        from mnist_tui.tui.insight.screen import InsightScreen

        self.action_insight("Draw")
        for screen in self.screen_stack:
            if isinstance(screen, InsightScreen):
                screen.call_after_refresh(screen.open_image, path)

    def action_help(self) -> None:
        from mnist_tui.tui.screens.help import HelpScreen

        self.push_screen(HelpScreen(is_first_run=self.run_controller.thread is None))

    def action_doctor(self) -> None:
        from mnist_tui.tui.screens.doctor import DoctorScreen

        plan = self.run_controller.next_plan
        self.push_screen(DoctorScreen(plan.runs_dir, plan.config.data_dir))
