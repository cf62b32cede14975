"""The table of finished epochs."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby
from typing import ClassVar, Final

from textual import events
from textual.binding import Binding, BindingType

from mnist_tui import formatting
from mnist_tui.run.events import EpochRow
from mnist_tui.tui.widgets.follow_list import FollowList
from mnist_tui.tui.widgets.lines import Line
from mnist_tui.tui.widgets.pressable import Pressable


@dataclass(frozen=True)
class Column:
    """One column: what it holds and how it is written."""

    group: str
    name: str
    width: int
    value: Callable[[EpochRow], float]
    write: Callable[[float], str]

    def text(self, row: EpochRow) -> str:
        """The value in at most `width` columns, with fewer digits where it is large."""
        value = self.value(row)
        forms = (self.write(value), *(f"{value:.{digits}g}" for digits in (4, 3, 2, 1)))
        return next(form for form in forms if len(form) <= self.width)


COLUMNS: Final = (
    Column("", "epoch", 6, lambda row: row.epoch, lambda value: f"{value:.0f}"),
    Column("training", "loss", 7, lambda row: row.train_loss, formatting.loss),
    Column("training", "accuracy", 8, lambda row: row.train_accuracy, formatting.percent),
    Column("validation", "loss", 7, lambda row: row.val_loss, formatting.loss),
    Column("validation", "accuracy", 8, lambda row: row.val_accuracy, formatting.percent),
    Column("", "seconds", 7, lambda row: row.seconds, formatting.seconds),
    Column("learning", "rate", 8, lambda row: row.lr, formatting.learning_rate),
    Column("images", "per s", 9, lambda row: row.samples_per_second, lambda v: f"{v:,.0f}"),
)
"""From the left; where it is narrow, the last are left out."""

_LEAST: Final = 2
"""Columns that are always shown, cut if need be."""


class EpochTable(Pressable[Column | EpochRow], FollowList):
    """One line per epoch, the best marked with a star, the newest in sight."""

    HEADINGS = 2
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("o", "order", "Sort", tooltip="Sort by the next column"),
        Binding("O", "reverse", "Reverse", show=False, tooltip="Turn the order around"),
        Binding("y", "copy", "Copy row", tooltip="Copy the row under the cursor"),
    ]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._rows: list[EpochRow] = []
        """In the order shown."""
        self._best: EpochRow | None = None
        self._sorted_by = 0
        self._is_reversed = False
        self._cursor: EpochRow | None = None
        """The row under the cursor; None: the newest."""

    @property
    def count(self) -> int:
        return len(self._rows)

    @property
    def rows(self) -> tuple[EpochRow, ...]:
        """The rows in the order shown."""
        return tuple(self._rows)

    def show(self, rows: list[EpochRow], best: EpochRow | None) -> None:
        """Show `rows`, which are oldest first; at most one new row is the cheap case."""
        if len(rows) < len(self._rows):
            self._cursor = None  # another run
        is_one_more = len(rows) == len(self._rows) + 1 and not self._is_sorted
        was_best, self._best = self._best, best
        if is_one_more:
            self._rows.append(rows[-1])
            if was_best is best or was_best is None:
                self.grown()
                return
        else:
            self._rows = list(rows)
            self._sort()
        self.refresh()

    @property
    def _is_sorted(self) -> bool:
        return self._sorted_by != 0 or self._is_reversed

    def _sort(self) -> None:
        value = COLUMNS[self._sorted_by].value

        # What is nan is neither small nor large: it comes last either way.
        numbers = [row for row in self._rows if not math.isnan(value(row))]
        rest = [row for row in self._rows if math.isnan(value(row))]
        self._rows = sorted(numbers, key=value, reverse=self._is_reversed) + rest

    def sort_by(self, column: int) -> None:
        """Sort by a column; by the same again turns the order around."""
        self._is_reversed = not self._is_reversed if column == self._sorted_by else False
        self._sorted_by = column
        self._sort()
        self.is_following = not self._is_sorted
        self._top = 0
        self.refresh()

    def action_order(self) -> None:
        """Sort by the next column in sight."""
        self.sort_by((self._sorted_by + 1) % len(self._columns(self.content_size.width)[0]))

    def action_reverse(self) -> None:
        self.sort_by(self._sorted_by)

    def action_copy(self) -> None:
        """Copy the row under the cursor, its columns apart by tabs."""
        row = self._marked
        if row is None:
            return
        self.app.copy_to_clipboard("\t".join(c.write(c.value(row)) for c in COLUMNS))
        self.notify(f"copied the row of epoch {row.epoch}", timeout=2)

    @property
    def _marked(self) -> EpochRow | None:
        newest = self._rows[-1] if self._rows else None
        return self._cursor or newest

    def is_marked(self, index: int) -> bool:
        return self._rows[index] is self._marked

    def _place_of(self, row: EpochRow) -> int:
        # By identity: to compare rows by their values costs more than to draw them.
        return next((i for i, other in enumerate(self._rows) if other is row), self.count - 1)

    def action_move(self, lines: int) -> None:
        """Move the cursor, and what is in sight with it."""
        if self._marked is None:
            return
        index = min(max(self._place_of(self._marked) + lines, 0), self.count - 1)
        self._cursor = self._rows[index] if index < self.count - 1 else None
        self.bring_in_sight(index)
        self.refresh()

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()

    def thing_at(self, event: events.MouseEvent) -> Column | EpochRow | None:
        """The column whose heading is under the pointer, or the epoch whose row is."""
        index = self.index_at(event)
        if index is not None:
            return self._rows[index]
        at = event.get_content_offset_capture(self)
        columns, gap = self._columns(self.content_size.width)
        edge = 1
        for place, column in enumerate(columns if at.y < self.HEADINGS else ()):
            edge += column.width + (gap if place else 0)
            if at.x < edge:
                return column
        return None

    def press(self, thing: Column | EpochRow) -> None:
        if isinstance(thing, Column):
            self.sort_by(COLUMNS.index(thing))
            return
        self._cursor = thing
        self.refresh()

    @staticmethod
    def _columns(width: int) -> tuple[tuple[Column, ...], int]:
        """The columns that fit in whole, and the gap between them."""
        for shown in range(len(COLUMNS), _LEAST, -1):
            for gap in (3, 2, 1):
                if 1 + sum(c.width for c in COLUMNS[:shown]) + gap * (shown - 1) <= width:
                    return COLUMNS[:shown], gap
        return (COLUMNS[0], COLUMNS[4]), 1

    def heading(self, y: int, width: int) -> Line:
        columns, gap = self._columns(width)
        line: Line = [(" ", "")]
        if y == 0:
            # Each group's name ends where its last column does.
            for group, members in groupby(columns, key=lambda column: column.group):
                room = sum(column.width + gap for column in members)
                room -= gap if len(line) == 1 else 0
                line.append((f"{group:>{room}}", "muted"))
            return line
        for index, column in enumerate(columns):
            text, tone = column.name, "muted"
            if index == self._sorted_by and self._is_sorted:
                text, tone = f"{'▾' if self._is_reversed else '▴'}{text}", "accent"
            room = column.width + (gap if index else 0)
            line.append((f"{text:>{room}}", tone))
        return line

    def line(self, index: int, width: int) -> Line:
        row = self._rows[index]
        columns, gap = self._columns(width)
        is_best = row is self._best
        tone = "good" if is_best else ""
        line: Line = [("★" if is_best else " ", "good")]
        for place, column in enumerate(columns):
            space = " " * gap if place else ""
            line.append((f"{space}{column.text(row):>{column.width}}", tone))
        return line
