"""Rows of words and numbers as lines of text."""

from collections.abc import Sequence

from rich.cells import cell_len

from mnist_tui.tui.text.fitting import shorten

_LEAST = 16
"""Columns that the first one keeps where lines are shortened."""


def table(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    align: str = "<",
    width: int | None = None,
) -> str:
    """Columns as wide as they must be, two blanks apart.

    Args:
        header: The first line.
        rows: Those below, each as long as the header.
        align: `<` for words, `>` for numbers; the first column is for words always.
        width: The columns of the terminal, for which the first column is shortened; None: any.
    """
    widths = [max(map(cell_len, column)) for column in zip(header, *rows, strict=True)]
    if width is not None:
        others = sum(2 + column for column in widths[1:])
        widths[0] = min(widths[0], max(width - others, _LEAST))
        rows = [(shorten(row[0], widths[0]), *row[1:]) for row in rows]
    sides = ["<", *(align for _ in header[1:])]
    return "\n".join("  ".join(map(pad, row, sides, widths)).rstrip() for row in (header, *rows))


def pad(cell: str, side: str, width: int) -> str:
    """Fill a cell up to a width in columns, of which some characters take two."""
    blanks = " " * (width - cell_len(cell))
    return cell + blanks if side == "<" else blanks + cell
