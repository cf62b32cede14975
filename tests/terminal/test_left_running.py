"""A run that is left, attached from elsewhere, and outlives the terminal it was started in."""

import shutil
from pathlib import Path

import pytest

from mnist_tui.run.events import LearningRateChanged
from mnist_tui.store.atomic import read_json
from mnist_tui.store.directory import RunDirectory
from tests.terminal.conftest import OpenTmux

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed"),
]


def test_a_run_is_left_attached_steered_and_finished_from_other_terminals(
    open_tmux: OpenTmux, tmp_path: Path
) -> None:
    run = RunDirectory(tmp_path / "runs" / "a")
    first = open_tmux((80, 24))
    first.type_line("mnist-tui --dataset sample --epochs 2 --name a --start")
    first.wait_for("space Pause")
    first.press("Space")
    first.wait_for("paused")
    batch = read_json(run.status)["global_batch"]
    started_in = read_json(run.status)["pid"]
    first.press("C-z")
    first.wait_for("mnist-tui attach a")
    first.type_line("echo the prompt is $((40 + 2)) back")
    first.wait_for("the prompt is 42 back")

    second = open_tmux((120, 36))
    second.type_line("mnist-tui attach a")
    second.wait_for("paused")
    second.wait_for("space Resume")
    second.press("]")
    second.wait_for("0.02")
    first.kill()
    second.press("q")
    second.wait_for("goes on in process")

    second.type_line("clear; mnist-tui attach")
    second.wait_for("space Resume")
    second.press("Space")
    second.wait_for("finished")
    second.press("q")
    second.wait_for("continue for longer  mnist-tui resume a --epochs 3")

    status = read_json(run.status)
    assert (status["state"], status["pid"] != started_in) == ("finished", True)
    assert [row.epoch for row in run.read_rows()] == [1, 2]
    [change] = [e for _, e in run.read_events() if isinstance(e, LearningRateChanged)]
    assert (change.lr, change.global_batch) == (pytest.approx(0.02), batch)
