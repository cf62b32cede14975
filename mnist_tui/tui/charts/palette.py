"""The inks of a chart, and what they look like in a theme."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from rich.style import Style
from textual.color import Color, ColorParseError


class Ink(NamedTuple):
    """How something is drawn, whatever the theme."""

    color: str = "foreground"
    """The name of a Textual theme variable."""
    strength: float = 1.0
    """From 0, like the background, to 1, the color itself."""
    is_bold: bool = False


TEXT = Ink()
TITLE = Ink(is_bold=True)
MUTED = Ink(strength=0.6)
FRAME = Ink(strength=0.3)
GRID = Ink(strength=0.16)
CURSOR = Ink(strength=0.8)
WARNING = Ink("warning")

LEAST_DIFFERENCE = 0.25
"""In brightness, from 0 to 1, between a color and the background."""


@dataclass
class Palette:
    """Theme variables resolved to terminal styles that have no background.

    An unknown or unreadable variable, or an empty palette, leaves the terminal's own
    foreground; what is weaker is then dim.
    """

    variables: Mapping[str, str] = field(default_factory=dict)
    background: Color = field(default_factory=lambda: Color(0, 0, 0))
    """What weak inks fade into: the background that shows through the chart."""
    _styles: dict[Ink, Style] = field(default_factory=dict)

    def style(self, ink: Ink) -> Style:
        """Return the style for `ink`."""
        if ink not in self._styles:
            self._styles[ink] = self._resolve(ink)
        return self._styles[ink]

    def _resolve(self, ink: Ink) -> Style:
        color = self._color(ink.color)
        if color is None:
            return Style(bold=ink.is_bold, dim=ink.strength < 1)
        if color.ansi is not None or self.background.ansi is not None:
            # One of the terminal's own colors: nobody knows what they look like blended.
            return Style(color=color.rich_color, bold=ink.is_bold, dim=ink.strength < 1)
        blend = self.background.blend(color, ink.strength * color.a, alpha=1.0)
        return Style(color=blend.rich_color, bold=ink.is_bold)

    def _color(self, name: str) -> Color | None:
        """Return a theme color, or its `text-` variant where it would hardly be seen."""
        found: Color | None = None
        for variable in (name, f"text-{name}"):
            try:
                color = Color.parse(self.variables[variable])
            except (KeyError, ColorParseError):
                continue
            difference = abs(color.brightness - self.background.brightness)
            if color.ansi is not None or difference >= LEAST_DIFFERENCE:
                return color
            found = color
        return found
