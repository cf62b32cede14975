"""A line of text to be typed, over the screen."""

from collections.abc import Callable
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Label

from mnist_tui.tui.screens.overlay import Overlay

_HINT: Final = "enter takes it, esc cancels"


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
        &.-wrong > Vertical { border-subtitle-color: $text-error; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "Cancel")]

    def __init__(
        self,
        title: str,
        text: str,
        value: str = "",
        problem: Callable[[str], str | None] = lambda typed: None,
    ) -> None:
        """Ask for what begins as `value`; `problem` says, in few words, what to type instead."""
        super().__init__()
        self._asked, self._text, self._value = title, text, value
        self._problem = problem

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = self._asked
            box.border_subtitle = _HINT
            yield Label(self._text, markup=False)
            yield Input(self._value, compact=True)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Say what is wrong with the text while it is typed."""
        problem = self._problem(event.value.strip())
        self.set_class(problem is not None, "-wrong")
        self.query_one(Vertical).border_subtitle = _HINT if problem is None else problem

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take the text, if nothing is wrong with it."""
        if self._problem(event.value.strip()) is None:
            self.dismiss(event.value.strip())

    def action_cancel(self) -> None:
        self.dismiss(None)
