"""Terminals of many kinds: what is shown can be read, or is refused in one line."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from devtools.terminal import COMMAND, Terminal

pytestmark = pytest.mark.slow

KINDS = ["linux", "screen", "tmux-256color", "xterm", "xterm-256color", "vt100"]


@pytest.fixture
def terminals() -> Iterator[list[Terminal]]:
    """Terminals to be closed after the test."""
    opened: list[Terminal] = []
    yield opened
    for terminal in opened:
        terminal.close()


def unreadable(terminal: Terminal) -> list[tuple[int, int, str]]:
    """The characters that have the color of their background, with their places."""
    return [
        (x, y, cell.data)
        for y, row in terminal.screen.buffer.items()
        for x, cell in row.items()
        if cell.data.strip() and cell.fg == cell.bg
    ]


def see(terminals: list[Terminal], cwd: Path, **env: str) -> Terminal:
    """Open the dashboard, go through a pane and the help, and leave it."""
    terminal = Terminal("--dataset", "sample", cwd=cwd, COLORTERM="", **env)
    terminals.append(terminal)
    for key, what in (
        ("", "tutorial · 19 epochs"),
        ("1", "one point per epoch"),
        ("6", "process"),
        ("?", "Your first run"),
    ):
        terminal.press(key)
        terminal.wait_for(what)
        assert unreadable(terminal) == []
    terminal.press("\x1b")
    # The tabs are in sight behind the help, too. A key that comes too early closes it only.
    terminal.wait_for(lambda text: "1 Loss" in text and "Your first run" not in text)
    assert unreadable(terminal) == []
    terminal.press("q")
    assert terminal.exit_code() == 0
    terminal.assert_restored()
    return terminal


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_terminal_can_be_read(
    terminals: list[Terminal], tmp_path: Path, kind: str
) -> None:
    terminal = see(terminals, tmp_path, TERM=kind)
    assert (b"38;2;" in terminal.raw) is False, "nobody said that it knows so many colors"


def test_the_linux_console_gets_no_braille(terminals: list[Terminal], tmp_path: Path) -> None:
    terminal = see(terminals, tmp_path, TERM="linux")
    assert not any(0x2800 <= ord(c) < 0x2900 for c in terminal.raw.decode(errors="replace"))


def test_no_color_leaves_shades_of_gray(terminals: list[Terminal], tmp_path: Path) -> None:
    terminal = see(terminals, tmp_path, TERM="xterm-256color", NO_COLOR="1")
    colors = {cell.fg for row in terminal.screen.buffer.values() for cell in row.values()}
    hues = [c for c in colors if len(c) == 6 and not c[:2] == c[2:4] == c[4:]]
    assert hues == []


@pytest.mark.parametrize("kind", ["dumb", ""])
def test_a_terminal_that_cannot_be_drawn_on_is_refused_in_one_line(
    terminals: list[Terminal], tmp_path: Path, kind: str
) -> None:
    terminal = Terminal("--dataset", "sample", cwd=tmp_path, TERM=kind)
    terminals.append(terminal)
    assert terminal.exit_code() == 2
    lines = terminal.raw.decode().strip().splitlines()
    assert len(lines) == 1
    assert "TERM=" in lines[0]
    assert "mnist-tui train --headless" in lines[0]


def test_errors_that_go_to_a_file_leave_the_dashboard_on_the_terminal(
    terminals: list[Terminal], tmp_path: Path
) -> None:
    line = f'exec "{COMMAND}" --dataset sample 2>errors.txt'
    terminal = Terminal("-c", line, cwd=tmp_path, command="/bin/sh")
    terminals.append(terminal)
    terminal.wait_for("tutorial · 19 epochs")
    terminal.press("q")
    assert terminal.exit_code() == 0
    terminal.assert_restored()
    assert (tmp_path / "errors.txt").read_text() == ""
