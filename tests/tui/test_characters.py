"""What a terminal that lacks the dashboard's characters is sent instead."""

import io
import re

import pytest
from rich.cells import cell_len
from rich.segment import Segment
from textual._border import BORDER_CHARS
from textual.color import Color

from mnist_tui.tui.characters import (
    ASCII_FORMS,
    LINUX_CONSOLE,
    EncodableOnly,
    encoding_for,
    limit_characters,
)
from tests.run.values import epoch_row
from tests.tui.app_harness import on_stage

LATIN_1 = io.TextIOWrapper(io.BytesIO(), encoding="iso-8859-1")
SIZES = ((40, 10), (80, 24), (100, 30), (140, 40))


def replaced(text: str, encoding: str) -> str:
    (segment,) = EncodableOnly(encoding).apply([Segment(text)], Color(0, 0, 0))
    return segment.text


def test_a_character_is_replaced_by_one_of_the_same_width_where_it_cannot_be_encoded() -> None:
    text = "★ é 名 ━╸─ ⣿⠂ … ▸"
    assert replaced(text, "ascii") == "* ? ?? =-- #. ~ >"
    assert replaced(text, "iso-8859-1") == "* é ?? =-- #. ~ >"
    assert replaced("┌─┐ ★", LINUX_CONSOLE) == "┌─┐ *"
    assert all(cell_len(chr(code)) == len(form) for code, form in ASCII_FORMS.items())


def test_every_border_of_textual_has_an_ascii_form() -> None:
    borders = {c for rows in BORDER_CHARS.values() for row in rows for c in row}
    assert "?" not in {replaced(character, "ascii") for character in borders}


@pytest.mark.parametrize(
    ("encoding", "term", "is_ascii", "expected"),
    [
        ("utf-8", "xterm-256color", False, None),
        ("UTF8", "screen", False, None),
        ("utf-8", "xterm-256color", True, "ascii"),
        ("iso-8859-1", "xterm-256color", False, "iso-8859-1"),
        ("utf-8", "linux", False, LINUX_CONSOLE),
        (None, "xterm", False, None),
    ],
)
def test_the_encoding_is_that_of_the_output_or_what_is_asked_for(
    encoding: str | None, term: str, is_ascii: bool, expected: str | None
) -> None:
    assert encoding_for(encoding, term, is_ascii=is_ascii) == expected


@pytest.mark.slow
@pytest.mark.parametrize("is_ascii", [True, False])
async def test_each_screen_is_drawn_in_what_the_output_can_encode(is_ascii: bool) -> None:
    async with on_stage() as stage:
        limit_characters(stage.app, is_ascii=is_ascii, term="xterm", stream=LATIN_1)
        runner = await stage.start()
        for epoch in (1, 2):
            runner.train(1875)
            runner.finish_epoch(epoch_row(epoch))
        await stage.sees("96.10")
        for size in SIZES:
            await stage.pilot.resize_terminal(*size)
            for keys in (
                [*"1234567"],
                ["question_mark"],
                ["escape", "t"],
                ["escape", "ctrl+p"],
                ["escape", "q"],
                ["escape", "i"],
                [*"12345"],
                ["escape"],
            ):
                await stage.pilot.press(*keys)
                await stage.pilot.pause()
                stage.text.encode("ascii" if is_ascii else LATIN_1.encoding)
                # The key, and a question, are what is meant; no other may be there.
                assert not re.search(r"(?<!\w)\?(?! Help)", stage.text), stage.text
