"""Paths in a form that can be shown to strangers."""

import os
from pathlib import Path


def shorten(path: str | Path) -> str:
    """A path with the user's home written as ~."""
    text, home = str(path), os.environ.get("HOME", "").rstrip("/")
    if home and (text == home or text.startswith(home + os.sep)):
        return "~" + text[len(home) :]
    return text
