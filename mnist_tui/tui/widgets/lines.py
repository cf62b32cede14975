"""Fixed regions of styled lines, or of strips, that repaint only what changed."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest
from typing import Any, ClassVar, Final, TypeVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region, Size
from textual.reactive import reactive
from textual.strip import Strip
from textual.style import Style as VisualStyle
from textual.theme import Theme
from textual.widget import Widget

from mnist_tui.tui.text.fitting import fitting

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
    and repaints what differs. Nothing here ever asks for a layout, and over SSH only the changed
    columns are sent.
    """

    _shown: Sequence[Any] | None = None
    """What is on the screen; None where it is to be drawn when it is next asked for."""
    _shown_size = Size()
    """The size that `_shown` was made for."""

    def lines(self, width: int, height: int) -> list[Line]:
        """What to show in a region of `width` columns and `height` lines."""
        raise NotImplementedError

    def _make(self, width: int, height: int) -> Sequence[Any]:
        return self.lines(width, height)

    def _fill(self) -> Sequence[Any]:
        self._shown_size = self.content_size
        return self._make(*self.content_size)

    def _strip(self, line: Any) -> Strip:
        """One line of what `_make` returned, as a strip."""
        return self.strip(line, self.content_size.width)

    def redraw(self) -> None:
        """Repaint what changed since the last time. UI thread."""
        width, height = self.content_size
        if not self.is_mounted or not width or not height:
            self._shown = None
        elif self._shown is None:
            self.refresh()
        else:
            old = self._shown
            self._shown = self._fill()
            if changes := changed_regions(old, self._shown, width):
                self.refresh(*changes)

    def on_resize(self) -> None:
        """Lay the lines out anew for the new size."""
        self._shown = None
        self.refresh()

    def render_line(self, y: int) -> Strip:
        if self._shown is None or self._shown_size != self.content_size:
            self._shown = self._fill()
        if y < len(self._shown):
            return self._strip(self._shown[y])
        return Strip.blank(self.content_size.width, self.visual_style.rich_style)


class StripLines(Lines):
    """Lines of which some are parts of images or charts.

    Subclasses return what to show in `draw`. It is called only while they are seen.
    """

    def draw(self, width: int, height: int) -> list[Strip]:
        """Return what to show in a region of `width` columns and `height` lines; blank below it."""
        raise NotImplementedError

    def on_mount(self) -> None:
        self.app.theme_changed_signal.subscribe(self, self._forget)

    def _forget(self, _theme: Theme) -> None:
        self._shown = None
        self.refresh()

    def notify_style_update(self) -> None:
        """Draw anew on another background."""
        super().notify_style_update()
        self._shown = None

    @property
    def is_seen(self) -> bool:
        """Whether any of it is on a screen that nothing hides."""
        return self.is_on_screen and self.screen.is_current

    def redraw(self) -> None:
        if not self.is_seen:
            self._shown = None
        super().redraw()

    def _make(self, width: int, height: int) -> list[Strip]:
        base = self.visual_style.rich_style
        strips = self.draw(width, height)[:height]
        strips += [Strip.blank(width, base)] * (height - len(strips))
        return [strip.adjust_cell_length(width, base) for strip in strips]

    def _strip(self, line: Strip) -> Strip:
        return line


def width_of(line: Iterable[Piece]) -> int:
    """The columns that a line takes."""
    return sum(cell_len(text) for text, _ in line)


def fit_lines(parts: Iterable[Line], width: int) -> Line:
    """As many whole parts as go into `width` columns, from the first on, in one line."""
    first, *others = fitting(parts, width, width_of, 3) or [[]]
    return [*first, *(piece for part in others for piece in ((" · ", "muted"), *part))]


def changed_regions(
    old: Iterable[Iterable[Any]], new: Iterable[Iterable[Any]], width: int
) -> list[Region]:
    """What to repaint, where these lines take the place of others."""
    ends = (changed_until(*pair) for pair in zip_longest(old, new, fillvalue=()))
    # Textual sends a line from the widget's left edge up to the region's end.
    return [Region(0, y, min(end, width), 1) for y, end in enumerate(ends) if end]


def changed_until(old: Iterable[Any], new: Iterable[Any]) -> int:
    """The column after the last one in which two lines, or strips, differ; 0 if they don't."""
    old, new = list(old), list(new)
    if old == new:  # most lines, most of the time; characters are compared one by one below
        return 0
    before, after = _characters_of(old), _characters_of(new)
    if before == after:
        return 0
    end = max(len(before), len(after))
    if len(before) == len(after):
        end = next(i for i in range(end, 0, -1) if before[i - 1] != after[i - 1])
    # Some characters take two columns.
    return max(width_of(characters[:end]) for characters in (before, after))


def _characters_of(line: Iterable[Any]) -> list[tuple[str, Any]]:
    """Each character with its tone or its style."""
    return [(character, piece[1]) for piece in line for character in piece[0]]
