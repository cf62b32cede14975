"""A line of text to be typed, over the screen."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Label

from mnist_tui.tui.screens.overlay import Overlay


class TextEntry(ModalScreen[str], Overlay[str]):
    """Asks for a line of text; the result is None when it is cancelled."""

    DEFAULT_CSS = """
    TextEntry {
        align: center middle;
        & > Vertical {
            width: 60;
            max-width: 100%;
            height: auto;
            padding: 1 2;
            border: round $border;
            background: $surface;
        }
        Label { width: 1fr; margin-bottom: 1; color: $text-muted; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "Cancel")]

    def __init__(self, title: str, text: str, value: str = "") -> None:
        """Make an entry.

        Args:
            title: What is asked for.
            text: What the user should know.
            value: What there is now.
        """
        super().__init__()
        self._asked, self._text, self._value = title, text, value

    def compose(self) -> ComposeResult:
        """The text over the field."""
        with Vertical() as box:
            box.border_title = self._asked
            box.border_subtitle = "enter takes it, esc cancels"
            yield Label(self._text, markup=False)
            yield Input(self._value, compact=True)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take the text."""
        self.dismiss(event.value.strip())

    def action_cancel(self) -> None:
        """Take nothing."""
        self.dismiss(None)
