"""The lines of words around a chart: title, legend or read-out, and caption."""

from __future__ import annotations

import math
from collections.abc import Iterable

from rich.cells import cell_len

from mnist_tui.tui.charts.glyphs import Glyphs
from mnist_tui.tui.charts.labels import value_label, x_label, x_value
from mnist_tui.tui.charts.palette import MUTED, TEXT, TITLE, WARNING, Ink
from mnist_tui.tui.charts.series import ChartData, Series
from mnist_tui.tui.charts.view import View

Words = list[tuple[str, Ink]]

GAP = "  "
NO_VALUE = "-"
SHORT = 5
"""Letters that a shortened name keeps."""
LEVELS = ((None, True), (SHORT, True), (None, False), (SHORT, False), (0, True), (0, False))
"""The letters of each name, and whether faint series are named; the wordiest first."""


def title_of(data: ChartData, view: View) -> str:
    """Return the title, with what is in view while that is not all."""
    return titles(data, view)[0]


def titles(data: ChartData, view: View) -> list[str]:
    """Return the title and its shorter forms, the longest first."""
    title = f"{data.title} (log)" if view.is_log else data.title
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
    """Return glyph, name and value of each series: the last one, or that at the cursor.

    In a narrow place names are shortened, then the faint series left out, then all names,
    then the title, then the values.

    Args:
        data: What the chart shows.
        glyphs: The characters in use.
        width: Cells that there are.
        heads: The title and its shorter forms; empty if the title is elsewhere.
        cursor: The x to read out.
    """
    where: Words = [] if cursor is None else [(_place(data, cursor), TEXT)]
    values = [_value(data, series, cursor) for series in data.series]
    for head in [*heads, ""]:
        for letters, has_faint in LEVELS:
            items = [
                _item(series, glyphs, series.name[:letters], value)
                for series, value in zip(data.series, values, strict=True)
                if has_faint or not series.faint
            ]
            line = _joined([[(head, TITLE)] if head else [], where, *items])
            if length(line) <= width:
                return line
    bare = _joined([_item(series, glyphs, "", "") for series in data.series])
    return bare if length(bare) <= width else _cut([(heads[-1], TITLE)] if heads else [], width)


def caption(data: ChartData, is_log: bool) -> Words:
    """Return what has to be said about the data: values that can't be drawn, and the note."""
    words: list[Words] = []
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
    if data.smoothing:
        words.append([(f"smoothing {data.smoothing:g}", MUTED)])
    if data.note:
        words.append([(data.note, MUTED)])
    return _joined(words)


def length(words: Words) -> int:
    """Return the width of `words` in cells."""
    return sum(cell_len(text) for text, _ in words)


def _item(series: Series, glyphs: Glyphs, name: str, value: str) -> Words:
    ink = Ink(series.color, 0.5 if series.faint else 1.0)
    item: Words = [(glyphs.sample(series.kind), ink)]
    item += [(f" {name}", MUTED)] if name else []
    return item + ([(f" {value}", TEXT)] if value else [])


def _value(data: ChartData, series: Series, cursor: float | None) -> str:
    if cursor is None:
        return "" if series.last is None else value_label(series.last, data.y_format)
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


def _joined(parts: Iterable[Words]) -> Words:
    """Return the parts that have words, with a gap between them."""
    words: Words = []
    for part in parts:
        words += [(GAP, TEXT)] if words and part else []
        words += part
    return words


def _cut(words: Words, width: int) -> Words:
    """Return the words that fit; the last one may be cut."""
    kept: Words = []
    for text, ink in words:
        room = width - length(kept)
        kept += [(text[:room], ink)] if room > 0 else []
    return kept
