"""The base class of the insight screen's panes."""

from dataclasses import dataclass, field
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
"""The keys that choose a neighbor, or move the pen: columns to the right and rows down."""

ENDS: Final[tuple[BindingType, ...]] = (
    Binding("home", "edge(-1)", show=False),
    Binding("end", "edge(1)", show=False),
)
"""The keys to the first and to the last one."""


@dataclass
class InsightMemory:
    """What the insight screen showed when it was closed, for when it is opened again."""

    title: str = ""
    """The pane that was in sight; empty: the first."""
    panes: dict[str, object] = field(default_factory=dict)
    """What each pane remembers, by its title."""


class InsightPane(Widget, can_focus=True):
    """One pane. It is mounted while it is in sight, and removed when another one comes.

    So its timers and workers end with it. What the user chose in it goes to the next pane of its
    kind: `remember` is called when it is removed, `recall` before the first `show_results`. Its
    BINDINGS are in the footer.
    """

    TITLE: ClassVar[str] = ""
    """The name on its tab."""
    WHEEL: ClassVar[str] = ""
    """The action that the mouse wheel runs, with -1 or 1; empty: none."""
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
        """The user opened another pane from this one, with this in its memory."""

        title: str
        """The TITLE of that pane."""
        memory: object

    def __init__(self, source: InsightSource) -> None:
        super().__init__()
        self.source: Final = source
        """The run that it shows."""
        self.memory: object = None
        """What an earlier pane remembered; set before this one is mounted."""

    def on_mount(self) -> None:
        """Begin; Textual calls this after the subclass's own `on_mount`."""
        if self.memory is not None:
            self.recall(self.memory)
        self.show_results(self.source.results)

    def refresh_bindings(self) -> None:
        """Refresh the footer, unless the pane is gone: callbacks after a frame may come later."""
        if self.is_attached:
            super().refresh_bindings()

    async def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Run the wheel's action backwards."""
        await self._turn_wheel(event, -1)

    async def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Run the wheel's action forwards."""
        await self._turn_wheel(event, 1)

    async def _turn_wheel(self, event: events.Event, direction: int) -> None:
        if self.WHEEL:
            event.stop()
            await self.run_action(f"{self.WHEEL}({direction})")

    def show_results(self, results: ValidationResults) -> None:
        """Show the results of the validations. On mount, and after each validation. UI thread."""

    def remember(self) -> object:
        """Return what the next pane of this kind should know."""
        return None

    def recall(self, memory: object) -> None:
        """Take up what an earlier pane remembered; the children are mounted already."""

    def step_back(self) -> bool:
        """Close what the user opened in this pane last; False when there is nothing to close."""
        return False
