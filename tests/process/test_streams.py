"""No character ends the program, whatever the encoding of its output."""

import io
import sys
import unicodedata

import pytest

from mnist_tui.process.streams import CELLS, ESCAPED, let_all_characters_pass

TEXT = "größe – 3.0 → 2.9 … ★ цифра-3.png \udcff 数字"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "koi8-r", "utf-8", "cp932"])
@pytest.mark.parametrize("handler", [ESCAPED, CELLS])
def test_every_character_can_be_written(encoding: str, handler: str) -> None:
    assert TEXT.encode(encoding, handler).decode(encoding)


def test_lines_name_what_they_cannot_write() -> None:
    written = TEXT.encode("latin-1", ESCAPED).decode("latin-1")
    assert written.startswith("größe - 3.0 -> 2.9 ... * \\u0446\\u0438")
    assert "\\udcff" in written


def test_a_screen_keeps_its_columns() -> None:
    row = "╭─ Loss ⣿⠶ ●──┈┈▁▂▇█ 数字 ü ┊★◆ ─╮"
    columns = sum(1 + (unicodedata.east_asian_width(c) in "WF") for c in row)
    written = row.encode("ascii", CELLS)
    assert len(written) == columns
    assert written.startswith(b"+- Loss :: *--")


def test_the_standard_streams_take_every_character(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, "ascii"))
    let_all_characters_pass()
    print("ü –", flush=True)
    assert raw.getvalue() == b"\\xfc -\n"
