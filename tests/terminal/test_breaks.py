"""Whatever breaks in the dashboard, the run is saved, the terminal given back, and it is said."""

import json
import re
from pathlib import Path

import pytest

from tests.terminal.conftest import Open

pytestmark = pytest.mark.slow

BROKEN_KEY = """
import sys, os
if os.path.basename(sys.argv[0]) == "mnist-tui":
    from mnist_tui.tui.app import DashboardApp
    def action_help(self):
        raise ValueError("made to break")
    DashboardApp.action_help = action_help
"""
NO_THREADS = """
import sys, os, threading
if os.path.basename(sys.argv[0]) == "mnist-tui":
    start = threading.Thread.start
    def refuse(self):
        if self.name == {name!r}:
            raise RuntimeError("can't start new thread")
        start(self)
    threading.Thread.start = refuse
"""


def break_with(tmp_path: Path, code: str) -> dict[str, str]:
    """The environment in which the command runs `code` first."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(code)
    return {"PYTHONPATH": str(tmp_path / "site")}


def lines_left(raw: bytes) -> list[str]:
    """What is on the terminal after the dashboard."""
    return raw.rpartition(b"\x1b[?1049l")[2].decode().replace("\x1b[?25h", "").splitlines()


def test_a_dashboard_that_breaks_saves_restores_and_says_so(
    open_terminal: Open, tmp_path: Path
) -> None:
    settings = ("--dataset", "sample", "--epochs", "900", "--name", "a", "--start")
    terminal = open_terminal(*settings, **break_with(tmp_path, BROKEN_KEY))
    terminal.wait_for("space Pause")
    terminal.press("?")
    assert terminal.exit_code() == 1
    terminal.assert_restored()
    left = "\n".join(lines_left(terminal.raw))
    assert "mnist-tui: the dashboard broke: ValueError: made to break; the details are in " in left
    assert "Traceback" not in left
    assert "mnist-tui resume a" in left
    run = tmp_path / "runs" / "a"
    assert "Traceback" in (run / "log.txt").read_text()
    assert "made to break" in (run / "log.txt").read_text()
    assert json.loads((run / "status.json").read_text())["state"] == "stopped"
    assert (run / "checkpoints" / "last.pt").exists()


@pytest.mark.parametrize("name", ["textual-output", "textual-input", "stdout-reader"])
def test_where_no_thread_can_be_started_it_says_so(
    open_terminal: Open, tmp_path: Path, name: str
) -> None:
    code = NO_THREADS.format(name=name)
    terminal = open_terminal("--dataset", "sample", **break_with(tmp_path, code))
    if name == "stdout-reader":  # only what is printed cannot be logged then
        terminal.wait_for("ready")
        terminal.press("q")
        assert terminal.exit_code() == 0
        return
    assert terminal.exit_code() == 1
    text = re.sub(r"\x1b\[[0-9;?<>]*[A-Za-z]", "", terminal.raw.decode())
    assert "can't start new thread" in text
    assert "Traceback" not in text
    assert terminal.raw.rfind(b"\x1b[?1049l") >= terminal.raw.rfind(b"\x1b[?1049h")
    assert terminal.raw.rfind(b"\x1b[?25h") >= terminal.raw.rfind(b"\x1b[?25l")
