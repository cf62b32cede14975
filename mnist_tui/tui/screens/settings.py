"""The settings of the next run, or those of a live one that can change safely."""

from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.events import DescendantFocus, Resize
from textual.geometry import Size
from textual.screen import ModalScreen
from textual.suggester import SuggestFromList
from textual.widgets import Button, Input, Label, Static

from mnist_tui.tui.screens.draft import FIELDS, Draft, Field, to_text
from mnist_tui.tui.screens.one_of import OneOf
from mnist_tui.tui.screens.overlay import Overlay
from mnist_tui.tui.text.fitting import wrap_words
from mnist_tui.tui.widgets.lines import Line, Lines

_BROAD: Final = 72
"""From so many columns on there is room for the notes."""
_KEYS: Final = "↑↓ field · ←→ choose · ↵ apply · esc cancel"


class FieldLabels(Lines):
    """The names of the fields, one in a line."""

    def __init__(self, draft: Draft) -> None:
        super().__init__(id="labels")
        self._draft = draft

    def lines(self, width: int, height: int) -> list[Line]:
        return [[(field.label, self._tone(field))] for field in FIELDS]

    def _tone(self, field: Field) -> str:
        if self._draft.problem(field.name) is not None:
            return "bad"
        return "" if self._draft.is_open(field.name) else "muted"

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(FIELDS)


class FieldNotes(Lines):
    """What there is to say of each field, beside it. The last one may take more lines."""

    def __init__(self, draft: Draft) -> None:
        super().__init__(id="notes")
        self._draft = draft

    def update(self) -> None:
        """Show the draft as it is now."""
        self.redraw()
        if self.size.height != len(self.lines(self.size.width, 0)):
            self.refresh(layout=True)

    def lines(self, width: int, height: int) -> list[Line]:
        different = self._draft.differences()
        notes = []
        for field in FIELDS:
            text, tone = self._note(field)
            if field.name in different and tone == "muted":
                text, tone = (
                    f"recipe default: {to_text(field.name, different[field.name])}",
                    "accent",
                )
            notes.append((text, tone))
        *rest, (last, tone) = notes
        return [[note] for note in rest] + [
            [(line, tone)] for line in wrap_words(last, max(width, 1)) or [""]
        ]

    def _note(self, field: Field) -> tuple[str, str]:
        """A field's note, leaving out the recipe, and its tone."""
        problem, caution = self._draft.problem(field.name), self._draft.caution(field.name)
        if problem is not None:
            return f"✗ {problem}", "bad"
        if caution is not None:
            return f"! {caution}", "accent"
        return self._draft.hint(field) if self._draft.is_open(field.name) else "", "muted"

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self.lines(width, 0))


class SettingsScreen(ModalScreen[Draft], Overlay[Draft]):
    """A form of one line for each field; gives back the draft to apply, or None.

    The names and the notes of all fields are one widget each: mounting and styling a widget
    for each of them took most of the time until the form was on the screen.
    """

    DEFAULT_CSS = """
    SettingsScreen {
        align: center middle;
        & > Vertical {
            width: 80;
            max-width: 100%;
            height: auto;
            max-height: 100%;
            overflow-y: auto;
            padding: 0 1;
            border: round $border;
            border-title-style: bold;
            background: $surface;
            scrollbar-size-vertical: 1;
            scrollbar-background: $surface;
            scrollbar-background-hover: $surface;
        }
        #fields { height: auto; }
        #labels { width: 14; height: auto; }
        #controls { width: 24; height: auto; }
        #controls > Input { background: $foreground 8%; }
        #controls > Input:focus { background: $foreground 16%; background-tint: transparent; }
        #controls > *:disabled { opacity: 55%; }
        #notes { width: 1fr; height: auto; margin-left: 1; }
        #meaning { margin-top: 1; height: auto; min-height: 2; }
        #meaning.-different { color: $text-warning; }
        #ends { height: 1; align-horizontal: right; }
        #ends > Label { width: 1fr; color: $text-error; }
        #ends > Button { margin-left: 2; }
        &.-narrow {
            #controls { width: 1fr; }
            #notes { display: none; }
        }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "apply", "Apply"),
        Binding("escape", "cancel", "Cancel"),
        Binding("up", "app.focus_previous", "Field above", show=False),
        Binding("down", "app.focus_next", "Field below", show=False),
    ]

    def __init__(self, draft: Draft) -> None:
        super().__init__()
        self._draft = draft

    def on_resize(self, event: Resize) -> None:
        """Leave the notes out where they have no room."""
        self.set_class(event.size.width < _BROAD, "-narrow")

    def compose(self) -> ComposeResult:
        # Before anything is styled; Textual's breakpoints come after that, and style all again.
        self.set_class(self.app.size.width < _BROAD, "-narrow")
        with Vertical() as form:
            form.border_title = (
                "Settings of the live run" if self._draft.is_live else "Settings of the next run"
            )
            form.border_subtitle = _KEYS
            with Horizontal(id="fields"):
                yield FieldLabels(self._draft)
                with Vertical(id="controls"):
                    for field in FIELDS:
                        yield self._control(field)
                yield FieldNotes(self._draft)
            # With its text from the start: an update would lay the screen out once more.
            yield Static(Content(self._draft.meaning()), id="meaning", classes=self._difference())
            with Horizontal(id="ends"):
                yield Label(id="why-not")
                yield Button("Apply", id="apply", compact=True, variant="primary")
                yield Button("Cancel", id="cancel", compact=True)

    def _control(self, field: Field) -> OneOf | Input:
        name, text = field.name, self._draft.texts[field.name]
        # Closed from the start: a change would style it once more.
        is_closed = not self._draft.is_open(name)
        if field.options:
            return OneOf(field.options, text, id=name, disabled=is_closed)
        known = self._draft.suggestions(name)
        suggester = SuggestFromList(known, case_sensitive=False) if known else None
        return Input(
            text,
            id=name,
            compact=True,
            select_on_focus=True,
            suggester=suggester,
            disabled=is_closed,
        )

    def _difference(self) -> str:
        return "-different" if self._draft.differences() else ""

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        name = event.input.id or ""
        if self._draft.texts.get(name) != event.value:
            self._draft.write(name, event.value)
            self._show()

    @on(OneOf.Changed)
    def _chosen(self, event: OneOf.Changed) -> None:
        self._draft.write(event.one_of.id or "", event.value)
        self._fill()
        self._show()

    def _fill(self) -> None:
        """Bring the fields up to the draft, which a recipe may have changed."""
        for field in FIELDS:
            control = self.query_one(f"#{field.name}")
            assert isinstance(control, OneOf | Input)
            if control.value != self._draft.texts[field.name]:
                control.value = self._draft.texts[field.name]

    def _show(self) -> None:
        self.query_one(FieldLabels).redraw()
        self.query_one(FieldNotes).update()
        self.on_descendant_focus()
        meaning = self.query_one("#meaning", Static)
        meaning.update(Content(self._draft.meaning()))
        meaning.set_class(bool(self._difference()), "-different")
        self.query_one("#apply", Button).disabled = self._draft.has_problems
        self.query_one("#why-not", Label).update("")

    def on_descendant_focus(self, event: DescendantFocus | None = None) -> None:
        """Where there is no room for notes, say in the border what is wrong with this field."""
        focused = self.focused.id if self.focused is not None else None
        is_field = focused in self._draft.texts
        problem = self._draft.problem(focused) if focused is not None and is_field else None
        is_shown = problem is not None and self.has_class("-narrow")
        self.query_one("SettingsScreen > Vertical").border_subtitle = (
            f"✗ {problem}" if is_shown else _KEYS
        )

    @on(Input.Submitted)
    @on(Button.Pressed, "#apply")
    def action_apply(self) -> None:
        """Hand the draft back, if it can be used."""
        wrong = next((field for field in FIELDS if self._draft.problem(field.name)), None)
        if wrong is None:
            # Keys that wait may still come to the fields before the draft is used.
            self.dismiss(self._draft.snapshot())
            return
        self.query_one(f"#{wrong.name}").focus()
        self.query_one("#why-not", Label).update(f"Fix the {wrong.label} first.")

    @on(Button.Pressed, "#cancel")
    def action_cancel(self) -> None:
        self.dismiss(None)
