"""The settings of the next run, or those of a live one that can change safely."""

from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static

from mnist_tui.tui.insight.widgets.text_lines import ActionLine, Part
from mnist_tui.tui.screens.draft import FIELDS, Draft
from mnist_tui.tui.screens.field_rows import FieldRows
from mnist_tui.tui.screens.overlay import Dialog

_KEYS: Final = "↑↓ field · ←→ choose"
_ENDS: Final[tuple[Part, ...]] = (
    ("↵", "accent", "screen.apply"),
    (" Apply", "muted", "screen.apply"),
    ("  ", "", ""),
    ("esc", "accent", "screen.dismiss"),
    (" Cancel", "muted", "screen.dismiss"),
)
"""What closes the form, by key or click."""


class SettingsScreen(Dialog[Draft]):
    """A form of one line for each field; gives back the draft to apply, or None."""

    DEFAULT_CSS = """
    SettingsScreen {
        & > Vertical {
            width: 80;
            overflow-y: auto;
            padding: 0 1;
            border-title-style: bold;
            scrollbar-background: $surface;
            scrollbar-background-hover: $surface;
        }
        #meaning { margin-top: 1; height: auto; min-height: 2; }
        #meaning.-different { color: $text-warning; }
        #meaning.-refused { color: $text-error; }
    }
    """
    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "apply", "Apply"),
        Binding("up,shift+tab", "move(-1)", "Field above", show=False),
        Binding("down,tab", "move(1)", "Field below", show=False),
    ]

    def __init__(self, draft: Draft) -> None:
        super().__init__()
        self._draft = draft
        self._refused: dict[str, str] = {}
        """What could not be applied."""
        self._rows = FieldRows(draft)
        # With its text from the start: an update would lay the screen out once more.
        self._meaning = Static(Content(draft.meaning()), id="meaning", classes=self._difference())
        self._form = Vertical(self._rows, self._meaning, ActionLine())

    def compose(self) -> ComposeResult:
        self._form.border_title = (
            "Settings of the live run" if self._draft.is_live else "Settings of the next run"
        )
        self._form.border_subtitle = _KEYS
        yield self._form

    def on_mount(self) -> None:
        """Edit the first field."""
        self.query_one(ActionLine).parts = _ENDS
        self._rows.move(0)

    def _difference(self) -> str:
        return "-different" if self._draft.differences() else ""

    def on_field_rows_changed(self) -> None:
        """Show what the draft means now and, where there are no notes, what is wrong."""
        problem = self._draft.problem(self._rows.current.name)
        is_shown = problem is not None and not self._rows.has_notes
        self._form.border_subtitle = f"✗ {problem}" if is_shown else _KEYS
        if self._draft.texts == self._refused:
            wrong = FIELDS[self._draft.first_wrong or 0]
            self._meaning.update(Content(f"Fix the {wrong.label} first."))
            self._meaning.set_classes("-refused")
        else:
            self._meaning.update(Content(self._draft.meaning()))
            self._meaning.set_classes(self._difference())

    def action_move(self, rows: int) -> None:
        self._rows.move(rows)

    @on(Input.Submitted)
    def action_apply(self) -> None:
        """Hand the draft back, if it can be used."""
        self._rows.commit()
        wrong = self._draft.first_wrong
        if wrong is None:
            # Keys that wait may still come to the fields before the draft is used.
            self.dismiss(self._draft.snapshot())
            return
        self._refused = dict(self._draft.texts)
        self._rows.go(wrong)
