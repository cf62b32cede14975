"""How a run ended: a panel until it is closed or the next run starts."""

from collections.abc import Iterator
from dataclasses import dataclass

from rich.cells import cell_len
from textual.geometry import Size
from textual.reactive import reactive

from mnist_tui.run.state import State
from mnist_tui.tui.text.fitting import wrap_words
from mnist_tui.tui.widgets.lines import Line, Lines

Fact = tuple[str, str]
"""A label and a value."""

_GLYPHS = {State.FINISHED: "✓", State.STOPPED: "■", State.FAILED: "✗"}
_BETWEEN = " · "


@dataclass(frozen=True)
class Ending:
    """The result of a run."""

    state: State
    message: str
    hint: str
    facts: tuple[Fact, ...]
    is_elsewhere: bool = False
    """Whether another process trains it."""

    @property
    def title(self) -> str:
        """What happened, after a sign of the state that needs no color."""
        return f"{'●' if self.is_elsewhere else _GLYPHS[self.state]} {self.message}"


class Outcome(Lines):
    """The result of a run that is over, under what happened; three lines where that is short."""

    DEFAULT_CSS = """
    Outcome {
        height: auto;
        padding: 0 1;
        display: none;
        border-top: solid $success;
        border-title-style: bold;
        &.-any { display: block; }
        &.-stopped { border-top: solid $warning; }
        &.-failed { border-top: solid $error; }
    }
    """

    ending: reactive[Ending | None] = reactive(None, repaint=False)
    """How the run ended; None hides the panel."""

    def watch_ending(self, ending: Ending | None) -> None:
        self.set_class(ending is not None, "-any")
        found = ending.state if ending is not None and not ending.is_elsewhere else None
        for state in (State.STOPPED, State.FAILED):
            self.set_class(found is state, f"-{state}")
        self._shown = None
        self.refresh(layout=True)

    def lines(self, width: int, height: int) -> list[Line]:
        """What does not fit into the title, what to do, and the facts."""
        ending = self.ending
        if ending is None:
            return []
        lines: list[Line] = []
        # The border's corners and the blanks beside the title take six columns.
        if self._has_title and cell_len(ending.title) <= width - 4:
            self.border_title = ending.title
        else:
            self.border_title = ending.title[:1]
            tone = "bad" if ending.state is State.FAILED else "strong"
            lines += [[(text, tone)] for text in wrap_words(ending.message, width)]
        if ending.hint:
            lines += [[(text, "")] for text in wrap_words(ending.hint, width)]
        return [*lines, *flow(ending.facts, width)][:height]

    @property
    def _has_title(self) -> bool:
        return self.styles.border_top[0] not in ("", "none", "hidden")

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self.lines(width, 100))


def flow(facts: tuple[Fact, ...], width: int) -> list[Line]:
    """The facts in their order, as many in a line as fit whole; a longer one is wrapped."""
    lines: list[Line] = []
    used = 0
    for label, value in facts:
        size = cell_len(label) + 1 + cell_len(value)
        if lines and used + len(_BETWEEN) + size <= width:
            lines[-1] += [(_BETWEEN, "muted"), (f"{label} ", "muted"), (value, "")]
            used += len(_BETWEEN) + size
        else:
            lines += _wrapped(label, value, width)
            used = sum(cell_len(text) for text, _ in lines[-1])
    return lines


def _wrapped(label: str, value: str, width: int) -> Iterator[Line]:
    indent = min(cell_len(label) + 1, width // 2)
    for text in wrap_words(value, width - indent) or [""]:
        yield [(f"{label:<{indent}}"[:indent], "muted"), (text, "")]
        label = ""
