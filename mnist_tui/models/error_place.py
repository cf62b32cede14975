"""Errors of a user's own code, reported by their own file and line."""

import traceback
from pathlib import Path

from mnist_tui.models.python_files import PythonFiles


def describe(error: BaseException, files: PythonFiles, otherwise: str = "") -> str:
    """An error in one line, after the line of the user's files that it comes from.

    Args:
        error: What was raised.
        files: The user's.
        otherwise: What it comes after where it has no line in them.
    """
    reason = (str(error).strip() or "no reason given").splitlines()[0]
    if isinstance(error, SyntaxError):
        reason = error.msg
    place = place_of(error, files) or otherwise
    return f"{place}{': ' if place else ''}{type(error).__name__}: {reason}"


def place_of(error: BaseException, files: PythonFiles) -> str:
    """The last line of the user's files that an error went through: `net.py:12`; else empty."""
    if isinstance(error, SyntaxError) and error.filename and error.lineno:
        return f"{shown(Path(error.filename))}:{error.lineno}"
    paths = {str(files.path(name)) for name in files.names}
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if frame.filename in paths:
            return f"{shown(Path(frame.filename))}:{frame.lineno}"
    return ""


def shown(path: Path) -> str:
    """A path as short as it can be typed."""
    try:
        return str(path.relative_to(Path.cwd()))
    except (ValueError, OSError):
        return str(path)
