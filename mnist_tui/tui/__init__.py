"""The dashboard."""

import os
from dataclasses import dataclass

# Read when Textual is first imported. Whatever follows a first repaint waits for the next one,
# by default up to two sixtieths of a second: a key is answered at once in words, and its effect,
# which comes a moment later, would appear late. Nothing is repainted where nothing has changed.
os.environ.setdefault("TEXTUAL_FPS", "240")


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
