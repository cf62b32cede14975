"""Whatever breaks in the dashboard: the run is saved, the terminal restored, one line printed."""

import json
import os
import re
import signal
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
    """The lines on the terminal after the dashboard."""
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


def test_a_dashboard_that_was_stopped_by_ctrl_z_is_painted_anew(open_terminal: Open) -> None:
    settings = ("--dataset", "sample", "--epochs", "900", "--name", "a", "--start")
    terminal = open_terminal(*settings)
    terminal.wait_for("space Pause")
    pid = terminal.child.pid
    os.kill(pid, signal.SIGTSTP)
    stat = Path(f"/proc/{pid}/stat")
    terminal.wait_for(lambda _: stat.read_text().rpartition(")")[2].split()[0] == "T")
    assert terminal.raw.endswith((b"\x1b[?1004l", b"\x1b[?25h", b"\x1b[?1049l"))
    terminal.screen.reset()
    os.kill(pid, signal.SIGCONT)
    everywhere = ("mnist-tui  a", "whole run", "1 Loss", "space Pause")
    terminal.wait_for(lambda text: all(part in text for part in everywhere))
    terminal.press("q", "s")
    assert terminal.exit_code() == 0
    terminal.assert_restored()


def test_the_warning_of_a_batch_system_saves_and_ends_nothing(
    open_terminal: Open, tmp_path: Path
) -> None:
    settings = ("--dataset", "sample", "--epochs", "900", "--name", "a", "--start")
    terminal = open_terminal(*settings)
    terminal.wait_for("space Pause")
    os.kill(terminal.child.pid, signal.SIGUSR1)
    checkpoints = tmp_path / "runs" / "a" / "checkpoints"
    terminal.wait_for(lambda _: any(checkpoints.glob("step-*.pt")))
    assert "SIGUSR1: saving a checkpoint" in (tmp_path / "runs/a/log.txt").read_text()
    terminal.press("q")
    terminal.wait_for("Cancel")
    terminal.press("s")
    assert terminal.exit_code() == 0
    terminal.assert_restored()


def test_odd_bytes_end_nothing_and_letters_of_other_alphabets_are_answered(
    open_terminal: Open,
) -> None:
    settings = ("--dataset", "sample", "--epochs", "900", "--name", "a", "--start")
    terminal = open_terminal(*settings, size=(120, 36))
    terminal.wait_for("space Pause")
    for sent in (b"\xfc", b"\x1b[97:65;2u", b"\x1b[M \xe0\xf0", b"\x1b]11;rgb:0/0/0\x07"):
        terminal.child.send(sent)
    terminal.child.send("й")
    terminal.wait_for("keys are Latin letters")
    terminal.child.send(b"git status; x [ [ q n\r")
    terminal.child.send(b"\x1b[200~x [ [ q n\r\x1b[201~")
    terminal.press(" ")
    terminal.wait_for("paused")
    assert "0.005" not in terminal.text
    terminal.press("q")
    terminal.wait_for("Cancel")
    terminal.press("s")
    assert terminal.exit_code() == 0
    terminal.assert_restored()


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
