"""Panes in a real pseudo-terminal: what they send to it, beside what they draw."""

import base64
import re

import pytest

from tests.terminal.conftest import Open

pytestmark = pytest.mark.slow


def test_a_row_of_the_epoch_table_is_copied_to_the_terminals_clipboard(
    open_terminal: Open,
) -> None:
    terminal = open_terminal("--dataset", "sample", "--epochs", "900", "--start")
    terminal.wait_for("training")
    terminal.press("4")
    terminal.wait_for(lambda text: re.search(r"★ +\d+ +\d", text))
    terminal.press(" ")
    terminal.wait_for("‖ paused")
    terminal.press("y")
    copied_row = terminal.wait_for(lambda text: re.search(r"copied the row of epoch (\d+)", text))
    [copied] = re.findall(rb"\x1b\]52;c;([A-Za-z0-9+/=]+)\x07", terminal.raw)
    assert base64.b64decode(copied).startswith(copied_row[1].encode() + b"\t")
