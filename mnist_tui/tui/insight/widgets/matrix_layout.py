"""How a confusion matrix fills a region, whatever the number of its classes."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

from mnist_tui.metrics import class_figures
from mnist_tui.run.validation import Confusion
from mnist_tui.tui.insight.widgets.class_bars import names_width

_HEADS: Final = 2
"""The lines over the cells: the two sides, and the names of the predicted classes."""

_ENOUGH: Final = 10
"""More classes than this need not be in sight at once; the cells around the chosen one are."""

_LEAST_CELL, _MOST_CELL = 3, 8
"""Columns of a cell, the mark of the chosen one included."""

_MOST_LINES: Final = 3
"""Lines of a cell."""

FIGURE: Final = 9
"""The columns of one figure and its change, the space before it included."""

_WIDE_FIGURE: Final = 13
"""The same where there is room."""


@dataclass(frozen=True)
class Counts:
    """A confusion matrix, and the one before it."""

    table: Confusion
    names: tuple[str, ...]
    """The classes."""
    before: Confusion | None = None
    since: int = 0
    """The epoch of the one before."""

    @cached_property
    def most_mistakes(self) -> int:
        """The greatest count off the diagonal; at least 1."""
        off = (n for t, row in enumerate(self.table) for p, n in enumerate(row) if t != p)
        return max(1, *off)

    @cached_property
    def digits(self) -> int:
        """The digits of the greatest count."""
        return len(str(max(map(max, self.table))))

    def heat(self, label: int, predicted: int) -> float:
        """How strongly a cell is colored, in [0, 1]; mistakes have a scale of their own."""
        count = self.table[label][predicted]
        if label == predicted:
            return 0.25 + 0.3 * count / max(sum(self.table[label]), 1)
        # Less than in proportion, so that one mistake among fifty is seen.
        return float((count / self.most_mistakes) ** 0.7)

    @cached_property
    def figures(self) -> list[list[tuple[float, float | None]]]:
        """For each class, and last for the mean of all: precision, recall and F1, with changes."""
        now = _triples(self.table)
        if self.before is None:
            return [[(value, None) for value in row] for row in now]
        pairs = zip(now, _triples(self.before), strict=True)
        return [[(a, a - b) for a, b in zip(new, old, strict=True)] for new, old in pairs]


def _triples(table: Confusion) -> list[list[float]]:
    rows = [[one.precision, one.recall, one.f1] for one in class_figures(table)]
    return [*rows, [sum(column) / len(rows) for column in zip(*rows, strict=True)]]


@dataclass(frozen=True, slots=True)
class Axis:
    """The classes along one side of the matrix: as many as fit are in sight, from `first` on."""

    total: int
    shown: int
    size: int
    """Columns or lines of a cell."""
    first: int = 0

    @classmethod
    def of(cls, total: int, room: int, least: int, most: int) -> "Axis":
        """All classes with cells as large as fits; if not even `least` fits, some of them."""
        size = min(max(room // total, least), most)
        return cls(total, min(max(room // size, 1), total), size)

    def showing(self, chosen: int, first: int) -> "Axis":
        """From `first` on, moved as little as brings `chosen` into sight."""
        first = max(min(first, chosen), chosen - self.shown + 1)
        return replace(self, first=min(max(first, 0), self.total - self.shown))

    def centered(self, chosen: int) -> "Axis":
        """With `chosen` in the middle, as far as the ends allow."""
        return self.showing(chosen, chosen - self.shown // 2)

    @property
    def labels(self) -> range:
        """The classes in sight."""
        return range(self.first, self.first + self.shown)

    def at(self, offset: int) -> int | None:
        """The class `offset` columns or lines from the first cell's edge."""
        label = self.first + offset // self.size
        return label if label in self.labels else None

    def describe(self, what: str) -> str:
        """The side's name, with the places in sight where not all of them are."""
        if self.shown == self.total:
            return what
        return f"{what} {self.first + 1}-{self.first + self.shown} of {self.total}"


@dataclass(frozen=True, slots=True)
class Layout:
    """How a matrix fills a region."""

    names: int
    """Columns of the class names at the left."""
    figure: int
    """Columns of a figure; 0 where there is no room for them."""
    heads: int
    """Lines over the cells."""
    rows: Axis
    """The true classes."""
    columns: Axis
    """The predicted classes."""

    @classmethod
    def of(cls, width: int, height: int, counts: Counts) -> "Layout":
        """The largest that fits, figures before size."""
        total = len(counts.names)
        names = names_width(counts.names, width // 2)
        figure = cls._figure_for(width - names, min(total, _ENOUGH))
        room = width - names - 3 * figure
        # Cells in which no count fits are better than none, as long as all classes are in sight.
        least = _LEAST_CELL if room >= total * _LEAST_CELL else counts.digits + 1
        heads = _HEADS if height >= _HEADS + min(total, _ENOUGH) else min(max(height - 1, 0), 1)
        rows = Axis.of(total, max(height - heads - 1, 1), 1, _MOST_LINES)
        if rows.shown < total:
            # No line for the means, then.
            rows = Axis.of(total, max(height - heads, 1), 1, _MOST_LINES)
        return cls(names, figure, heads, rows, Axis.of(total, room, least, _MOST_CELL))

    @staticmethod
    def _figure_for(width: int, cells: int) -> int:
        """The widest figures that leave room for so many readable cells."""
        for figure, cell in ((_WIDE_FIGURE, 7), (FIGURE, 5)):
            if width >= cells * cell + 3 * figure:
                return figure
        return 0

    @classmethod
    def least_height(cls, width: int, counts: Counts) -> int:
        """The lines that a matrix takes at this width with each cell in one line."""
        figure = cls.of(width, 0, counts).figure
        return _HEADS + len(counts.names) + bool(figure)

    def showing(self, cell: tuple[int, int], first: tuple[int, int] | None) -> "Layout":
        """From the cell `first` on, moved as little as brings `cell` into sight.

        Args:
            cell: True and predicted class.
            first: The same; None: `cell` comes to the middle.
        """
        if first is None:
            rows, columns = self.rows.centered(cell[0]), self.columns.centered(cell[1])
        else:
            rows = self.rows.showing(cell[0], first[0])
            columns = self.columns.showing(cell[1], first[1])
        return replace(self, rows=rows, columns=columns)

    @property
    def width(self) -> int:
        """The columns of the names and the cells."""
        return self.names + self.columns.shown * self.columns.size
