"""A run that one terminal trains, watched and steered from others."""

import json
import subprocess
import tempfile
from pathlib import Path

import pytest

from devtools.terminal import COMMAND, LIMIT_S
from tests.terminal.conftest import Open
from tests.terminal.test_dashboard import LONG, wait_for_batch

pytestmark = pytest.mark.slow


def call(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """What a command comes to that needs no terminal."""
    return subprocess.run(
        [COMMAND, *words],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )


def test_a_run_is_watched_and_steered_from_other_terminals(
    open_terminal: Open, tmp_path: Path
) -> None:
    owner = open_terminal("train", "--headless", *LONG)
    owner.wait_for("epoch 1/")
    first = open_terminal("attach", "a")
    second = open_terminal("attach", "a", "--read-only", size=(120, 36))
    for viewer in (first, second):
        wait_for_batch(viewer, 0)
    first.press(" ")
    second.wait_for("paused")
    second.press(" ")
    second.wait_for("read-only")
    first.press("q")
    assert first.exit_code() == 0
    assert "come back to it: mnist-tui attach a" in first.text
    done = call(tmp_path, "control", "a", "continue")
    assert (done.returncode, done.stdout) == (0, "training continues\n"), done.stderr
    refused = call(tmp_path, "control", "a", "continue", "--json")
    assert refused.returncode == 2
    assert json.loads(refused.stdout)["done"] is False
    assert call(tmp_path, "control", "a", "stop").returncode == 0
    second.wait_for("Stopped by a command")
    assert owner.exit_code() == 0
    second.press("q")
    assert second.exit_code() == 0


def test_whoever_would_show_or_resume_a_live_run_is_attached_to_it(
    open_terminal: Open, tmp_path: Path
) -> None:
    with tempfile.TemporaryDirectory(prefix="rt") as elsewhere:
        # The others find the socket only because the run's files say where it is.
        owner = open_terminal("train", "--headless", *LONG, XDG_RUNTIME_DIR=elsewhere)
        owner.wait_for("epoch 1/")
        refused = call(tmp_path, "resume", "a", "--epochs", "950")
        assert refused.returncode == 2
        assert "--epochs cannot be heeded; attach to it: mnist-tui attach a" in refused.stderr
        shown, resumed = open_terminal("show", "a"), open_terminal("resume", "a")
        for viewer in (shown, resumed):
            wait_for_batch(viewer, 0)
        assert b"run a is being trained by process" in resumed.raw
        assert b"attached to it" in resumed.raw
        resumed.press("x")
        for viewer in (shown, resumed):
            viewer.wait_for("Stopped by you")
            viewer.press("q")
            assert viewer.exit_code() == 0
        assert owner.exit_code() == 0
    late = open_terminal("attach", "a")
    late.wait_for("Stopped by you")
    late.press("q")
    assert late.exit_code() == 0
