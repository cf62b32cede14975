"""The dashboard."""

import os

# Read when Textual is first imported. Whatever follows a first repaint waits for the next one,
# by default up to two sixtieths of a second: a key is answered at once in words, and its effect,
# which comes a moment later, would appear late. Nothing is repainted where nothing has changed.
os.environ.setdefault("TEXTUAL_FPS", "240")
