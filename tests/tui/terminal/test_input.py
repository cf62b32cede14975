"""Whatever bytes a terminal sends, they are keys, clicks, pastes, or nothing."""

import random
from collections.abc import Sequence

import pytest
from textual import events

from mnist_tui.tui.terminal.input import TerminalInput
from mnist_tui.tui.terminal.input_filter import (
    LONGEST_PASTE,
    NO_MARKS,
    PATIENCE_S,
    SLOW_LINE,
    Haste,
    haste_of,
    is_line_at_once,
)


def read(*pieces: bytes, encoding: str = "utf-8", haste: Haste = SLOW_LINE) -> list[events.Event]:
    """All the events in what a terminal sent, and in an `a` after it."""
    now = [0.0]
    terminal = TerminalInput(encoding, clock=lambda: now[0], haste=haste)
    found: list[events.Event] = []
    for piece in pieces:
        found += terminal.feed(piece)
    now[0] = PATIENCE_S + 1
    found += terminal.tick()
    return [*found, *terminal.feed(b"a")]


def keys(found: Sequence[events.Event]) -> list[str]:
    return [event.key for event in found if isinstance(event, events.Key)]


def pastes(found: Sequence[events.Event]) -> list[str]:
    return [event.text for event in found if isinstance(event, events.Paste)]


ODD = (
    *(b"\xfc", b"\xff\xfe", b"\xc3", b"\x80" * 5000, b"\x00", b"\x9b\x9c"),
    *(b"\x1b[1081::113u", b"\x1b[97:65;2u", b"\x1b[97;1:3u", b"\x1b[1;1:3A", b"\x1b[:H"),
    *(b"\x1b[99999999u", b"\x1b[?1;2c", b"\x1b[>0;276;0c", b"\x1b[?997;1n", b"\x1b[4;600;800t"),
    *(b"\x1b[48;0;0;0;0t", b"\x1b[48;99999;99999;1;1t"),
    *(b"\x1b]11;rgb:0000/0000/0000\x07", b"\x1b]52;c;xqsn\x1b\\", b"\x1bP>|XTerm(390)\x1b\\"),
)


@pytest.mark.parametrize("sent", ODD)
def test_odd_bytes_are_no_keys_and_the_next_key_is_read(sent: bytes) -> None:
    assert keys(read(sent))[-1] == "a"
    assert not {"q", "x", "s", "n", "left_square_bracket"} & set(keys(read(sent)))


@pytest.mark.parametrize("seed", range(50))
def test_no_bytes_whatever_break_the_reader(seed: int) -> None:
    dice = random.Random(seed)
    parts = (b"\x1b", b"[", b";", b":", b"<", b"M", b"u", b"~", b"200~", b"201~", b"48;", b"9")
    pieces = []
    for _ in range(300):
        is_random = dice.random() < 0.3
        piece = dice.randbytes(4) if is_random else b"".join(dice.choices(parts, k=6))
        pieces.append(piece)
    # What ends in the middle of a sequence takes some keys along.
    assert keys(read(*pieces, *(40 * [b"a"])))[-1] == "a"


def test_letters_of_the_terminals_own_encoding_are_keys() -> None:
    assert keys(read("ü".encode("latin-1"), encoding="latin-1"))[0] == "ü"
    assert keys(read("ü".encode()))[0] == "ü"
    assert keys(read(b"\xc3", b"\xbc"))[0] == "ü", "in two halves"


@pytest.mark.parametrize(
    "pieces",
    [
        (b"\x1b[200~x [ [ q n\r\x1b[201~",),
        (b"\x1b[20", b"0~x [ [ q n\r\x1b[2", b"01~"),
        (b"\x1b[200~x [ [ q n\r", b"\x1b[201~"),
    ],
)
def test_what_is_pasted_is_no_key(pieces: Sequence[bytes]) -> None:
    found = read(*pieces)
    assert pastes(found) == ["x [ [ q n\r"]
    assert keys(found) == ["a"]


def test_no_character_of_a_paste_is_a_key_even_after_an_escape() -> None:
    found = read(b"\x1b[200~red: \x1b[31m" + 40 * b"xq" + b"\x1b[201~")
    assert keys(found) == ["a"]
    assert pastes(found) == ["red: [31m" + 40 * "xq"]


def test_a_paste_that_has_lost_its_end_is_ended() -> None:
    found = read(b"\x1b[200~abc")
    assert (pastes(found), keys(found)) == (["abc"], ["a"])


def test_a_paste_is_cut_where_it_is_too_long() -> None:
    found = read(b"\x1b[200~", *(200 * [1000 * b"x"]), b"\x1b[201~")
    assert [len(text) for text in pastes(found)] == [LONGEST_PASTE]


@pytest.mark.parametrize(
    "line", ["cd ~/experiments && python train.py --lr 0.1\r", "git status\r", "ls -l [a-z]*\r"]
)
def test_a_line_that_comes_at_once_is_pasted_where_no_marks_say_so(line: str) -> None:
    found = read(line.encode())
    assert (pastes(found), keys(found)) == ([line], ["a"])
    found = read(line.encode() + b"\x1b[A")
    assert (pastes(found), keys(found)) == ([line], ["up", "a"])


@pytest.mark.parametrize(
    "typed", ["q", "[[[[[[[[[[", "5\x7f6", "e20\r", "1234", "\t\t\t\t\t\t\t\t"]
)
def test_keys_that_are_typed_ahead_are_keys(typed: str) -> None:
    assert not is_line_at_once(typed)
    assert len(keys(read(typed.encode()))) == len(typed) + 1


@pytest.mark.parametrize("word", ["ls\r", "exit\r", "x [ q", "make\n"])
def test_a_short_word_is_pasted_on_a_terminal_that_marks_no_paste(word: str) -> None:
    found = read(word.encode(), haste=NO_MARKS)
    assert (pastes(found), keys(found)) == ([word], ["a"])


@pytest.mark.parametrize("typed", ["q", "s\r", "[[[[[[", "\t\t\t\t", "\x1b[A\x1b[A", "5\x7f6"])
def test_keys_are_keys_on_a_terminal_that_marks_no_paste(typed: str) -> None:
    assert not pastes(read(typed.encode(), haste=NO_MARKS))


@pytest.mark.parametrize(
    ("environment", "haste"),
    [
        ({"TERM": "linux"}, NO_MARKS),
        ({"TERM": "vt220"}, NO_MARKS),
        ({"TERM": "screen", "STY": "12.pts"}, NO_MARKS),
        ({"TERM": "screen", "TMUX": "/tmp/tmux"}, SLOW_LINE),
        ({"TERM": "xterm-256color"}, SLOW_LINE),
        ({}, SLOW_LINE),
    ],
)
def test_terminals_that_mark_no_paste_are_known(environment: dict[str, str], haste: Haste) -> None:
    assert haste_of(environment) is haste


@pytest.mark.parametrize("cut", [None, 3, 4, 5])
def test_a_click_is_read_from_terminals_of_the_oldest_kind(cut: int | None) -> None:
    report = b"\x1b[M \xe0\xf0" + b"\x1b[M#\xe0\xf0"
    pieces = (report,) if cut is None else (report[:cut], report[cut:])
    down, up, *rest = read(*pieces)
    assert isinstance(down, events.MouseDown)
    assert isinstance(up, events.MouseUp)
    assert (down.x, down.y, down.button) == (0xE0 - 33, 0xF0 - 33, 1)
    assert keys(rest) == ["a"]


def test_keys_of_the_linux_console_are_still_keys() -> None:
    assert keys(read(b"\x1b[[A", b"\x1b[A", b"\x1bOP", b"\x1b[5~", b"\x1b[97;5u")) == [
        *("f1", "up", "f1", "pageup", "ctrl+a", "a")
    ]
