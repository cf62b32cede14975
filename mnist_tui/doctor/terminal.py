"""The terminal that the dashboard would draw on."""

import os
import re
import select
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Final, TextIO

from mnist_tui.doctor.check import Check, ok, warning
from mnist_tui.process.streams import is_terminal

_SMALL: Final = (80, 24)
_PATIENCE_S: Final = 0.5
"""For a reply of the terminal."""
_MOUSE_REPLY: Final = re.compile(rb"\x1b\[\?1006;([0-4])\$y")


def look(*, is_in_use: bool = False) -> Iterator[Check]:
    """Size, colors, characters, mouse, and what lies between.

    `is_in_use`: whether a dashboard is shown on it; then it is not queried.
    """
    yield _look_at_characters(sys.__stderr__ if is_in_use else sys.stdout)
    if not is_in_use and not (is_terminal(sys.stdin) and is_terminal(sys.stdout)):
        advice = "start it in a terminal for the dashboard, or use --headless"
        yield warning("terminal", "none: input or output is not a terminal", advice)
        return
    yield from _look_at_kind()
    if not is_in_use:
        yield _look_at_size()
        yield _look_at_mouse()


def _look_at_kind() -> Iterator[Check]:
    term = os.environ.get("TERM", "")
    between = [name for name, variable in _BETWEEN if os.environ.get(variable)]
    found = f"TERM={term or '(not set)'}" + (f", in {' and '.join(between)}" if between else "")
    if sys.platform != "win32" and term in ("", "dumb", "unknown"):
        advice = "set TERM to your terminal's type, such as xterm-256color"
        yield warning("terminal", found, advice)
    else:
        yield ok("terminal", found)
    yield _look_at_colors(term)


_BETWEEN: Final = (("tmux", "TMUX"), ("screen", "STY"), ("SSH", "SSH_CONNECTION"))


def _look_at_size() -> Check:
    columns, lines = os.get_terminal_size(sys.stdout.fileno())
    found = f"{columns} columns, {lines} lines"
    if columns < _SMALL[0] or lines < _SMALL[1]:
        return warning("size", found, "80x24 or larger shows more at a time")
    return ok("size", found)


def _look_at_colors(term: str) -> Check:
    if os.environ.get("NO_COLOR"):
        return ok("colors", "none, by NO_COLOR")
    if os.environ.get("COLORTERM", "").lower() in ("truecolor", "24bit"):
        return ok("colors", "16.7 million")
    if "256" in term:
        return ok("colors", "256; COLORTERM=truecolor, where the terminal can, gives all")
    advice = "set TERM to a type with 256 colors, such as xterm-256color, if the terminal has them"
    return warning("colors", "16 or fewer", advice)


def _look_at_characters(stream: TextIO | None) -> Check:
    encoding = (getattr(stream, "encoding", None) or "none").lower()
    places = [f"{name}={os.environ[name]}" for name in _LOCALE if os.environ.get(name)]
    found = f"{encoding} ({', '.join(places) if places else 'no locale is set'})"
    if encoding.replace("-", "").startswith("utf"):
        return ok("characters", found)
    advice = "set LC_ALL=C.UTF-8 for braille curves and all names, if the terminal shows Unicode"
    return warning("characters", found, advice)


_LOCALE: Final = ("LC_ALL", "LC_CTYPE", "LANG", "PYTHONIOENCODING", "PYTHONUTF8")


def _look_at_mouse() -> Check:
    reply = _query(b"\x1b[?1006$p\x1b[c")
    match = _MOUSE_REPLY.search(reply)
    if match and match[1] in b"1234" and match[1] != b"4":
        return ok("mouse", "reported")
    if match:
        return warning("mouse", "not reported by this terminal", "every command has a key: see ?")
    return ok("mouse", "the terminal does not say whether it reports it")


def _query(question: bytes) -> bytes:
    """Return the terminal's replies up to its device attributes; empty without any."""
    try:
        import termios
        import tty
    except ImportError:  # Windows
        return b""
    stdin, stdout = sys.stdin.fileno(), sys.stdout.fileno()
    reply = b""
    with suppress(OSError, termios.error):
        if os.tcgetpgrp(stdin) != os.getpgrp():
            return b""  # a background job would be stopped for it
        before = termios.tcgetattr(stdin)
        try:
            tty.setcbreak(stdin, termios.TCSANOW)
            os.write(stdout, question)
            end = time.monotonic() + _PATIENCE_S
            while (left := end - time.monotonic()) > 0 and not reply.endswith(b"c"):
                if select.select([stdin], [], [], left)[0]:
                    reply += os.read(stdin, 1024)
        finally:
            termios.tcsetattr(stdin, termios.TCSAFLUSH, before)
    return reply
