"""From the bytes of a terminal to Textual's events, whatever bytes those are."""

import codecs
import logging
import re
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from textual import events
from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual._xterm_parser import XTermParser
from textual.keys import Keys
from textual.message import Message

from mnist_tui.tui.terminal.input_filter import SLOW_LINE, Haste, InputFilter

log: Final = logging.getLogger(__name__)

LARGEST: Final = (1000, 500)
"""Columns and lines of the largest terminal there can be; what says more is mistaken."""
_REPORT: Final = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
"""A whole control sequence."""
_MOUSE_OR_MODE: Final = re.compile(r"\x1b\[(?:M|<?[-\d;]+[mM]$|\?[\d;]+\$y$)")
_BEGINNINGS: Final = frozenset(
    known[:length] for known in ANSI_SEQUENCES_KEYS for length in range(1, len(known))
)
"""Of the sequences that are keys, of which the Linux console has some that look whole earlier."""


_OLD_CLICK: Final = re.compile(rb"\x1b\[M(...)", re.DOTALL)
_HALF_CLICK: Final = re.compile(rb"\x1b\[M.{0,2}\Z", re.DOTALL)
_ALL_UP: Final = 3
"""The button code of X10 mouse reports for a release."""


class SturdyParser(XTermParser):
    """Textual's parser, which makes no key of a sequence that is none."""

    def _sequence_to_key_events(self, sequence: str, alt: bool = False) -> Iterable[events.Key]:
        keys: Iterable[events.Key] = ()
        try:
            keys = list(super()._sequence_to_key_events(sequence, alt))
        except (ValueError, OverflowError) as error:
            log.debug("no key: %r: %s", sequence, error)
        if keys or sequence in _BEGINNINGS or _MOUSE_OR_MODE.match(sequence):
            return keys
        # Textual would take each of its characters for a key.
        return [events.Key(Keys.Ignore, sequence)] if _REPORT.fullmatch(sequence) else keys


class TerminalInput:
    """Makes events of bytes, and never raises for any. One thread, the terminal's reader."""

    def __init__(
        self,
        encoding: str = "utf-8",
        *,
        debug: bool = False,
        clock: Callable[[], float] = time.monotonic,
        haste: Haste = SLOW_LINE,
    ) -> None:
        """Make a reader of one terminal.

        Args:
            encoding: What the terminal sends its characters in.
            debug: As Textual's parser has it.
            clock: Seconds.
            haste: Tells a paste without marks from keys.
        """
        self._decode = codecs.getincrementaldecoder(encoding)("ignore").decode
        self._debug = debug
        self._parser = SturdyParser(debug)
        self._filter = InputFilter(clock, haste)
        self._held = b""
        """The beginning of a mouse report whose end has not come."""

    def feed(self, data: bytes) -> Iterator[Message]:
        """The events in `data`, and in what came before it."""
        text = self._filter.feed(self._decode(self._modernize(data)))
        if text:
            yield from self._take(lambda: self._parser.feed(text))

    def _modernize(self, data: bytes) -> bytes:
        """Put mouse reports of the oldest form, whose bytes are no text, into the newest."""
        data, self._held = self._held + data, b""
        if cut := _HALF_CLICK.search(data):
            data, self._held = data[: cut.start()], data[cut.start() :]
        return _OLD_CLICK.sub(_rewrite_click, data)

    def tick(self) -> Iterator[Message]:
        """The events that only the time makes of what came. Call it a few times a second."""
        if end := self._filter.end_if_silent():
            yield from self._take(lambda: self._parser.feed(end))
        yield from self._take(self._parser.tick)

    def _take(self, parse: Callable[[], Iterable[Message]]) -> Iterator[Message]:
        try:
            for message in parse():
                if _is_possible(message):
                    yield message
        except Exception:
            # What came with it is lost; the next key is not.
            log.warning("the terminal sent what cannot be read", exc_info=True)
            self._parser = SturdyParser(self._debug)


def _is_possible(message: Message) -> bool:
    if not isinstance(message, events.Resize):
        return True
    columns, lines = message.size
    return 0 < columns <= LARGEST[0] and 0 < lines <= LARGEST[1]


def _rewrite_click(report: re.Match[bytes]) -> bytes:
    button, column, line = (max(0, byte - 32) for byte in report[1])
    is_up = button & 0b1100011 == _ALL_UP
    return b"\x1b[<%d;%d;%d%s" % (button - 3 * is_up, column, line, b"m" if is_up else b"M")
