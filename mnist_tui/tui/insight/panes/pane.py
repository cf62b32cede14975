"""What every pane of the insight screen is."""

from dataclasses import dataclass
from typing import ClassVar, Final

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widget import Widget

from mnist_tui.run.validation import ValidationResults
from mnist_tui.tui.insight.source import InsightSource

ARROWS: Final[tuple[BindingType, ...]] = (
    Binding("left", "move(-1, 0)", show=False),
    Binding("right", "move(1, 0)", show=False),
    Binding("up", "move(0, -1)", show=False),
    Binding("down", "move(0, 1)", show=False),
)
"""The keys of a pane in which something is chosen, or a pen is moved."""

ENDS: Final[tuple[BindingType, ...]] = (
    Binding("home", "edge(-1)", show=False),
    Binding("end", "edge(1)", show=False),
)
"""The keys to the first and to the last."""


class InsightPane(Widget, can_focus=True):
    """One pane. It is mounted while it is in sight, and removed when another one comes.

    So its timers and workers end with it (Textual stops them on removal), and what a person
    chose in it is handed on: `remember` is asked as it goes, `recall` is called before the
    first `show_insight` of the next one of its kind. Its BINDINGS stand in the footer.
    """

    TITLE: ClassVar[str] = ""
    """What its tab is called."""
    WHEEL: ClassVar[str] = ""
    """The action that the wheel does, with -1 or 1; empty: it does nothing."""
    DEFAULT_CSS = """
    InsightPane {
        width: 1fr;
        height: 1fr;
        padding: 0 1;
        overflow: hidden;
        layout: vertical;
    }
    """

    @dataclass
    class Opened(Message):
        """A pane wants another one to be shown, with this in its memory."""

        title: str
        """The TITLE of that pane."""
        memory: object

    def __init__(self, source: InsightSource) -> None:
        super().__init__()
        self.source: Final = source
        """The run that it is about."""
        self.memory: object = None
        """What one before remembered; set before it is mounted."""

    def on_mount(self) -> None:
        """Begin; Textual calls this after the subclass's own `on_mount`."""
        if self.memory is not None:
            self.recall(self.memory)
        self.show_insight(self.source.insight)

    def refresh_bindings(self) -> None:
        """As Widget; what comes after a frame may come when the pane is gone already."""
        if self.is_attached:
            super().refresh_bindings()

    async def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Go back."""
        await self._turn(event, -1)

    async def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Go on."""
        await self._turn(event, 1)

    async def _turn(self, event: events.Event, direction: int) -> None:
        if self.WHEEL:
            event.stop()
            await self.run_action(f"{self.WHEEL}({direction})")

    def show_insight(self, insight: ValidationResults) -> None:
        """Show what the validations showed. On mount, and after each validation. UI thread."""

    def remember(self) -> object:
        """What the next pane of this kind should know: what was chosen, what was drawn."""
        return None

    def step_back(self) -> bool:
        """Close what the user opened in this pane last; False when there is nothing to close."""
        return False

    def recall(self, memory: object) -> None:
        """Take up what one before remembered; children are mounted already."""
