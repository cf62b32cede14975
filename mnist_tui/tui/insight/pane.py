"""What every pane of the insight screen is."""

from dataclasses import dataclass
from typing import ClassVar, Final

from textual.message import Message
from textual.widget import Widget

from mnist_tui.engine.insight import Insight
from mnist_tui.tui.insight.source import InsightSource


class InsightPane(Widget, can_focus=True):
    """One pane. It is mounted while it is in sight, and removed when another one comes.

    So its timers and workers end with it (Textual stops them on removal), and what a person
    chose in it is handed on: `remember` is asked as it goes, `recall` is called before the
    first `show_insight` of the next one of its kind. Its BINDINGS stand in the footer.
    """

    TITLE: ClassVar[str] = ""
    """What its tab is called."""
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

    def show_insight(self, insight: Insight) -> None:
        """Show what the validations showed. On mount, and after each validation. UI thread."""

    def remember(self) -> object:
        """What the next pane of this kind should know: what was chosen, what was drawn."""
        return None

    def recall(self, memory: object) -> None:
        """Take up what one before remembered; children are mounted already."""
