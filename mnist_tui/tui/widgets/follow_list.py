"""A list of lines that is drawn only where it is in sight, and follows its newest line."""

from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from mnist_tui.tui.widgets.lines import Line, ToneStyles


class FollowList(ToneStyles, ScrollView, can_focus=True):
    """Lines that grow at the end; a thousand cost no more than those in sight.

    It keeps the newest line in sight until the user scrolls away from it, and again once
    they are back at the end. It has no scrollbar: the keys and the wheel scroll.
    """

    DEFAULT_CSS = """
    FollowList {
        background: transparent;
        scrollbar-size: 0 0;
        overflow-x: hidden;
        overflow-y: hidden;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "Up", show=False),
        Binding("down", "move(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home", "edge(-1)", "First", show=False),
        Binding("end", "edge(1)", "Newest", show=False),
    ]
    HEADINGS: ClassVar[int] = 0
    """Lines at the top that do not scroll."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._top = 0
        """Where the user has scrolled to; it counts while the newest line is not followed."""
        self.is_following = True
        """Whether the newest line is kept in sight."""

    @property
    def count(self) -> int:
        """How many lines there are, headings left out."""
        raise NotImplementedError

    def line(self, index: int, width: int) -> Line:
        """Line `index` for `width` columns."""
        raise NotImplementedError

    def heading(self, y: int, width: int) -> Line:
        """Heading line `y`."""
        raise NotImplementedError

    def is_marked(self, index: int) -> bool:
        """Whether line `index` is under the cursor."""
        return False

    def index_at(self, event: events.MouseEvent) -> int | None:
        """The line under the pointer; None on a heading and below the last line."""
        at = event.get_content_offset_capture(self)
        index = self.top + at.y - self.HEADINGS
        return index if at.y >= self.HEADINGS and index < self.count else None

    @property
    def room(self) -> int:
        """How many lines are in sight at once."""
        return max(self.content_size.height - self.HEADINGS, 0)

    @property
    def top(self) -> int:
        """The first line in sight."""
        return self._last_top if self.is_following else min(self._top, self._last_top)

    @property
    def _last_top(self) -> int:
        """The first line in sight where the last one is, too."""
        return max(self.count - self.room, 0)

    def grown(self) -> None:
        """Lines were added at the end: repaint what moved. UI thread."""
        if self.is_following and self.count > self.room:
            self.refresh()
            return
        first = max(self.count - 2 - self.top, 0) + self.HEADINGS
        height = self.content_size.height
        if first < height:
            self.refresh(Region(0, first, self.content_size.width, height - first))

    def scroll_lines(self, lines: int) -> None:
        """Move what is in sight by `lines`."""
        before = self.top
        self._top = min(max(before + lines, 0), self._last_top)
        self.is_following = self._top == self._last_top
        if self._top != before:
            self.refresh()

    def bring_in_sight(self, index: int) -> None:
        """Scroll to line `index`, no further than is needed."""
        above, below = index - self.top, index - (self.top + self.room - 1)
        self.scroll_lines(min(above, 0) or max(below, 0))

    def action_move(self, lines: int) -> None:
        self.scroll_lines(lines)

    def action_page(self, pages: int) -> None:
        """Move by what is in sight."""
        self.action_move(pages * max(self.room - 1, 1))

    def action_edge(self, direction: int) -> None:
        """Go to the first or the newest line."""
        self.action_move(direction * self.count)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.scroll_lines(3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.scroll_lines(-3)

    def on_resize(self) -> None:
        """Draw what is in sight now."""
        self.virtual_size = Size(0, 0)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        width = self.content_size.width
        base = self.visual_style.rich_style
        if y < self.HEADINGS:
            return self.strip(self.heading(y, width), width)
        index = self.top + y - self.HEADINGS
        if index >= self.count:
            return Strip.blank(width, base)
        strip = self.strip(self.line(index, width), width)
        if self.has_focus and self.is_marked(index):
            # Laid over the tones, whose own background is the widget's.
            cursor = self.tone_style("cursor").background_style
            return Strip([Segment(s.text, (s.style or base) + cursor) for s in strip])
        return strip
