"""The path of a file that was pasted, or dropped into the terminal."""

import shlex
import sys
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote, urlsplit


def pasted_path(text: str) -> Path | None:
    """The first file that pasted text names; None when it names none that is there.

    Terminals put quotes around what is dropped, or backslashes before blanks; desktops copy
    `file://` addresses.
    """
    text = text.strip()
    candidates = [text]
    with suppress(ValueError):  # an open quote
        candidates += shlex.split(text, posix=sys.platform != "win32")[:1]
    for candidate in candidates:
        name = candidate.strip("'\"")
        if name.startswith("file://"):
            name = unquote(urlsplit(name).path)
        try:
            path = Path(name).expanduser()
            if name and path.is_file():
                return path
        except (OSError, ValueError, RuntimeError):  # too long, a NUL, no such user
            continue
    return None
