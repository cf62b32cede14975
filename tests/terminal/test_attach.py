"""A run that one terminal trains, watched and steered from others."""

import json
import subprocess
from pathlib import Path

import pytest

from devtools.terminal import COMMAND, LIMIT_S
from tests.terminal.conftest import Open
from tests.terminal.test_dashboard import LONG, wait_for_batch

pytestmark = pytest.mark.slow


def control(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """What `mnist-tui control a ...` comes to."""
    return subprocess.run(
        [COMMAND, "control", "a", *words],
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
    done = control(tmp_path, "continue")
    assert (done.returncode, done.stdout) == (0, "training continues\n"), done.stderr
    refused = control(tmp_path, "continue", "--json")
    assert refused.returncode == 2
    assert json.loads(refused.stdout)["done"] is False
    assert control(tmp_path, "stop").returncode == 0
    second.wait_for("Stopped by a command")
    assert owner.exit_code() == 0
    second.press("q")
    assert second.exit_code() == 0
