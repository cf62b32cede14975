"""The question that q asks while a run is live."""

from typing import ClassVar, Literal

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Label, OptionList
from textual.widgets.option_list import Option

from mnist_tui import formatting
from mnist_tui.run.progress import Progress
from mnist_tui.tui.screens.overlay import Overlay

Choice = Literal["save", "discard", "cancel"]
"""Save and quit; quit without saving; go on."""


class QuitDialog(ModalScreen[Choice], Overlay[Choice]):
    """Asks what is to become of a live run."""

    DEFAULT_CSS = """
    QuitDialog {
        align: center middle;
        & > VerticalScroll {
            width: 50;
            max-width: 100%;
            height: auto;
            max-height: 100%;
            padding: 1 2;
            border: round $border;
            background: $surface;
            scrollbar-size: 0 0;
        }
        Label { width: 1fr; margin-bottom: 1; }
        OptionList { height: auto; padding: 0; border: none; background: $surface; }
        OptionList:focus { border: none; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "choose('save')", "Save and quit"),
        Binding("w", "choose('discard')", "Quit without saving"),
        Binding("escape,c,q", "choose('cancel')", "Cancel"),
    ]

    def __init__(self, progress: Progress) -> None:
        """`progress` says how far the run is."""
        super().__init__()
        self._progress = progress

    def _question(self) -> str:
        progress = self._progress
        if not progress.batches:
            return "The run is just starting."
        return (
            f"Epoch {progress.epoch} of {progress.epochs}, "
            f"batch {formatting.count(progress.batch)} of {formatting.count(progress.batches)}."
        )

    def compose(self) -> ComposeResult:
        """As Screen asks."""
        with VerticalScroll(can_focus=False) as box:
            box.border_title = "Quit while a run is live?"
            yield Label(self._question())
            yield OptionList(
                Option("s    Save and quit", "save"),
                Option("w    Quit without saving", "discard"),
                Option("esc  Cancel", "cancel"),
            )

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Take an option for an answer."""
        self.action_choose(event.option_id or "cancel")

    def action_choose(self, choice: str) -> None:
        """Answer."""
        answers: dict[str, Choice] = {"save": "save", "discard": "discard"}
        self.dismiss(answers.get(choice, "cancel"))
