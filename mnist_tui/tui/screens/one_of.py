"""A choice of one among a few words, all in sight."""

from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import reactive

from mnist_tui.tui.widgets.lines import Line, Lines
from mnist_tui.tui.widgets.pressable import Pressable


class OneOf(Pressable[str], Lines, can_focus=True):
    """One line of words, one of which is chosen: by arrow, space or click."""

    DEFAULT_CSS = """
    OneOf {
        height: 1;
        & > .lines--chosen { background: $primary 35%; text-style: bold; }
        &:focus > .lines--chosen { color: $background; background: $primary; text-style: bold; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"lines--chosen"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "step(-1)", "Previous", show=False),
        Binding("right,space", "step(1)", "Next", show=False),
    ]

    value: reactive[str] = reactive("", repaint=False)
    """The word that is chosen."""

    @dataclass
    class Changed(Message):
        """A person chose another word."""

        one_of: "OneOf"
        value: str

        @property
        def control(self) -> "OneOf":
            """The widget that it happened to."""
            return self.one_of

    def __init__(
        self, options: tuple[str, ...], value: str, *, id: str | None = None, disabled: bool = False
    ) -> None:
        """`options` are the words; `value` is the one chosen at first."""
        super().__init__(id=id, disabled=disabled)
        self._options = options
        self.set_reactive(OneOf.value, value)

    def watch_value(self) -> None:
        self.redraw()

    def lines(self, width: int, height: int) -> list[Line]:
        """As Lines asks: all of them, or where they do not fit the chosen one alone."""
        words = [(f" {word} ", "chosen" if word == self.value else "") for word in self._options]
        if sum(cell_len(word) for word, _ in words) > width:
            return [[(f"‹ {self.value} ›", "chosen")]]
        return [words]

    def action_step(self, direction: int) -> None:
        """Go to the word beside, around the ends."""
        self._choose(self._beside(direction))

    def _beside(self, direction: int) -> str:
        index = self._options.index(self.value) if self.value in self._options else -direction
        return self._options[(index + direction) % len(self._options)]

    def thing_at(self, event: events.MouseEvent) -> str | None:
        """The word under the pointer; where only the chosen one is in sight, the one after it."""
        x = event.get_content_offset_capture(self).x
        pieces = self.lines(self.content_size.width, 1)[0]
        if len(pieces) < len(self._options):
            return self._beside(1)
        for word, (text, _) in zip(self._options, pieces, strict=True):
            if 0 <= x < cell_len(text):
                return word
            x -= cell_len(text)
        return None

    def press(self, thing: str) -> None:
        self._choose(thing)

    def _choose(self, word: str) -> None:
        if word != self.value:
            self.value = word
            self.post_message(self.Changed(self, word))
