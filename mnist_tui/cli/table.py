"""Rows of words and numbers as lines of text."""

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size


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


def shorten(text: str, width: int) -> str:
    """`text`, or as much of its beginning as goes into `width` columns with an ellipsis."""
    return text if cell_len(text) <= width else f"{set_cell_size(text, width - 1).rstrip()}…"
