"""The classes as bars under each other: their probabilities, and how many examples each has."""

from collections import Counter
from dataclasses import dataclass
from functools import cache

from rich.cells import cell_len, set_cell_size
from textual import events
from textual.message import Message

from mnist_tui import formatting
from mnist_tui.tui.text.fitting import pad
from mnist_tui.tui.widgets.lines import Line, Lines, Shown
from mnist_tui.tui.widgets.meters import bar_line
from mnist_tui.tui.widgets.pressable import Pressable

_GAP = 2
_WIDEST_NAME = 12


def names_width(names: tuple[str, ...], width: int) -> int:
    """The columns for class names in a region `width` wide: the widest name, at most a third."""
    return min(max(map(cell_len, names), default=1), _WIDEST_NAME, max(width // 3, 1))


@cache
def short_names(names: tuple[str, ...], width: int) -> tuple[str, ...]:
    """The names in at most `width` columns each, as their beginnings where those differ.

    Where they do not, as much as tells them apart comes from their ends: `class 7` and `class 12`
    are `cs7` and `c12` in three columns.
    """
    shortened = [_cut(name, width) for name in names]
    for tail in range(1, width + 1):
        seen = Counter(shortened)
        if len(seen) == len(names):
            break
        for place, name in enumerate(names):
            if seen[shortened[place]] > 1:
                bare = name.replace(" ", "")
                shortened[place] = _cut(bare[: width - tail] + bare[-tail:], width)
    return tuple(shortened)


def _cut(text: str, width: int) -> str:
    return text if cell_len(text) <= width else set_cell_size(text, width).rstrip()


def likeliest(probabilities: tuple[float, ...]) -> int:
    """The class with the greatest probability."""
    return max(range(len(probabilities)), key=lambda label: probabilities[label])


class _ClassLines(Lines):
    """A line for each class, where there is room."""

    names: Shown[tuple[str, ...]] = Shown(())
    """The names, in the order of the labels."""

    def watch_names(self) -> None:
        """Take the lines that they need."""
        self.refresh(layout=True)
        self.redraw()

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        return len(self.names)


class ClassBars(_ClassLines):
    """The probability of each class; the likeliest is marked by a glyph, not by a color alone.

    Where there are more classes than lines, the likeliest come first and the rest is left out.
    """

    DEFAULT_CSS = """
    ClassBars {
        width: 1fr;
        height: auto;
    }
    """

    values: Shown[tuple[float, ...]] = Shown(())
    """One for each class, in [0, 1]; or none while nothing is known."""

    def lines(self, width: int, height: int) -> list[Line]:
        count, room = len(self.names), names_width(self.names, width)
        if len(self.values) != count:
            unknown = (formatting.UNKNOWN, "muted")
            return [[(f"  {pad(name, room)} ", "muted"), unknown] for name in self.names[:height]]
        order = list(range(count))
        if count > height:
            order.sort(key=lambda label: -self.values[label])
        best = likeliest(self.values)
        return [self._line(label, room, width, label == best) for label in order[:height]]

    def _line(self, label: int, room: int, width: int, is_best: bool) -> Line:
        value = self.values[label]
        name = f"{'▸' if is_best else ' '} {pad(self.names[label], room)} "
        percent = f" {formatting.whole_percent(value)}"
        return bar_line(
            (name, "accent" if is_best else ""),
            value,
            (percent, "strong" if is_best else "muted"),
            width,
            "done" if is_best else "bar",
        )


class ClassCounts(Pressable[int], _ClassLines):
    """How many examples each class has; a click picks a class.

    The bars stand in one column, or in two where there are fewer lines than classes. If that is
    not enough either, those around the chosen class are in sight.
    """

    DEFAULT_CSS = """
    ClassCounts {
        height: auto;
        max-height: 5;
    }
    """

    counts: Shown[tuple[int, ...]] = Shown(())
    """One for each class, or none yet."""
    label: Shown[int | None] = Shown(None)
    """The class whose examples are in sight; None: all."""

    @dataclass
    class Picked(Message):
        """A class was clicked."""

        label: int

    def _arrangement(self, height: int) -> tuple[range, int]:
        """The labels in sight, and the number of lines that they take."""
        count = len(self.names)
        columns = 1 if count <= height else 2
        rows = min(height, -(-count // columns))
        shown = min(count, rows * columns)
        first = min(max((self.label or 0) - shown // 2, 0), count - shown)
        return range(first, first + shown), rows

    def lines(self, width: int, height: int) -> list[Line]:
        if len(self.counts) != len(self.names):
            return []
        labels, rows = self._arrangement(height)
        if len(labels) <= rows:
            return [self._class(label, width) for label in labels]
        half = (width - _GAP) // 2
        lines = [self._class(label, half) for label in labels[:rows]]
        for y, label in enumerate(labels[rows:]):
            lines[y] += [(" " * _GAP, ""), *self._class(label, half)]
        return lines

    def _class(self, label: int, width: int) -> Line:
        is_chosen = label == self.label
        columns = names_width(self.names, width)
        name = pad(short_names(self.names, columns)[label], columns)
        room = max(len(formatting.count(count)) for count in self.counts)
        return bar_line(
            (f"{'▸' if is_chosen else ' '}{name} ", "chosen" if is_chosen else "strong"),
            self.counts[label] / max(*self.counts, 1),
            (f" {formatting.count(self.counts[label]):>{room}}", "muted"),
            width,
        )

    def thing_at(self, event: events.MouseEvent) -> int | None:
        at, (width, height) = event.get_content_offset_capture(self), self.content_size
        labels, rows = self._arrangement(height)
        is_right = len(labels) > rows and at.x >= (width + _GAP) // 2
        place = at.y + rows * is_right
        is_one = self.counts and 0 <= at.y < rows and place < len(labels)
        return labels[place] if is_one else None

    def press(self, thing: int) -> None:
        self.post_message(self.Picked(thing))
