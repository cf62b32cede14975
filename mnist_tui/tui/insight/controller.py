"""The way from the dashboard to what was learned, and what the app tells that screen."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from textual.app import App

from mnist_tui.run.progress import Progress
from mnist_tui.tui.insight.live_source import LiveSource
from mnist_tui.tui.run.controller import RunController
from mnist_tui.tui.text.event_text import LogEntry

if TYPE_CHECKING:
    from mnist_tui.tui.insight.screen import InsightScreen


@dataclass
class InsightMemory:
    """What a person left behind on the screen, for when it is opened again."""

    title: str = ""
    """The pane that was in sight; empty: the first."""
    panes: dict[str, object] = field(default_factory=dict)
    """What each pane remembers, by its title."""


class InsightController:
    """Opens the screen; while it is closed, what it is told is passed over. UI thread."""

    def __init__(self, app: App[Any], owner: RunController) -> None:
        self._app, self._owner = app, owner
        self._source: Final = LiveSource(owner)
        self._memory: Final = InsightMemory()
        self._opened: InsightScreen | None = None

    @property
    def _screen(self) -> InsightScreen | None:
        """The screen, while it is open. A callback at its end might be lost with who opened it."""
        return self._opened if self._opened in self._app.screen_stack else None

    def open(self, title: str, progress: Progress) -> None:
        """Show the pane of that title; empty: the one that was in sight last."""
        from mnist_tui.tui.insight.screen import InsightScreen

        screen = self._screen
        if screen is not None:
            if title:
                screen.call_later(screen.show_pane, title)
            return
        self._memory.title = title or self._memory.title
        self._opened = InsightScreen(self._source, self._name, self._memory)
        self._app.push_screen(self._opened)
        self.show_state()
        self.look(progress)

    @property
    def _name(self) -> str:
        prepared = self._owner.view.prepared
        return prepared.run if prepared is not None else self._owner.plan.name or ""

    def look(self, progress: Progress) -> None:
        """Show how far the run is."""
        if self._screen is not None:
            self._screen.beat()
            self._screen.progress = progress

    def show_state(self) -> None:
        """Show which run it is, where it stands and how well it does."""
        owner = self._owner
        if self._screen is not None:
            self._screen.show_run(
                self._name,
                owner.state,
                is_leaving=owner.leaving is not None,
                is_elsewhere=owner.view.is_elsewhere,
            )
            self._screen.show_scores(owner.view.scores)

    def show_insight(self) -> None:
        """Show what the newest validation showed."""
        if self._screen is not None:
            self.show_state()
            self._screen.show_insight()

    def say(self, said: LogEntry) -> None:
        """Show an answer at once, for some seconds."""
        if self._screen is not None:
            self._screen.say(said)
