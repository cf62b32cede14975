"""The lines of words around a chart: title, legend or read-out, and caption."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size

from mnist_tui.tui.charts.columns import Limits
from mnist_tui.tui.charts.glyphs import Glyphs
from mnist_tui.tui.charts.labels import value_label, x_label, x_value
from mnist_tui.tui.charts.palette import MUTED, TEXT, TITLE, WARNING, Ink
from mnist_tui.tui.charts.series import ChartData, Series
from mnist_tui.tui.charts.view import View
from mnist_tui.tui.text.fitting import shorten_middle

Words = list[tuple[str, Ink]]

GAP = "  "
NO_VALUE = "-"
CUT = 24
"""Columns that the name of the run to compare with keeps where the whole has no room."""
SHORT = 5
"""Letters that a shortened name keeps."""
PREVIOUS = "previous run"
"""What a dotted series is, before its name."""


class _Level(NamedTuple):
    """How much of the series is named."""

    letters: int | None
    """Of each name."""
    has_faint: bool
    """Whether the raw values of what is smoothed are given too."""
    has_previous: bool
    """Whether the run to compare with is named."""
    is_cut: bool = False
    """Whether only the ends of its name are given."""


LEVELS = (
    _Level(None, True, True),
    _Level(None, True, True, is_cut=True),
    _Level(None, True, False),
    _Level(SHORT, True, True),
    _Level(SHORT, True, False),
    _Level(None, False, False),
    _Level(SHORT, False, False),
    _Level(0, True, False),
    _Level(0, False, False),
)
"""The wordiest first."""


def titles(data: ChartData, view: View) -> list[str]:
    """Return the title with what is in view while that is not all, and its shorter forms."""
    title = view.shown(data).title + (" (log)" if view.is_log else "")
    if view.window is None:
        return [title]
    lo, hi = view.window
    if data.x_format == "count":
        lo, hi = round(lo), round(hi)
    shown = "-".join(x_label(end, max(hi - lo, 1), data.x_format) for end in (lo, hi))
    last = x_label(round(data.full_range[1]), 1000, data.x_format)
    zoomed = f"{title} · {data.x_plural} {shown} of {last}"
    return [f"{zoomed}, 0 shows all", zoomed, title]


def legend(
    data: ChartData, glyphs: Glyphs, width: int, heads: list[str], cursor: float | None = None
) -> Words:
    """Return glyph, name and value of each series: the newest, or that at the cursor.

    In a narrow place the name of the run to compare with is cut in its middle, then left out,
    names are shortened, then raw values behind smoothed ones left out, then all names, then the
    title, then the values.

    Args:
        data: What the chart shows.
        glyphs: The characters in use.
        width: Cells that there are.
        heads: The title and its shorter forms; empty if the title is elsewhere.
        cursor: The x to read out.
    """
    where: Words = [] if cursor is None else [(_place(data, cursor), TEXT)]
    for head in [*heads, ""]:
        for level in LEVELS:
            items = _items(data, glyphs, level, cursor)
            line = joined([[(head, TITLE)] if head else [], where, *items])
            if length(line) <= width:
                return line
    bare = joined([_item(series, glyphs, "", "") for series in data.series])
    return bare if length(bare) <= width else cut([(heads[-1], TITLE)] if heads else [], width)


def unnamed(data: ChartData, glyphs: Glyphs, width: int, heads: list[str], room: int) -> Words:
    """Return the name of the run to compare with, where the legend has no room for it.

    Args:
        data: What the chart shows.
        glyphs: The characters in use.
        width: Cells that the legend has.
        heads: The title and its shorter forms; empty if the title is elsewhere.
        room: Cells for the name and what it is; a longer name is cut in its middle.
    """
    previous = [series for series in data.series if series.kind == "dotted"]
    named = "".join(text for text, _ in legend(data, glyphs, width, heads))
    if not previous or PREVIOUS in named:
        return []
    name = previous[0].name
    bare = length(_item(previous[0], glyphs, _previous(name), "")) - cell_len(name)
    return _item(previous[0], glyphs, _previous(shorten_middle(name, max(room - bare, 1))), "")


def caption(data: ChartData, is_log: bool, limits: Limits | None, glyphs: Glyphs) -> Words:
    """Return the remarks on the data: values that are not drawn, and the note."""
    words: list[Words] = [_beyond(data, limits, glyphs)]
    gaps = [gap for series in data.series for gap in series.gaps]
    if data.bad:
        words.append([(_words(data, data.bad, "nan or infinite"), WARNING)])
    elif gaps and data.bad is None:
        what = {"nan" if math.isnan(y) else "infinite" for _, y in gaps}
        words.append([(_counted(data, gaps, " or ".join(sorted(what, reverse=True))), WARNING)])
    if is_log:
        low = [point for series in data.series for point in _not_positive(series)]
        if low:
            words.append([(f"{_counted(data, low, 'at or below 0')}, off a log axis", WARNING)])
    if data.note:
        words.append([(data.note, MUTED)])
    return joined(words)


def length(words: Words) -> int:
    """Return the width of `words` in cells."""
    return sum(cell_len(text) for text, _ in words)


def _beyond(data: ChartData, limits: Limits | None, glyphs: Glyphs) -> Words:
    """Say how far values reach that are beyond the y axis, and what shows them, or hides them."""
    if limits is not None and limits.has_outliers:
        return [("0 leaves single far values out", MUTED)]
    if limits is None or (limits.lo <= limits.lowest and limits.highest <= limits.hi):
        return []
    parts = []
    if limits.highest > limits.hi:
        parts.append(f"{glyphs.above} up to {value_label(limits.highest, data.y_format)}")
    if limits.lowest < limits.lo:
        parts.append(f"{glyphs.below} down to {value_label(limits.lowest, data.y_format)}")
    return [(f"{', '.join(parts)}: 0 shows all", MUTED)]


def _items(data: ChartData, glyphs: Glyphs, level: _Level, cursor: float | None) -> list[Words]:
    """Return an entry for each series; a smoothed one is in brackets behind its raw values."""
    items: list[Words] = []
    for series in data.series:
        value = _value(data, series, cursor)
        name = _name(series, level)
        if series.kind == "dotted":
            items += [_item(series, glyphs, name, value)] if level.has_previous else []
        elif not series.is_smoothed:
            items += (
                [_item(series, glyphs, name, value)] if level.has_faint or not series.faint else []
            )
        elif level.has_faint and level.letters != 0:
            word = "smoothed" if level.letters is None else "smooth"
            item = _item(series, glyphs, word, value)
            items[-1] += [(" (", MUTED), *item, (")", MUTED)]
        else:
            items.append(_item(series, glyphs, name, value))
    return items


def _name(series: Series, level: _Level) -> str:
    letters = level.letters
    if series.kind == "dotted":
        if letters is not None:
            return PREVIOUS
        return _previous(shorten_middle(series.name, CUT) if level.is_cut else series.name)
    if series.tag and letters is not None:
        return ""  # the tag tells more than the beginning of a name
    suffix = " (smoothed)" if series.is_smoothed and letters != 0 else ""
    return series.name[:letters] + suffix


def _previous(name: str) -> str:
    return f"{PREVIOUS}: {name}" if name else PREVIOUS


def _item(series: Series, glyphs: Glyphs, name: str, value: str) -> Words:
    ink = Ink(series.color, 0.5 if series.faint else 1.0)
    item: Words = [(series.tag or glyphs.samples[series.kind], ink)]
    item += [(f" {name}", MUTED)] if name else []
    return item + ([(f" {value}", TEXT)] if value else [])


def _value(data: ChartData, series: Series, cursor: float | None) -> str:
    if cursor is None:
        newest = series.last if series.newest is None else series.newest
        return "" if newest is None else value_label(newest, data.y_format)
    index = data.index_at(series, cursor)
    return NO_VALUE if index is None else value_label(series.ys[index], data.y_format)


def _place(data: ChartData, cursor: float) -> str:
    """Say what the values at the cursor are of: `epoch 4`, `batch 370`, `batches 370-371`."""
    first, last = data.span_at(cursor)
    if first == last:
        return f"{data.x_label} {x_value(first, data.x_format)}"
    return f"{data.x_plural} {'-'.join(x_value(end, data.x_format) for end in (first, last))}"


def _counted(data: ChartData, points: Iterable[tuple[float, float]], what: str) -> str:
    """Say how many epochs or batches, each counted once, were such."""
    return _words(data, len({x for x, _ in points}), what)


def _words(data: ChartData, count: int, what: str) -> str:
    one, many = data.points or (data.x_label, data.x_plural)
    return f"1 {one} was {what}" if count == 1 else f"{count:,} {many} were {what}"


def _not_positive(series: Series) -> list[tuple[float, float]]:
    if not series.ys or min(series.ys) > 0:
        return []
    return [(x, y) for x, y in zip(series.xs, series.ys, strict=True) if y <= 0]


def joined(parts: Iterable[Words]) -> Words:
    """Return the parts that have words, with a gap between them."""
    words: Words = []
    for part in parts:
        words += [(GAP, TEXT)] if words and part else []
        words += part
    return words


def cut(words: Words, width: int) -> Words:
    """Return `words`, or as many letters as fit and an ellipsis."""
    if length(words) <= width:
        return words
    kept: Words = []
    for text, ink in words:
        room = width - 1 - length(kept)
        kept += [(set_cell_size(text, min(room, cell_len(text))), ink)] if room > 0 else []
    return [*kept, ("…", MUTED)] if width > 0 else []
