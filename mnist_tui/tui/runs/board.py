"""The table of a leaderboard: groups of trials, and the trials of each under it."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from rich.cells import cell_len
from textual.binding import Binding, BindingType

from mnist_tui import formatting
from mnist_tui.config import SETTINGS
from mnist_tui.process.invocation import option_name
from mnist_tui.sweep.grid import SEED
from mnist_tui.sweep.standing import WAITING, Entry, Group, Standing
from mnist_tui.tui.runs.columns import describe_state, loss_curve
from mnist_tui.tui.text.fitting import pad, shorten
from mnist_tui.tui.widgets.cursor_list import CursorList
from mnist_tui.tui.widgets.lines import Line
from mnist_tui.tui.widgets.meters import bar

_GAP: Final = "  "
_RANK, _ACCURACY, _SPREAD, _COUNT, _BAR, _STATE = 3, 8, 7, 7, 12, 14
"""Widths of the columns beside the values."""
_RESULTS: Final = _RANK + _ACCURACY + _SPREAD + _COUNT + 2 * len(_GAP) + 1
"""The columns that are there at any width."""
_FIXED: Final = _RESULTS + _BAR + _STATE + 2 * len(_GAP)
_LEAST_VALUES: Final = 12
_LEAST_BAR, _LEAST_STATE = 4, 5
"""In less room than that they are left out."""
_LEAST_SCALE: Final = 20
"""The room from which on the accuracies are drawn on a scale, too."""
_MOST_SCALE: Final = 48


@dataclass(frozen=True)
class Row:
    """One line: a group, or one of its entries."""

    rank: int
    group: Group
    entry: Entry | None = None

    @property
    def key(self) -> str:
        """What it is known by while the order changes."""
        if self.entry is not None:
            return self.entry.trial.name
        return f"group of {self.group.entries[0].trial.name}"

    @property
    def shown(self) -> Entry | None:
        """The entry that the line is about; None for a group of several."""
        return self.group.entries[0] if len(self.group.entries) == 1 else self.entry


class Board(CursorList):
    """A line per group and one per trial, with a cursor."""

    HEADINGS = 1
    DEFAULT_CSS = "Board { height: 1fr; padding: 0 1; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("g", "fold", "Groups only", tooltip="Show groups only, or their runs, too"),
    ]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._standing = Standing()
        self._rows: list[Row] = []
        self._is_folded = False

    @property
    def current(self) -> Row | None:
        """The line under the cursor."""
        return None if self.at is None else self._rows[self.at]

    def show(self, standing: Standing) -> None:
        """Show how the sweep stands; the cursor stays on its line, wherever that is now."""
        self._standing = standing
        self._arrange()

    def _arrange(self) -> None:
        self._rows = []
        for rank, group in enumerate(self._standing.groups, 1):
            self._rows.append(Row(rank, group))
            if len(group.entries) > 1 and not self._is_folded:
                self._rows += [Row(rank, group, entry) for entry in group.entries]
        self.set_keys(row.key for row in self._rows)

    # What the user does.

    def action_fold(self) -> None:
        """Show groups only, or their trials, too."""
        row = self.current
        self._is_folded = not self._is_folded
        if row is not None:
            self._cursor = Row(row.rank, row.group).key if self._is_folded else row.key
        self._arrange()

    # What is drawn.

    def _value_widths(self, width: int) -> list[int]:
        """How wide the column of each setting is.

        The last ones are cut where there is no room even without progress and state.
        """
        room = max(width - _RESULTS, _LEAST_VALUES)
        widths: list[int] = []
        for field in self._fields:
            texts = [_heading(field), *(_value(group, field) for group in self._groups)]
            longest = max(map(cell_len, texts))
            widths.append(max(min(longest, room - sum(widths) - 2 * len(widths)), 0))
        least = _LEAST_VALUES - sum(widths) - len(_GAP) * (len(widths) - 1)
        widths[-1] += max(least, 0)
        return widths

    def _end_widths(self, width: int) -> tuple[int, int]:
        """How wide progress and state are beside the values; progress gives way first."""
        widths = self._value_widths(width)
        room = width - _RESULTS - sum(widths) - len(_GAP) * (len(widths) - 1)
        state = _width_in(room, _LEAST_STATE, _STATE)
        return _width_in(room - state - len(_GAP), _LEAST_BAR, _BAR), state

    @property
    def _groups(self) -> Sequence[Group]:
        return self._standing.groups

    @property
    def _fields(self) -> Sequence[str]:
        """The settings that have columns."""
        return self._standing.fields or (SEED,)

    def _in_columns(self, texts: Iterable[str], width: int) -> str:
        """One text for each setting, in its column."""
        pairs = zip(texts, self._value_widths(width), strict=True)
        return _GAP.join(pad(shorten(text, space), space) for text, space in pairs)

    def _scale_room(self, width: int) -> int:
        """The columns that are left for a scale of accuracies; 0 where they are too few."""
        widths = self._value_widths(width)
        rest = width - _FIXED - sum(widths) - len(_GAP) * len(widths)
        return min(rest, _MOST_SCALE) if rest >= _LEAST_SCALE else 0

    def heading(self, y: int, width: int) -> Line:
        """The names of the columns."""
        values = self._in_columns(map(_heading, self._fields), width)
        text = (
            f"{'':{_RANK}}{values}{_GAP}{'▾mean':>{_ACCURACY}} {'± dev':<{_SPREAD}}{_GAP}"
            f"{'runs':>{_COUNT}}"
        )
        for word, space in zip(("trained", "state"), self._end_widths(width), strict=True):
            text += f"{_GAP}{pad(shorten(word, space), space)}" if space else ""
        room = self._scale_room(width)
        if room:
            low, high = self._span()
            left, right = formatting.percent(low), formatting.percent(high)
            between = room - len(left) - len(right)
            text += f"{_GAP}{left}{'log of the error':^{between}.{between}}{right}"
        return [(text, "muted")]

    def line(self, index: int, width: int) -> Line:
        row = self._rows[index]
        return self._group_line(row, width) if row.entry is None else self._entry_line(row, width)

    def _group_line(self, row: Row, width: int) -> Line:
        group = row.group
        values = self._in_columns((_value(group, field) for field in self._fields), width)
        spread = "" if group.spread is None else f"± {100 * group.spread:.2f}"
        count = f"{len(group.accuracies)}/{len(group.entries)}"
        state, tone = self._state_of(group)
        bar_width, state_width = self._end_widths(width)
        gap = _GAP if bar_width else ""
        line: Line = [
            (f"{row.rank if group.mean is not None else '':>{_RANK - 1}} ", "accent"),
            (values, "strong"),
            (f"{_GAP}{formatting.percent(group.mean):>{_ACCURACY}}", "strong"),
            (f" {spread:<{_SPREAD}}{_GAP}{count:>{_COUNT}}{gap}", ""),
            *(bar(group.fraction, bar_width) if bar_width else ()),
            *_state_piece(state, tone, state_width),
        ]
        return [*line, *self._on_scale(group.accuracies, group.mean, group.spread, width)]

    def _entry_line(self, row: Row, width: int) -> Line:
        entry, run = row.entry, row.entry.run if row.entry else None
        assert entry is not None
        widths = self._value_widths(width)
        room = sum(widths) + len(_GAP) * (len(widths) - 1)
        place = "" if run is None or run.best_epoch is None else f"in {run.best_epoch}"
        epochs = f"{entry.epochs_done}/{run.epochs if run else entry.trial.config.epochs}"
        state, tone = describe_state(run, entry.state)
        bar_width, state_width = self._end_widths(width)
        gap = _GAP if bar_width else ""
        curve = loss_curve(run.val_losses, bar_width) if run is not None and bar_width else ""
        line: Line = [
            (f"{'':{_RANK}}{pad(f'  seed {entry.trial.config.seed}', room)}", "muted"),
            (f"{_GAP}{formatting.percent(entry.accuracy):>{_ACCURACY}}", ""),
            (f" {place:<{_SPREAD}}{_GAP}{epochs:>{_COUNT}}{gap}", "muted"),
            (pad(curve, bar_width), "bar"),
            *_state_piece(state, tone, state_width),
        ]
        own = () if entry.accuracy is None else (entry.accuracy,)
        return [*line, *self._on_scale(own, None, None, width)]

    @staticmethod
    def _state_of(group: Group) -> tuple[str, str]:
        """What there is to say of a group's trials, the most important first."""
        if len(group.entries) == 1:
            return describe_state(group.entries[0].run, group.entries[0].state)
        failed = group.count("failed")
        if group.live:
            return f"● {group.live} training", "good"
        if failed:
            return f"{failed} failed", "bad"
        finished = group.count("finished")
        if finished == len(group.entries):
            return "finished", ""
        return (f"{finished} finished" if finished else WAITING), "muted"

    def _span(self) -> tuple[float, float]:
        """The worst and the best accuracy of all."""
        known = [value for group in self._groups for value in group.accuracies]
        return (min(known), max(known)) if known else (0.0, 1.0)

    def _on_scale(
        self, values: Sequence[float], mean: float | None, spread: float | None, width: int
    ) -> Line:
        """Accuracies from the worst to the best of all, by the logarithm of their errors.

        On that scale the best ones can be told apart, however bad the others are.
        """
        room = self._scale_room(width)
        if not room or not values:
            return []
        low, high = map(_log_of_error, self._span())

        def column(value: float) -> int:
            share = (low - _log_of_error(value)) / (low - high) if low > high else 1.0
            return round(min(max(share, 0.0), 1.0) * (room - 1))

        cells = [" "] * room
        if mean is not None and spread is not None:
            for place in range(column(mean - spread), column(mean + spread) + 1):
                cells[place] = "─"
        for value in values if mean is None else ():
            cells[column(value)] = "•"
        if mean is not None:
            cells[column(mean)] = "●"
        return [(f"{_GAP}{''.join(cells)}", "bar")]


def _width_in(room: int, least: int, most: int) -> int:
    """The width of a column behind a gap in `room`: `least` to `most`, or 0 where it has none."""
    width = min(room - len(_GAP), most)
    return width if width >= least else 0


def _state_piece(state: str, tone: str, width: int) -> Line:
    """The state behind a gap, cut or filled to `width`; nothing where that is 0."""
    return [(f"{_GAP}{pad(shorten(state, width), width)}", tone)] if width else []


def _log_of_error(accuracy: float) -> float:
    return math.log(max(1.0 - accuracy, 1e-5))


def _heading(field: str) -> str:
    return option_name(field).removeprefix("--")


def _value(group: Group, field: str) -> str:
    return SETTINGS[field].rule.spell(group.values[field]) if field in group.values else "all"


def describe_values(group: Group) -> str:
    """What the trials of a group have in common, and others don't: `lr 0.1, batch-size 32`."""
    known = [f"{_heading(field)} {_value(group, field)}" for field in group.values]
    return ", ".join(known) or "all seeds"
