"""The fields of the settings form, one in a line."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final, NamedTuple

from rich.cells import cell_len
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.suggester import SuggestFromList
from textual.widgets import Input

from mnist_tui.tui.screens.draft import FIELDS, Draft, Field, to_text
from mnist_tui.tui.text.fitting import pad, shorten, wrap_words
from mnist_tui.tui.widgets.lines import Line, Lines
from mnist_tui.tui.widgets.pressable import Pressable

_NAMES: Final = 14
"""Columns for the names of the fields."""
_VALUES: Final = 24
"""Columns for their values, where there are notes beside them."""
_BROAD: Final = 68
"""From so many columns on there is room for the notes."""


class Place(NamedTuple):
    """What can be clicked: a field, or one of the words that it is chosen from."""

    row: int
    word: str | None


class FieldRows(Pressable[Place], Lines, can_focus=True):
    """Each field's name, its value, and what there is to say of it.

    One widget draws all of them, and a text is typed into the one Input, which lies over the
    value in question: to mount and to style a widget or more for each of the fields took most
    of the time until the form was on the screen.
    """

    DEFAULT_CSS = """
    FieldRows {
        height: auto;
        & > Input { position: absolute; width: 24; background: $foreground 16%; }
        & > Input:focus { background: $foreground 16%; background-tint: transparent; }
    }
    """
    FOCUS_ON_CLICK: ClassVar[bool] = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "step(-1)", "Previous", show=False),
        Binding("right,space", "step(1)", "Next", show=False),
    ]

    class Changed(Message):
        """The draft has changed, or another field is edited."""

    def __init__(self, draft: Draft) -> None:
        """`draft` is shown, and changed as the user types."""
        super().__init__()
        self._draft = draft
        self._open = [row for row, field in enumerate(FIELDS) if draft.is_open(field.name)]
        self._at = self._open[0]
        self._input = Input(draft.texts[self.current.name], compact=True, select_on_focus=True)

    @property
    def current(self) -> Field:
        """The field that is edited."""
        return FIELDS[self._at]

    @property
    def has_notes(self) -> bool:
        """Whether there is room for the notes beside the values."""
        return self.size.width >= _BROAD

    def compose(self) -> ComposeResult:
        self._input.display = False
        yield self._input

    def on_resize(self) -> None:
        """Let the text be as wide as there is room for, which is known only now."""
        self._input.styles.width = self._width_of_values(self.size.width)

    # What is seen.

    def lines(self, width: int, height: int) -> list[Line]:
        values = self._width_of_values(width)
        rows: list[Line] = [
            [(pad(field.label, _NAMES), self._tone(field)), *self._value(row, values)]
            for row, field in enumerate(FIELDS)
        ]
        return rows if width < _BROAD else self._with_notes(rows, width)

    def _with_notes(self, rows: list[Line], width: int) -> list[Line]:
        """The rows with a note behind each. The last one may take more lines."""
        start = _NAMES + _VALUES + 1
        room = max(width - start, 1)
        different = self._draft.differences()
        notes = [self._note(field, different) for field in FIELDS]
        last, tone = notes.pop()
        lines = [(shorten(note, room), tone) for note, tone in notes]
        lines += [(line, tone) for line in wrap_words(last, room) or [""]]
        empty: list[Line] = [[(" " * (start - 1), "")]] * (len(lines) - len(rows))
        return [[*row, (" ", ""), note] for row, note in zip([*rows, *empty], lines, strict=True)]

    def _width_of_values(self, width: int) -> int:
        return _VALUES if width >= _BROAD else max(width - _NAMES, 1)

    def _tone(self, field: Field) -> str:
        if self._draft.problem(field.name) is not None:
            return "bad"
        return "" if self._draft.is_open(field.name) else "muted"

    def _value(self, row: int, width: int) -> Line:
        """A field's value, or all that it is chosen from."""
        field, text = FIELDS[row], self._draft.texts[FIELDS[row].name]
        is_open = self._draft.is_open(field.name)
        if not field.options:
            # One column less than an Input has, as that keeps one for its cursor.
            return [(pad(shorten(text, width - 1), width), "value" if is_open else "muted")]
        chosen = "chosen" if row == self._at else "kept"
        pieces = [
            (
                word,
                (chosen if is_open else "muted") if value == text else "" if is_open else "muted",
            )
            for value, word in self._words(field, width)
        ]
        used = sum(cell_len(word) for word, _ in pieces)
        return [*pieces, (" " * max(width - used, 0), "")]

    def _words(self, field: Field, width: int) -> list[tuple[str, str]]:
        """What a field is chosen from, each as it is written; if need be the chosen one alone."""
        text = self._draft.texts[field.name]
        words = [(word, f" {word} ") for word in field.options]
        is_narrow = sum(cell_len(word) for _, word in words) > width
        return (
            [(text, f"‹ {text} ›")] if is_narrow or not self._draft.is_open(field.name) else words
        )

    def _note(self, field: Field, different: Mapping[str, Any]) -> tuple[str, str]:
        """What there is to say of a field, and its tone."""
        problem, caution = self._draft.problem(field.name), self._draft.caution(field.name)
        if problem is not None:
            return f"✗ {problem}", "bad"
        if caution is not None:
            return f"! {caution}", "accent"
        if field.name in different:
            return f"recipe default: {to_text(field.name, different[field.name])}", "accent"
        return self._draft.hint(field) if self._draft.is_open(field.name) else "", "muted"

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self.lines(width, 0))

    # What the user does.

    def go(self, row: int) -> None:
        """Edit the field in that row, if it is open."""
        self.commit()
        if row not in self._open:
            return
        self._at, field = row, FIELDS[row]
        if field.options:
            self.focus(scroll_visible=False)
            self._input.display = False
        else:
            known = self._draft.suggestions(field.name)
            self._input.suggester = SuggestFromList(known, case_sensitive=False) if known else None
            self._input.value = self._draft.texts[field.name]
            self._input.styles.offset = (_NAMES, row)
            self._input.display = True
            self._input.focus(scroll_visible=False)
            self._input.action_select_all()
        self.scroll_to_region(Region(0, row, 1, 1))
        self._show()

    def move(self, rows: int) -> None:
        """Go to another open field, around the ends."""
        place = self._open.index(self._at) + rows
        self.go(self._open[place % len(self._open)])

    def commit(self) -> None:
        """Write what was typed last into the draft."""
        if not self.current.options:
            self._write(self._input.value)

    def action_step(self, direction: int) -> None:
        """Choose the word beside, around the ends."""
        if self.current.options:
            self._write(self._beside(self.current, direction))

    def _beside(self, field: Field, direction: int) -> str:
        text = self._draft.texts[field.name]
        place = field.options.index(text) if text in field.options else -direction
        return field.options[(place + direction) % len(field.options)]

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        # It may be of a field that has been left since.
        if event.value == self._input.value and not self.current.options:
            self._write(event.value)

    def _write(self, text: str) -> None:
        if text != self._draft.texts[self.current.name]:
            self._draft.write(self.current.name, text)
            self._show()

    def _show(self) -> None:
        self.redraw()
        if self.size.height != len(self.lines(self.size.width, 0)):
            self.refresh(layout=True)
        self.post_message(self.Changed())

    def thing_at(self, event: events.MouseEvent) -> Place | None:
        """The field under the pointer, and the word."""
        x, row = event.get_content_offset_capture(self)
        if row not in self._open:
            return None
        field, x = FIELDS[row], x - _NAMES
        words = self._words(field, self._width_of_values(self.size.width)) if field.options else []
        for value, word in words:
            if 0 <= x < cell_len(word):
                return Place(row, value if len(words) > 1 else self._beside(field, 1))
            x -= cell_len(word)
        return Place(row, None)

    def press(self, thing: Place) -> None:
        """Edit the field, and choose the word."""
        self.go(thing.row)
        if thing.word is not None:
            self._write(thing.word)
