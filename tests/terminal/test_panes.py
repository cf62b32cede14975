"""Panes in a real pseudo-terminal: what they send to it, beside what they draw."""

import base64
import re
from pathlib import Path

from tests.terminal.terminal import Terminal


def test_a_row_of_the_epoch_table_is_copied_to_the_terminals_clipboard(tmp_path: Path) -> None:
    terminal = Terminal("--dataset", "sample", "--epochs", "9", "--start", cwd=tmp_path)
    try:
        terminal.wait_for("training")
        terminal.press("4")
        terminal.wait_for(lambda text: re.search(r"★ +1 +\d", text))
        terminal.press("y")
        terminal.wait_for("copied the row of epoch 1")
        [copied] = re.findall(rb"\x1b\]52;c;([A-Za-z0-9+/=]+)\x07", terminal.raw)
        assert base64.b64decode(copied).startswith(b"1\t")
    finally:
        terminal.close()
