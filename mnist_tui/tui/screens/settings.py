"""The settings of the next run, or those of a live one that can change safely."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Label, Static

from mnist_tui.tui.screens.draft import FIELDS, Draft, Field, to_text
from mnist_tui.tui.screens.one_of import OneOf
from mnist_tui.tui.screens.overlay import Overlay


class SettingsScreen(ModalScreen[Draft], Overlay[Draft]):
    """A form of one line for each field; gives back the draft to apply, or None."""

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
        .row { height: auto; }
        .row > Label { width: 14; }
        .row > Input { width: 24; background: $foreground 8%; }
        .row > Input:focus { background: $foreground 16%; background-tint: transparent; }
        .row > OneOf { width: 24; }
        .row > .note { width: 1fr; padding: 0 0 0 1; color: $foreground 62%; }
        /* Rows that grow under one's hands make the mouse miss; below the last one it may. */
        .row > .note { height: 1; }
        #row-name > .note { height: auto; }
        .row.-different > .note { color: $text-accent; }
        .row.-wrong > .note { color: $text-error; }
        .row.-wrong > Label { color: $text-error; text-style: bold; }
        .row.-fixed > Label, .row.-fixed > OneOf, .row.-fixed > Input { opacity: 55%; }
        #meaning { margin-top: 1; height: auto; }
        #meaning.-different { color: $text-warning; }
        #ends { height: 1; align-horizontal: right; }
        #ends > Label { width: 1fr; color: $text-error; }
        #ends > Button { margin-left: 2; }
        &.-narrow {
            .row > Input, .row > OneOf { width: 1fr; }
            .row { layout: horizontal; }
            .row > .note { display: none; }
            .row.-wrong { layout: vertical; }
            .row.-wrong > .note { display: block; width: 100%; height: auto; }
        }
    }
    """
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (72, "-broad")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "apply", "Apply"),
        Binding("escape", "cancel", "Cancel"),
        Binding("up", "app.focus_previous", "Field above", show=False),
        Binding("down", "app.focus_next", "Field below", show=False),
    ]

    def __init__(self, draft: Draft) -> None:
        """`draft` is shown, and changed as one types."""
        super().__init__()
        self._draft = draft

    def compose(self) -> ComposeResult:
        """As Screen asks."""
        with Vertical() as form:
            form.border_title = (
                "Settings of the live run" if self._draft.is_live else "Settings of the next run"
            )
            form.border_subtitle = "↑↓ field · ←→ choose · ↵ apply · esc cancel"
            for field in FIELDS:
                with Horizontal(classes="row", id=f"row-{field.name}"):
                    yield Label(field.label)
                    yield self._control(field)
                    yield Static(classes="note", markup=False)
            yield Static(id="meaning", markup=False)
            with Horizontal(id="ends"):
                yield Label(id="why-not")
                yield Button("Apply", id="apply", compact=True, variant="primary")
                yield Button("Cancel", id="cancel", compact=True)

    def _control(self, field: Field) -> OneOf | Input:
        text = self._draft.texts[field.name]
        control: OneOf | Input
        if field.options:
            control = OneOf(field.options, text, id=field.name)
        else:
            control = Input(text, id=field.name, compact=True, select_on_focus=True)
        control.disabled = not self._draft.is_open(field.name)
        return control

    def on_mount(self) -> None:
        """Say of each field what there is to say."""
        for field in FIELDS:
            is_fixed = not self._draft.is_open(field.name)
            self.query_one(f"#row-{field.name}").set_class(is_fixed, "-fixed")
        self._show()

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
        draft = self._draft
        different = draft.differences()
        for field in FIELDS:
            problem, caution = draft.problem(field.name), draft.caution(field.name)
            row = self.query_one(f"#row-{field.name}")
            row.set_class(problem is not None, "-wrong")
            is_different = field.name in different or caution is not None
            row.set_class(problem is None and is_different, "-different")
            note = field.hint
            if problem is not None:
                note = f"✗ {problem}"
            elif caution is not None:
                note = f"! {caution}"
            elif field.name in different:
                note = f"recipe default: {to_text(different[field.name])}"
            elif not draft.is_open(field.name):
                note = ""
            row.query_one(".note", Static).update(Content(note))
        meaning = self.query_one("#meaning", Static)
        meaning.update(Content(draft.meaning()))
        meaning.set_class(bool(different), "-different")
        self.query_one("#apply", Button).disabled = draft.has_problems
        self.query_one("#why-not", Label).update("")

    @on(Input.Submitted)
    @on(Button.Pressed, "#apply")
    def action_apply(self) -> None:
        """Hand the draft back, if it can be used."""
        wrong = next((field for field in FIELDS if self._draft.problem(field.name)), None)
        if wrong is None:
            # Keys that wait may still come to the fields, before whoever asked looks at it.
            self.dismiss(self._draft.snapshot())
            return
        self.query_one(f"#{wrong.name}").focus()
        self.query_one("#why-not", Label).update(f"Fix the {wrong.label} first.")

    @on(Button.Pressed, "#cancel")
    def action_cancel(self) -> None:
        """Change nothing."""
        self.dismiss(None)
