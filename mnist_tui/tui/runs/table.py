"""The table of runs."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Final

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from mnist_tui.store.comparison import MOST
from mnist_tui.store.summary import RunSummary
from mnist_tui.tui.runs.columns import COLUMNS, NAME, UPDATED, Column, describe_state, sort_runs
from mnist_tui.tui.runs.overlay import RUN_TONES
from mnist_tui.tui.runs.query import Test
from mnist_tui.tui.text.fitting import fitting, pad, shorten
from mnist_tui.tui.widgets.cursor_list import CursorList
from mnist_tui.tui.widgets.lines import Line

_GAP: Final = 2


class RunTable(CursorList):
    """One line per run; sorted by any column, filtered, with a cursor and marks."""

    HEADINGS = 1
    TONES: ClassVar[Mapping[str, str]] = RUN_TONES
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("o", "order", "Sort", tooltip="Sort by the next column"),
        Binding("O", "reverse", "Reverse", show=False, tooltip="Turn the order around"),
        Binding("left", "shift(-1)", "Columns to the left", show=False),
        Binding("right", "shift(1)", "Columns to the right", show=False),
    ]

    class Full(Message):
        """No more runs can be marked."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._all: dict[str, RunSummary] = {}
        """Every run by its path."""
        self._rows: list[RunSummary] = []
        """Those that are shown, in order."""
        self._test: Test = lambda run: True
        self._sorted_by = UPDATED
        self._is_reversed = False
        self._longest = NAME.width
        """The length of the longest name that is shown."""
        self._first = 0
        """The first column after the name that is in sight."""
        self._numbers: dict[str, int] = {}
        """The numbers of the marked runs by their paths: each keeps its own while it is marked."""

    @property
    def total(self) -> int:
        """All runs, those that the filter hides among them."""
        return len(self._all)

    @property
    def current(self) -> RunSummary | None:
        """The run under the cursor."""
        return None if self.at is None else self._rows[self.at]

    @property
    def rows(self) -> tuple[RunSummary, ...]:
        """The runs that are shown, in order."""
        return tuple(self._rows)

    @property
    def marked_runs(self) -> list[tuple[int, RunSummary]]:
        """The marked runs with their numbers, from 1 to MOST, in the order of these."""
        numbered = sorted((number, path) for path, number in self._numbers.items())
        return [(number, self._all[path]) for number, path in numbered]

    def change(self, runs: Iterable[RunSummary], gone: Iterable[str]) -> None:
        """Take in runs that are new or have changed, and leave out those at the paths `gone`."""
        for path in gone:
            self._all.pop(path, None)
        for run in runs:
            self._all[run.path] = run
        self._numbers = {path: n for path, n in self._numbers.items() if path in self._all}
        self._arrange()

    def filter(self, test: Test) -> None:
        """Show only runs for which `test` holds."""
        self._test = test
        self._arrange()

    def select(self, path: str) -> None:
        """Put the cursor on the run at `path`."""
        self._cursor = path
        self._arrange()

    def _arrange(self) -> None:
        shown = [run for run in self._all.values() if self._test(run)]
        self._rows = sort_runs(shown, self._sorted_by, is_reversed=self._is_reversed)
        self._longest = max((len(run.name) for run in self._rows), default=NAME.width)
        self.set_keys(run.path for run in self._rows)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what is done with runs while there are any."""
        return bool(self._rows) or action not in ("order", "reverse", "shift")

    # What the user does.

    def mark(self) -> None:
        """Mark the run under the cursor, or no longer, and go on to the next one."""
        run = self.current
        if run is None:
            return
        free = [n for n in range(1, MOST + 1) if n not in self._numbers.values()]
        if run.path in self._numbers:
            del self._numbers[run.path]
        elif free:
            self._numbers[run.path] = free[0]
        else:
            self.post_message(self.Full())
        self.action_move(1)

    def sort_by(self, column: Column) -> None:
        """Sort by a column; by the same again turns the order around."""
        self._is_reversed = not self._is_reversed if column is self._sorted_by else False
        self._sorted_by = column
        if column is not NAME:
            self._bring_in(column)
        self._arrange()

    def _bring_in(self, column: Column) -> None:
        """Bring a column into sight, by as few steps as need be."""
        width, place = self.content_size.width, COLUMNS.index(column)
        firsts = range(min(self._first, place), place)
        self._first = next((f for f in firsts if column in self._columns(width, f)), place)

    def action_order(self) -> None:
        """Sort by the next column; after the last one by the name, with the first ones in sight."""
        columns = (NAME, *COLUMNS)
        column = columns[(columns.index(self._sorted_by) + 1) % len(columns)]
        if column is NAME:
            self._first = 0
        self.sort_by(column)

    def action_reverse(self) -> None:
        self.sort_by(self._sorted_by)

    def action_shift(self, columns: int) -> None:
        """Bring other columns into sight."""
        width, count = self.content_size.width, len(COLUMNS)
        seen_whole = (n for n in range(count) if len(self._columns(width, n)) == count - n)
        last = next(seen_whole, count - 1)
        self._first = min(max(self._first + columns, 0), last)
        self.refresh()

    def thing_at(self, event: events.MouseEvent) -> Any:
        """The column whose heading is under the pointer, or the path of the run there."""
        at = event.get_content_offset_capture(self)
        return self._column_at(at.x) if at.y < self.HEADINGS else super().thing_at(event)

    def press(self, thing: Column | str) -> None:
        """Sort by the column, or move the cursor to the run."""
        if isinstance(thing, Column):
            self.sort_by(thing)
        else:
            super().press(thing)

    # What is drawn.

    def _name_width(self, width: int) -> int:
        return max(min(self._longest, width // 3, 40), 12)

    def _columns(self, width: int, first: int) -> Sequence[Column]:
        """The columns from `first` on that fit in whole behind the name."""
        room = width - 2 - self._name_width(width) - _GAP
        return fitting(COLUMNS[first:], room, lambda column: column.width, _GAP)

    def _column_at(self, x: int) -> Column | None:
        width = self.content_size.width
        edge = 2 + self._name_width(width)
        if x < edge:
            return NAME
        for column in self._columns(width, self._first):
            edge += _GAP + column.width
            if x < edge:
                return column
        return None

    def heading(self, y: int, width: int) -> Line:
        """The names of the columns, the sorted one with its direction."""
        line: Line = [("  ", ""), *self._heading_of(NAME, self._name_width(width))]
        for column in self._columns(width, self._first):
            line += [(" " * _GAP, ""), *self._heading_of(column, column.width)]
        return line

    def _heading_of(self, column: Column, width: int) -> Line:
        text, tone = column.name, "muted"
        if column is self._sorted_by:
            falls = column.largest_first != self._is_reversed
            text, tone = f"{'▾' if falls else '▴'}{shorten(text, width - 1)}", "accent"
        return [(f"{text:>{width}}" if column.is_number else f"{text:<{width}}", tone)]

    def line(self, index: int, width: int) -> Line:
        run = self._rows[index]
        number = self._numbers.get(run.path, 0)
        line: Line = [(f"{number or ' '} ", f"run-{number}" if number else "")]
        name_width = self._name_width(width)
        line.append((pad(shorten(run.name, name_width), name_width), "strong" if number else ""))
        for column in self._columns(width, self._first):
            text, tone = shorten(column.text(run), column.width), ""
            if column.name == "state":
                text, tone = describe_state(run, run.state)
            elif column.name == "curve":
                tone = "bar"
            missing = " " * (column.width - len(pad(text, len(text))))
            text = f"{missing}{text}" if column.is_number else pad(text, column.width)
            line += [(" " * _GAP, ""), (text, tone)]
        return line
