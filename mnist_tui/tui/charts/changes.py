"""Which parts of drawn lines are others than before."""

from collections.abc import Sequence

from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip


def changed_regions(old: Sequence[Strip], new: Sequence[Strip]) -> list[Region]:
    """What to repaint, of as many lines as before."""
    ends = [changed_until(before, after) for before, after in zip(old, new, strict=True)]
    # Textual sends a line from the widget's left edge up to the region's end.
    return [Region(0, y, end, 1) for y, end in enumerate(ends) if end]


def changed_until(old: Strip, new: Strip) -> int:
    """Return the column after the last one in which two lines differ; 0 if they don't."""
    if list(old) == list(new):
        return 0
    before, after = _cells_of(old), _cells_of(new)
    if len(before) != len(after):
        return max(len(before), len(after))
    differ = (x for x in range(len(after), 0, -1) if before[x - 1] != after[x - 1])
    return next(differ, 0)


def _cells_of(strip: Strip) -> list[tuple[str, Style | None]]:
    return [(character, segment.style) for segment in strip for character in segment.text]
