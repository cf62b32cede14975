"""Removes from a terminal's text what Textual's parser would take for keys by mistake."""

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

PASTE_START: Final = "\x1b[200~"
PASTE_END: Final = "\x1b[201~"
PATIENCE_S: Final = 2.0
"""A paste, or a report, of which nothing more comes for so long has lost its end."""
LONGEST_PASTE: Final = 100_000
"""Characters of one paste that are taken in."""


@dataclass(frozen=True, slots=True)
class Haste:
    """What does not come at once from a hand at the keys."""

    characters: int
    kinds: int
    """How many of the characters are different."""


SLOW_LINE: Final = Haste(8, 5)
"""Where a slow line brings several keys at once, and most pastes are marked."""
NO_MARKS: Final = Haste(3, 2)
"""Where the terminal marks no paste, so that a short word pasted into it comes like this."""


@dataclass(frozen=True)
class _Span:
    """A stretch of text that is not made of keys."""

    begin: re.Pattern[str]
    end: re.Pattern[str]
    is_paste: bool


_PASTE: Final = _Span(re.compile(re.escape(PASTE_START)), re.compile(re.escape(PASTE_END)), True)
_REPORT: Final = _Span(
    # OSC and DCS; alt+] and alt+P begin alike, and are followed by nothing of that kind.
    re.compile(r"\x1b(?:\][0-9]+;|P[0-9>!]+[|+$])"),
    re.compile(r"\x07|\x1b\\|\x9c"),
    False,
)
_LONGEST_END: Final = len(PASTE_END)


class InputFilter:
    """Hands text on to Textual's parser, less what the parser would make wrong keys of.

    Inside of a bracketed paste control characters are left out. A paste that is too long is
    cut, and one whose end never comes is ended. Where the terminal does not mark pastes, a line
    that arrives at once is marked here. Answers of the terminal to questions that nobody here
    has asked, which end with a string, are left out whole.
    """

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, haste: Haste = SLOW_LINE
    ) -> None:
        """`clock` gives seconds; `haste` tells a paste without marks from keys."""
        self._clock = clock
        self._haste = haste
        self._inside: _Span | None = None
        self._tail = ""
        """The end of what came before, which may be the beginning of a marker."""
        self._length = 0
        """Characters of the open paste so far."""
        self._heard_at = 0.0

    def feed(self, text: str) -> str:
        """Return the part of `text` that the parser gets, pastes marked."""
        self._heard_at = self._clock()
        passed = []
        if self._inside is None and not self._tail:
            line, escape, rest = text.partition("\x1b")
            if is_line_at_once(line, self._haste):
                passed.append(f"{PASTE_START}{_without_controls(line)}{PASTE_END}")
                text = escape + rest
        while text:
            step = self._take_keys if self._inside is None else self._take_inside
            done, text = step(text)
            passed.append(done)
        return "".join(passed)

    def end_if_silent(self) -> str:
        """Return the missing end of a paste that has been silent; empty without one."""
        if self._inside is None or self._clock() - self._heard_at < PATIENCE_S:
            return ""
        is_paste = self._inside.is_paste
        self._inside, self._tail = None, ""
        return PASTE_END if is_paste else ""

    def _take_keys(self, text: str) -> tuple[str, str]:
        """Pass keys on up to the next paste or report; return them and the rest of `text`."""
        begins = [(match, span) for span in (_PASTE, _REPORT) if (match := span.begin.search(text))]
        # The parser has had a marker's first half already: only pastes are known in two halves.
        seen = self._tail + text
        if not begins and (match := _PASTE.begin.search(seen)):
            end = match.end() - len(self._tail)
            self._open(_PASTE)
            return text[:end], text[end:]
        if not begins:
            self._tail = _beginning_of(PASTE_START, seen)
            return text, ""
        match, span = min(begins, key=lambda found: found[0].start())
        self._open(span)
        return text[: match.end() if span.is_paste else match.start()], text[match.end() :]

    def _open(self, span: _Span) -> None:
        self._inside, self._tail, self._length = span, "", 0

    def _take_inside(self, text: str) -> tuple[str, str]:
        """Take the content up to the span's end; return what passes and the rest of `text`."""
        span = self._inside
        assert span is not None
        seen, self._tail = self._tail + text, ""
        match = span.end.search(seen)
        content = seen[: match.start()] if match else seen
        if match is None:
            escape = content.rfind("\x1b", max(0, len(content) - _LONGEST_END + 1))
            if escape >= 0:
                content, self._tail = content[:escape], content[escape:]
        else:
            self._inside = None
        rest = seen[match.end() :] if match else ""
        if not span.is_paste:
            return "", rest
        taken = _without_controls(content)[: LONGEST_PASTE - self._length]
        self._length += len(taken)
        return taken + (PASTE_END if match else ""), rest


def haste_of(environment: Mapping[str, str]) -> Haste:
    """How pastes without marks are told from keys on the terminal of these variables.

    The Linux console, terminals of its age and GNU screen mark none.
    """
    is_unmarked = environment.get("TERM", "").startswith(("linux", "vt", "cons", "cygwin"))
    return NO_MARKS if is_unmarked or "STY" in environment else SLOW_LINE


def is_line_at_once(text: str, haste: Haste = SLOW_LINE) -> bool:
    """Find out whether `text`, which came in one piece, is too much to have been typed."""
    is_plain = all(c.isprintable() or c in "\r\n\t" for c in text)
    return is_plain and len(text) >= haste.characters and len(set(text)) >= haste.kinds


def _beginning_of(marker: str, text: str) -> str:
    """The longest end of `text` that `marker` begins with, short of all of it."""
    for length in range(min(len(marker) - 1, len(text)), 0, -1):
        if text.endswith(marker[:length]):
            return marker[:length]
    return ""


def _without_controls(text: str) -> str:
    return "".join(c for c in text if c.isprintable() or c in "\r\n\t")
