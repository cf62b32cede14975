"""What the model learned, on a screen over the dashboard."""

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar, Final

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.reactive import reactive

from mnist_tui import formatting
from mnist_tui.run.events import Event, RunEnded, RunPrepared
from mnist_tui.run.log import Scores
from mnist_tui.run.progress import Progress
from mnist_tui.tui.dashboard.header import Header
from mnist_tui.tui.insight.panes.confusion import ConfusionPane
from mnist_tui.tui.insight.panes.data import DataPane
from mnist_tui.tui.insight.panes.draw import DrawPane
from mnist_tui.tui.insight.panes.inside import InsidePane
from mnist_tui.tui.insight.panes.learning import LearningPane
from mnist_tui.tui.insight.panes.mistakes import MistakesPane
from mnist_tui.tui.insight.panes.pane import InsightMemory, InsightPane
from mnist_tui.tui.insight.source import RunSource
from mnist_tui.tui.run.controller import RunController
from mnist_tui.tui.screens.overlay import Overlay
from mnist_tui.tui.text.event_text import LogEntry
from mnist_tui.tui.text.fitting import fit, shorten
from mnist_tui.tui.widgets.flash_line import FlashLine
from mnist_tui.tui.widgets.key_bar import ScreenKeys
from mnist_tui.tui.widgets.lines import Line, Shown, width_of
from mnist_tui.tui.widgets.tab_bar import TabBar

PANES: Final[tuple[type[InsightPane], ...]] = (
    ConfusionPane,
    MistakesPane,
    LearningPane,
    InsidePane,
    DrawPane,
    DataPane,
)
"""In the order of the keys 1 to 6."""

TITLES: Final = tuple(pane.TITLE for pane in PANES)
"""What they are called, in the same order."""


class RunLine(Header, FlashLine):
    """The run's name, epoch, accuracy and state; a message while it is fresh."""

    scores: Shown[Scores] = Shown(Scores())
    """The newest finished epochs."""

    def lines(self, width: int, height: int) -> list[Line]:
        """Return what fits whole; the state is left out last, and a long name shortened."""
        state = self._state(width)
        room = width - width_of(state) - 2
        if self.message is not None:
            left = self.message_line(self.message, room)
        else:
            name = shorten(self.run or "mnist-tui", room)
            facts = fit(self._facts(), room - cell_len(name) - 2)
            left = [(name, "accent"), ("  " if name and facts else "", ""), (facts, "muted")]
        return [[*left, (" " * max(width - width_of(left) - width_of(state), 0), ""), *state]]

    def _facts(self) -> list[str]:
        progress, last = self.progress, self.scores.last
        facts = []
        if progress.epoch:
            facts.append(f"epoch {progress.epoch} of {progress.epochs}")
        if last is not None:
            facts.append(f"accuracy {formatting.percent(last.val_accuracy)}")
        if progress.train_accuracy is not None and self.state.is_live:
            facts.append(f"training {formatting.percent(progress.train_accuracy)}")
        return facts


class InsightScreen(Overlay[None]):
    """Six panes under tabs, of which only the one in sight exists. Follows RunViewer."""

    DEFAULT_CSS = """
    InsightScreen {
        layout: vertical;
        overflow: hidden;
        background: $background;
        #pane { height: 1fr; overflow: hidden; }
        TabBar { margin-bottom: 0; }
        &.-h5 TabBar, &.-h0 TabBar { display: none; }
        &.-h0 ScreenKeys { display: none; }
    }
    """
    VERTICAL_BREAKPOINTS = [(0, "-h0"), (5, "-h5"), (9, "-h9")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", tooltip="Close what was opened last"),
        Binding("i", "leave", show=False),
        *(
            Binding(str(key), f"pane('{title}')", title, show=False)
            for key, title in enumerate(TITLES, 1)
        ),
        Binding("d", "pane('Draw')", show=False),
        Binding("t", "app.change_theme", show=False),
    ]
    AUTO_FOCUS = ""

    progress: reactive[Progress] = reactive(Progress(), repaint=False)
    """The snapshot that the line at the top shows."""

    def __init__(
        self,
        run: RunController,
        memory: InsightMemory,
        on_close: Callable[["InsightScreen"], object],
    ) -> None:
        """Make a screen about whatever run the dashboard has.

        Args:
            run: The run.
            memory: What an earlier screen left behind; changed as the user goes about.
            on_close: Called once, when the screen is gone.
        """
        super().__init__()
        self._run: Final = run
        self._source: Final = RunSource(run)
        self._memory: Final = memory
        self._on_close: Final = on_close
        # Held here and not queried: events may come before the first and after the last frame.
        self._line, self._tabs, self._place = RunLine(), TabBar(), Container(id="pane")
        self._pane: InsightPane | None = None
        self._trail: list[str] = []
        """The panes from which the one in sight was opened, by title; the last one is the next
        step back."""

    def compose(self) -> ComposeResult:
        yield self._line.data_bind(InsightScreen.progress)
        yield self._tabs
        yield self._place
        yield ScreenKeys()

    async def on_mount(self) -> None:
        self._tabs.titles = TITLES
        await self.show_pane(self._memory.title or TITLES[0])

    def on_unmount(self) -> None:
        self._remember()
        self._on_close(self)

    # What the presenter calls; see RunViewer.

    def show_run(self) -> None:
        self.show_epochs()

    def show_state(self) -> None:
        """Show the run's state, and whether the dashboard ends with it."""
        self._line.state = self._run.session.state
        self._line.is_leaving = self._run.leaving is not None
        if self.is_mounted:
            self.refresh_bindings()

    def show_progress(self, progress: Progress, *, draws_losses: bool) -> None:
        self._line.beat += 1
        self.progress = progress

    def show_event(self, event: Event, entry: LogEntry | None) -> None:
        """Show what the run has learned before, or in the end."""
        if isinstance(event, RunPrepared | RunEnded):
            self.show_epochs()

    def show_epochs(self) -> None:
        line, log = self._line, self._run.log
        line.run, line.scores = self._run.name, log.scores
        line.is_elsewhere = log.is_elsewhere
        if self._pane is not None and self._pane.is_mounted and self._pane.is_attached:
            self._pane.show_results(self._source.results)

    def say(self, entry: LogEntry) -> None:
        self._line.say(entry)

    # What the user asks for.

    async def show_pane(self, title: str, memory: object = None) -> None:
        """Bring a pane into sight; the work of the one before ends.

        Args:
            title: Which one.
            memory: What it is to show; None: what was chosen in it last.
        """
        place = TITLES.index(title)
        if memory is None and isinstance(self._pane, PANES[place]):
            return
        if not self._place.is_attached:
            # A hurried key, before the first frame or after the last: it is shown next.
            self._memory.title = title
            return
        self._remember()
        if self._pane is not None:
            await self._pane.remove()
        if not self._place.is_attached:
            return
        pane = PANES[place](self._source)
        pane.memory = self._memory.panes.get(title) if memory is None else memory
        self._pane, self._memory.title, self._tabs.active = pane, title, place
        await self._place.mount(pane)
        pane.focus()

    def _remember(self) -> None:
        if self._pane is not None and self._pane.is_mounted:
            self._memory.panes[self._pane.TITLE] = self._pane.remember()

    async def action_pane(self, title: str) -> None:
        """Bring a pane into sight; from there, a step back leads to the dashboard."""
        self._trail.clear()
        await self.show_pane(title)

    async def open_image(self, path: Path | None) -> None:
        """Read an image file in the pane Draw; without a path, let the user type one there."""
        await self.action_pane(DrawPane.TITLE)
        if isinstance(self._pane, DrawPane):
            self._pane.open_image(path)

    async def action_back(self) -> None:
        """Close what was opened last: something in the pane, the pane, or the screen."""
        if self._pane is not None and self._pane.step_back():
            return
        if self._trail:
            await self.show_pane(self._trail.pop())
        else:
            self.action_leave()

    def action_leave(self) -> None:
        self._remember()
        self.dismiss()

    async def on_tab_bar_chosen(self, event: TabBar.Chosen) -> None:
        await self.action_pane(TITLES[event.index])

    async def on_insight_pane_opened(self, event: InsightPane.Opened) -> None:
        """Show the pane that was opened from the one in sight."""
        if self._pane is not None:
            self._trail.append(self._pane.TITLE)
        await self.show_pane(event.title, event.memory)
