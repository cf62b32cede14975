"""The characters that curves and lines are drawn with."""

from __future__ import annotations

from dataclasses import dataclass

from mnist_tui.tui.charts.raster import BRAILLE
from mnist_tui.tui.charts.series import Kind


@dataclass(frozen=True)
class Glyphs:
    """One set of characters. Kinds differ by shape, so that color is not needed."""

    point: str
    line: str
    """plotext's marker: a character, or BRAILLE."""
    band: str
    """The marker of an envelope's band."""
    dot: str
    """The marker of a dotted line."""
    lone: str
    """For a value of a line that has no neighbor to be joined to."""
    samples: dict[Kind, str]
    """For each kind in the legend."""
    above: str
    """At the top, for a value that is higher than the axis."""
    below: str
    """At the bottom, for a value that is lower."""
    grid: str
    mark: str
    cursor: str
    axis: str
    tick: str


UNICODE = Glyphs(
    point="●",
    line=BRAILLE,
    band=BRAILLE,
    dot=BRAILLE,
    lone="◆",
    samples={"points": "●", "line": "⠒⠒", "envelope": "⣿⠶", "dotted": "⠂⠂"},
    above="▲",
    below="▼",
    grid="┈",
    mark="┊",
    cursor="│",
    axis="─",
    tick="┬",
)

ASCII = Glyphs(
    point="o",
    line="+",
    band=":",
    dot="'",
    lone="x",
    samples={"points": "o", "line": "+", "envelope": ":+", "dotted": "''"},
    above="^",
    below="v",
    grid=".",
    mark=":",
    cursor="|",
    axis="-",
    tick="+",
)
"""For terminals without Unicode, and the Linux console, whose font has no braille."""


def glyphs_for(encoding: str, term: str) -> Glyphs:
    """Return the characters that a terminal with this encoding and TERM can show."""
    is_unicode = encoding.lower().replace("-", "").startswith("utf")
    return UNICODE if is_unicode and term != "linux" else ASCII
