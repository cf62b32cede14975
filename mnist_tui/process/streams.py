"""Standard streams that cannot write every character, or nothing any more."""

import codecs
import os
import sys
import unicodedata
from contextlib import suppress
from typing import Final, TextIO

ESCAPED: Final = "mnist-tui-escaped"
"""Error handler of lines: our own marks become ASCII's nearest, all else an escape sequence."""
CELLS: Final = "mnist-tui-cells"
"""Error handler of a screen: each character becomes one ASCII character, however it looks."""

_NEAREST: Final = {
    **dict.fromkeys("─━┈╌╍–—‑−▔▁▂", "-"),
    **dict.fromkeys("│┃┊▎▏▕▌▐", "|"),
    **dict.fromkeys("┌┐└┘├┤┬┴┼╭╮╰╯┏┓┗┛", "+"),
    **dict.fromkeys("█▉▊▋▇▆▅▄▀▃", "#"),
    **dict.fromkeys("░▒▓⠂⠒⠶⣿", ":"),
    **dict.fromkeys("·•●○◆◇★☆✓", "*"),
    **dict.fromkeys("‖", "="),
    **dict.fromkeys("✗×", "x"),
    **dict.fromkeys("←◀◂‹", "<"),
    **dict.fromkeys("→▶▸›", ">"),
    **dict.fromkeys("↑▲▴", "^"),
    **dict.fromkeys("↓▼▾", "v"),
    **dict.fromkeys("‘’", "'"),
    **dict.fromkeys("“”", '"'),
    "…": ".",
    "↵": "/",
    "≠": "!",
    "■": "#",
}
_LONGER: Final = {"…": "...", "→": "->", "≠": "!=", "★": "*"}
"""What lines have room for."""


def _escape(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end]
    return "".join(_LONGER.get(c) or _NEAREST.get(c) or _escaped(c) for c in text), error.end


def _escaped(character: str) -> str:
    return character.encode("ascii", "backslashreplace").decode()


def _fill_cells(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end]
    return "".join(_NEAREST.get(c) or _in_one_cell(c) for c in text), error.end


def _in_one_cell(character: str) -> str:
    if "\u2800" <= character <= "\u28ff":  # braille, of which curves are made
        return ":"
    if unicodedata.combining(character):
        return ""
    return "??" if unicodedata.east_asian_width(character) in "WF" else "?"


codecs.register_error(ESCAPED, _escape)
codecs.register_error(CELLS, _fill_cells)


def let_all_characters_pass() -> None:
    """Let no character that stdout's or stderr's encoding lacks end the program."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors=ESCAPED)


def give_up(stream: TextIO) -> None:
    """Send what is still to come on `stream` nowhere, and what it still holds.

    Python flushes the standard streams at its exit, and would fail on them once more.
    """
    with suppress(OSError):  # a stream of a test has no descriptor
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, stream.fileno())
        finally:
            os.close(nowhere)
