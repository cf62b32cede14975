"""The characters that the terminal can show, and what takes the place of the others."""

import unicodedata
from typing import Any, Final, TextIO

from rich.cells import cell_len
from rich.segment import Segment
from textual.app import App
from textual.color import Color
from textual.filter import LineFilter

from mnist_tui.process.streams import screen_stream

ASCII_FORMS: Final = {
    ord(glyph): form
    for form, glyphs in {
        ".": "·░▖▗",
        "*": "•★●",
        "~": "…",
        "<": "←◂‹⏎↵⌫",
        ">": "→▸›",
        "^": "↑▴▲",
        "v": "↓▾▼",
        "+": "✓▅",
        "x": "✗×◆",
        "!": "≠",
        "/": "÷◓",
        "\\": "◒",
        "u": "µ",
        "'": "°▘▝",
        "-": "–—▔◐▃",
        "=": "‖▄▒",
        "|": "▌▍▎▏▐▕◑",
        "o": "○◌",
        "#": "■█▇▉▊▋▙▚▛▜▞▟",
        '"': "▀",
        "%": "▓▆",
        "_": "▁",
        ",": "▂",
    }.items()
    for glyph in glyphs
} | {ord("🔎"): "/ "}
"""An ASCII character for each glyph of the dashboard and of Textual's widgets."""

_BOXES: Final = range(0x2500, 0x2580)
_BRAILLE: Final = range(0x2800, 0x2900)
_UNKNOWN: Final = "?"


def limit_characters(
    app: App[Any], *, is_ascii: bool = False, term: str = "", stream: TextIO | None = None
) -> None:
    """Let `app` draw only what its terminal can show; call it before the app runs.

    Where the output is UTF-8 and the terminal not Linux's own console, nothing changes. Every
    other character is replaced by one of the same width, on every screen, Textual's own widgets
    included.

    Args:
        app: The app.
        is_ascii: Whether to draw ASCII only, whatever the output can encode.
        term: The environment's TERM.
        stream: Where the app writes to; by default what the dashboard draws on.
    """
    stream = stream or screen_stream()
    encoding = encoding_for(getattr(stream, "encoding", None), term, is_ascii=is_ascii)
    if encoding is None:
        return
    app._filters.append(EncodableOnly(encoding))
    if encoding != LINUX_CONSOLE:
        # Charts and images ask for it: they have better forms than a replaced character.
        app.console.file.encoding = encoding  # type: ignore[attr-defined]


LINUX_CONSOLE: Final = "cp437"
"""About what the font of the Linux console has: 256 glyphs, box drawing among them."""


def encoding_for(encoding: str | None, term: str, *, is_ascii: bool = False) -> str | None:
    """The encoding to keep to, for an output's encoding and a TERM; None for any character."""
    if is_ascii:
        return "ascii"
    if encoding is not None and not encoding.lower().replace("-", "").startswith("utf"):
        return encoding
    return LINUX_CONSOLE if term == "linux" else None


class EncodableOnly(LineFilter):
    """Replaces what an encoding does not have."""

    def __init__(self, encoding: str) -> None:
        super().__init__()
        self._forms = _Forms(encoding)

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """`segments` as wide as they were, in characters that can be encoded."""
        return [
            segment
            if segment.text.isascii()
            else Segment(segment.text.translate(self._forms), segment.style, segment.control)
            for segment in segments
        ]


class _Forms(dict[int, str]):
    """A table for `str.translate`, filled as characters are met."""

    def __init__(self, encoding: str) -> None:
        super().__init__()
        self._encoding = encoding

    def __missing__(self, code: int) -> str:
        self[code] = form = self._form(chr(code))
        return form

    def _form(self, character: str) -> str:
        try:
            character.encode(self._encoding)
        except UnicodeEncodeError:
            return ascii_form(character)
        return character


def ascii_form(character: str) -> str:
    """The ASCII form of a character, as wide as it is."""
    code = ord(character)
    if code in _BRAILLE:
        return " .:#"[-(-(code - _BRAILLE.start).bit_count() // 3)]
    if code in _BOXES:
        return _box_form(character)
    return ASCII_FORMS.get(code, _UNKNOWN * cell_len(character))


def _box_form(character: str) -> str:
    """A line, or a corner or crossing, by what Unicode calls the character."""
    name = unicodedata.name(character)
    is_across = any(word in name for word in ("HORIZONTAL", "LEFT", "RIGHT"))
    is_down = any(word in name for word in ("VERTICAL", "UP", "DOWN"))
    if is_across and is_down:
        return "+"
    if "DASH" in name:
        return ":" if is_down else "."
    if is_down:
        return "|"
    return "=" if name.split()[2] in ("HEAVY", "DOUBLE") and "HORIZONTAL" in name else "-"
