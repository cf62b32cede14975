"""Words made to fit into columns, of which some characters take two."""

import re
from collections.abc import Callable, Iterable
from typing import TypeVar

from rich.cells import cell_len, chop_cells, set_cell_size

Thing = TypeVar("Thing")


def fitting(
    things: Iterable[Thing], width: int, size: Callable[[Thing], int], gap: int = 0
) -> list[Thing]:
    """As many whole things as go into `width` columns, `gap` columns apart, from the first on."""
    taken, used = [], -gap
    for thing in things:
        used += gap + size(thing)
        if used > width:
            break
        taken.append(thing)
    return taken


def pad(text: str, width: int) -> str:
    """`text` cut or filled with spaces to exactly `width` columns."""
    return set_cell_size(text, width)


def fit(parts: Iterable[str], width: int, between: str = " · ") -> str:
    """As many whole parts as go into `width` columns, from the first on."""
    return between.join(fitting(parts, width, cell_len, cell_len(between)))


def first_fitting(width: int, *forms: str) -> str:
    """The first of ever shorter forms that goes whole into `width` columns; else the last, cut."""
    return next((form for form in forms if cell_len(form) <= width), shorten(forms[-1], width))


def shorten(text: str, width: int) -> str:
    """`text`, or as much of its beginning as goes into `width` columns with an ellipsis."""
    if cell_len(text) <= width:
        return text
    return f"{set_cell_size(text, width - 1).rstrip()}…" if width > 0 else ""


def shorten_middle(text: str, width: int) -> str:
    """`text`, or its beginning and its end in `width` columns with an ellipsis between them.

    For names that differ at their ends.
    """
    if cell_len(text) <= width:
        return text
    if width < 3:
        return shorten(text, width)
    head = set_cell_size(text, (width - 1) // 2).rstrip()
    tail = set_cell_size(text[::-1], width // 2).rstrip()[::-1]
    return f"{head}…{tail}"


def cut(text: str, width: int) -> str:
    """`text`, or as many whole words of it as go into `width` columns, and an ellipsis."""
    if cell_len(text) <= width:
        return text
    words = fit(text.split(" "), width - 2, between=" ")
    return f"{words} …" if words else ("…" if width > 0 else "")


def wrap_words(text: str, width: int) -> list[str]:
    """`text` as lines of whole words; a word longer than a line is chopped.

    A percent sign stays with its number.
    """
    width = max(width, 1)
    lines, words = [], re.split(" (?!%)", text)
    while words:
        taken = fitting(words, width, cell_len, 1)
        if taken:
            lines.append(" ".join(taken))
            words = words[len(taken) :]
        else:
            # Where not even one character fits, it stands out.
            head = next(filter(None, chop_cells(words[0], width)))
            lines.append(head)
            words[:1] = [rest] if (rest := words[0][len(head) :]) else []
    return lines
