"""How a run ended: a panel that stays until the next one starts."""

from dataclasses import dataclass

from rich.cells import cell_len
from textual.geometry import Size
from textual.reactive import reactive

from mnist_tui.run.state import State
from mnist_tui.tui.widgets.lines import Line, Lines, pad, wrap_words

Fact = tuple[str, str]
"""A label and a value."""

_LABEL = 12
_BETWEEN = 2


@dataclass(frozen=True)
class Ending:
    """What is left to say about a run."""

    state: State
    message: str
    hint: str
    facts: tuple[Fact, ...]
    is_elsewhere: bool = False
    """Whether another process goes on with it."""


class Outcome(Lines):
    """The summary of a run that is over, or what failed and what to do about it."""

    DEFAULT_CSS = """
    Outcome {
        height: auto;
        padding: 0 1;
        display: none;
        border: round $success;
        border-title-style: bold;
        &.-any { display: block; }
        &.-stopped { border: round $warning; }
        &.-failed { border: round $error; }
    }
    """

    ending: reactive[Ending | None] = reactive(None, repaint=False)
    """How the run ended; None hides the panel."""

    def watch_ending(self, ending: Ending | None) -> None:
        """Show it."""
        self.set_class(ending is not None, "-any")
        found = ending.state if ending is not None and not ending.is_elsewhere else None
        for state in (State.STOPPED, State.FAILED):
            self.set_class(found is state, f"-{state}")
        if ending is not None:
            self.border_title = _title(ending)
        self._shown = None
        self.refresh(layout=True)

    def lines(self, width: int, height: int) -> list[Line]:
        """What happened, what to do, and then the facts."""
        ending = self.ending
        if ending is None:
            return []
        bad = "bad" if ending.state is State.FAILED else "strong"
        lines: list[Line] = [[(text, bad)] for text in wrap_words(ending.message, width)]
        if ending.hint:
            lines += [[(text, "")] for text in wrap_words(ending.hint, width)]
        return [*lines, *fact_lines(ending.facts, width)][:height]

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As Widget asks: room for all of it."""
        return len(self.lines(width, 100))


def _title(ending: Ending) -> str:
    if ending.is_elsewhere:
        return "● training elsewhere"
    glyph = {State.FINISHED: "✓", State.STOPPED: "■"}.get(ending.state, "✗")
    return f"{glyph} {ending.state}"


def fact_lines(facts: tuple[Fact, ...], width: int) -> list[Line]:
    """The facts in their order, two in a line where both are short; a long one is wrapped."""
    column = (width - _BETWEEN) // 2
    lines: list[Line] = []
    waiting = list(facts)
    while waiting:
        few = waiting[:2]
        if len(few) == 2 and all(_LABEL + cell_len(value) <= column for _, value in few):
            (label, value), (label2, value2) = few
            left: Line = [(pad(label, _LABEL), "muted"), (pad(value, column - _LABEL), "")]
            lines.append(
                [*left, (" " * _BETWEEN, ""), (pad(label2, _LABEL), "muted"), (value2, "")]
            )
            del waiting[:2]
            continue
        label, value = waiting.pop(0)
        for part in wrap_words(value, width - _LABEL):
            lines.append([(pad(label, _LABEL), "muted"), (part, "")])
            label = ""
    return lines
