"""A sweep in a real terminal: begun, watched, left, stopped and gone on with."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from devtools.terminal import COMMAND, LIMIT_S
from mnist_tui.sweep.record import SweepFolder
from tests.terminal.conftest import Open

pytestmark = pytest.mark.slow


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[SweepFolder]:
    """The sweep's folder; what trains it at the end is stopped."""
    made = SweepFolder(tmp_path / "runs" / "rates")
    yield made
    trainer, end = made.trainer, time.monotonic() + LIMIT_S
    if trainer is not None:
        os.kill(trainer, signal.SIGTERM)
    while made.is_locked():
        assert time.monotonic() < end, "the sweep does not stop"
        time.sleep(0.05)


@pytest.mark.parametrize("size", [(80, 24), (140, 40)])
def test_a_sweep_is_begun_watched_left_stopped_and_gone_on_with(
    open_terminal: Open, folder: SweepFolder, few_digits: Path, size: tuple[int, int]
) -> None:
    words = ("sweep", "--lr", "0.1,0.001", "--seed", "0,1", "--epochs", "400", "--name", "rates")
    words = (*words, "--dataset", "mnist", "--data-dir", str(few_digits))
    first = open_terminal(*words, size=size)
    first.wait_for("4 runs")
    first.wait_for("1 training")
    first.press("q")
    assert first.exit_code() == 0
    assert "rates is trained by process" in first.text
    assert "to watch it: mnist-tui sweep --resume runs/rates" in first.text
    assert folder.is_locked()
    # The same command again watches the same sweep.
    second = open_terminal(*words, size=size)
    second.wait_for("1 training")
    second.press("\r")
    second.wait_for("whole run")
    second.press("q")
    assert second.exit_code() == 0
    third = open_terminal("sweep", "--resume", "last", size=size)
    third.wait_for("x Stop")
    third.press("x")
    third.wait_for("Stop this sweep?")
    third.press("x")
    third.wait_for("nobody trains it")
    assert not folder.is_locked()
    third.press(" ")
    third.wait_for("1 training")
    third.press("q")
    assert third.exit_code() == 0


def test_a_sweep_in_plain_lines_says_what_happens(tmp_path: Path, few_digits: Path) -> None:
    words = ["sweep", "--seed", "0,1", "--epochs", "1", "--name", "seeds", "--headless"]
    words += ["--dataset", "mnist", "--data-dir", str(few_digits)]
    done = subprocess.run(
        [COMMAND, *words],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, done
    lines = done.stdout.splitlines()
    assert lines[0] == "2 trials in runs/seeds"
    assert lines[1] == "seed=0: begun"
    assert lines[2].startswith("seed=0: finished, best ")
    assert lines[-1] == "2 of 2 trials finished"
