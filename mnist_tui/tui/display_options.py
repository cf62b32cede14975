"""The options of the command line that are about the display."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class DisplayOptions:
    """How the dashboard shows itself, as the command line asks for it."""

    has_mouse: bool = True
    """Whether the mouse is the dashboard's; else the terminal's own selection works."""
    is_low_bandwidth: bool = False
    """Whether to repaint once a second only."""
    rings: bool = False
    """Whether to ring the bell and notify when a run ends."""
    is_ascii: bool = False
    """Whether to draw ASCII characters only, whatever the terminal can show."""
