"""Rows of words and numbers as lines of text."""

from collections.abc import Sequence

from rich.cells import cell_len


def table(header: Sequence[str], rows: Sequence[Sequence[str]], *, align: str = "<") -> str:
    """Columns as wide as they must be, two blanks apart.

    Args:
        header: The first line.
        rows: Those below, each as long as the header.
        align: `<` for words, `>` for numbers; the first column is for words always.
    """
    widths = [max(map(cell_len, column)) for column in zip(header, *rows, strict=True)]
    sides = ["<", *(align for _ in header[1:])]
    return "\n".join("  ".join(map(pad, row, sides, widths)).rstrip() for row in (header, *rows))


def pad(cell: str, side: str, width: int) -> str:
    """Fill a cell up to a width in columns, of which some characters take two."""
    blanks = " " * (width - cell_len(cell))
    return cell + blanks if side == "<" else blanks + cell
