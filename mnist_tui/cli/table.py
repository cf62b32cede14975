"""Rows of words and numbers as lines of text."""

from collections.abc import Sequence


def table(header: Sequence[str], rows: Sequence[Sequence[str]], *, align: str = "<") -> str:
    """Columns as wide as they must be, two blanks apart.

    Args:
        header: The first line.
        rows: Those below, each as long as the header.
        align: `<` for words, `>` for numbers; the first column is for words always.
    """
    widths = [max(len(row[i]) for row in (header, *rows)) for i in range(len(header))]
    sides = ["<", *(align for _ in header[1:])]
    return "\n".join(
        "  ".join(
            f"{cell:{side}{width}}" for cell, side, width in zip(row, sides, widths, strict=True)
        ).rstrip()
        for row in (header, *rows)
    )
