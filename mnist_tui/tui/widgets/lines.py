"""A fixed region of styled lines that repaints only what changed."""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Final, TypeVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.reactive import reactive
from textual.strip import Strip
from textual.style import Style as VisualStyle
from textual.widget import Widget

Piece = tuple[str, str]
"""Some text and its tone: one of TONES, or empty for the widget's own color."""

Line = list[Piece]
"""One line on the screen, from the left."""

TONES: Final = {
    "muted": "$foreground 62%",
    "strong": "bold",
    "accent": "bold $text-accent",
    "good": "$text-success",
    "warning": "$text-warning",
    "bad": "bold $text-error",
    "bar": "$primary",
    "done": "$success",
    "rest": "$foreground 25%",
    "chosen": "bold $background on $primary",
    "kept": "bold on $primary 35%",
    "value": "on $foreground 8%",
    "cursor": "on $foreground 12%",
}
"""The ways in which a piece of text can be set off, as Textual's styles.

Not as component classes: Textual styles one node for each of them and each widget anew, whenever
the screen's classes change, and would have three times as much to do.
"""


T = TypeVar("T")


class Shown(reactive[T]):
    """A reactive attribute of `Lines`: setting another value calls `redraw`.

    A class that has more to do when it changes defines `watch_` and the attribute's name.
    """

    def __init__(self, default: T, *, always_update: bool = False) -> None:
        super().__init__(default, repaint=False, always_update=always_update)

    def __set_name__(self, owner: type[Any], name: str) -> None:
        """Watch the attribute, unless `owner` does."""
        super().__set_name__(owner, name)
        if not hasattr(owner, f"watch_{name}"):
            setattr(owner, f"watch_{name}", lambda widget: widget.redraw())


class ToneStyles(Widget):
    """Turns pieces of text and their tones into strips."""

    ALLOW_SELECT = False
    TONES: ClassVar[Mapping[str, str]] = TONES
    """The tones of this widget's lines."""

    def strip(self, line: Line, width: int) -> Strip:
        """`line` in this widget's colors, made exactly `width` columns wide."""
        base = self.visual_style.rich_style
        segments = [
            Segment(text, self.tone_style(tone) if tone else base) for text, tone in line if text
        ]
        # Fewer segments are fewer bytes: each one carries its colors.
        return Strip(segments).adjust_cell_length(width, base).simplify()

    def tone_style(self, tone: str) -> Style:
        """A tone over this widget's own style."""
        return (self.visual_style + VisualStyle.parse(self.TONES[tone])).rich_style


class Lines(ToneStyles):
    """Lines of text that change often.

    Subclasses say what to show in `lines`; `redraw` compares it with what is on the screen
    and repaints the columns that differ. Nothing here ever asks for a layout, and over SSH
    only the changed columns are sent.
    """

    _shown: list[Line] | None = None

    def lines(self, width: int, height: int) -> list[Line]:
        """What to show in a region of `width` columns and `height` lines."""
        raise NotImplementedError

    def redraw(self) -> None:
        """Repaint what changed since the last time. UI thread."""
        width, height = self.content_size
        if not self.is_mounted or not width or not height:
            return
        old, new = self._shown, self.lines(width, height)
        self._shown = new
        if old is None:
            self.refresh()
            return
        changes = []
        for y in range(max(len(old), len(new))):
            left, right = changed_columns(_at(old, y), _at(new, y), width)
            if left < right:
                changes.append(Region(left, y, right - left, 1))
        if changes:
            self.refresh(*changes)

    def on_resize(self) -> None:
        """Lay the lines out anew for the new size."""
        self._shown = None
        self.redraw()

    def render_line(self, y: int) -> Strip:
        width, height = self.content_size
        if self._shown is None:
            self._shown = self.lines(width, height)
        return self.strip(_at(self._shown, y), width)


def _at(lines: list[Line], y: int) -> Line:
    return lines[y] if y < len(lines) else []


def width_of(line: Iterable[Piece]) -> int:
    """The columns that a line takes."""
    return sum(cell_len(text) for text, _ in line)


def fit_lines(parts: Iterable[Line], width: int) -> Line:
    """As many whole parts as go into `width` columns, from the first on, in one line."""
    line: Line = []
    for part in parts:
        longer = [*line, (" · ", "muted"), *part] if line else part
        if width_of(longer) > width:
            break
        line = longer
    return line


def changed_columns(old: Line, new: Line, width: int) -> tuple[int, int]:
    """From which column up to which two versions of a line differ; (0, 0) when they do not.

    One span for each line: Textual sends a line from the widget's left edge for every span.
    """
    if old == new:
        return 0, 0
    if [cell_len(text) for text, _ in old] != [cell_len(text) for text, _ in new]:
        return 0, width
    first, last, x = width, 0, 0
    for before, after in zip(old, new, strict=True):
        end = x + cell_len(after[0])
        if before != after:
            left, right = _changed_within(before, after, x, end)
            first, last = min(first, left), max(last, right)
        x = end
    return first, last


def _changed_within(before: Piece, after: Piece, start: int, end: int) -> tuple[int, int]:
    """The changed columns of one piece; only text of single cells is compared in detail."""
    old, new = before[0], after[0]
    if before[1] != after[1] or len(new) != end - start or len(old) != len(new):
        return start, end
    differing = [i for i, (a, b) in enumerate(zip(old, new, strict=True)) if a != b]
    return start + differing[0], start + differing[-1] + 1
