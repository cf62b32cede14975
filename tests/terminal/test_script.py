"""The dashboard that a script opens on a network of its own, in a real terminal."""

import shutil
from pathlib import Path

import pytest

from mnist_tui.store.atomic import read_json
from mnist_tui.store.directory import RunDirectory
from tests.terminal.conftest import OpenTmux

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed"),
]

SCRIPT = """
import mnist_tui
from torch import nn


class Net(nn.Module):
    def __init__(self, width=32):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Flatten(), nn.Linear(784, width), nn.ReLU(), nn.Linear(width, 10)
        )

    def forward(self, x):
        return self.layers(x)


if __name__ == "__main__":
    run = mnist_tui.dashboard({model}, "sample", epochs=900, name="a")
    print("came back:", run.name, run.state)
"""


@pytest.mark.parametrize("model", ["Net", "Net(width=32)"])
def test_a_scripts_run_is_left_running_and_resumed_by_the_command(
    model: str, open_tmux: OpenTmux, tmp_path: Path
) -> None:
    (tmp_path / "lesson.py").write_text(SCRIPT.format(model=model))
    run = RunDirectory(tmp_path / "runs" / "a")
    terminal = open_tmux((80, 24))
    terminal.type_line("python lesson.py")
    terminal.wait_for("space Pause")
    terminal.press("Space")
    terminal.wait_for("paused")
    trained_in = read_json(run.status)["pid"]
    terminal.press("C-z")
    terminal.wait_for("came back: a paused")
    assert read_json(run.status)["pid"] != trained_in
    terminal.type_line("clear; mnist-tui control a stop")
    terminal.wait_for("Stopped by a command")
    terminal.type_line("clear; mnist-tui resume")
    terminal.wait_for("space Pause")
    terminal.press("x")
    terminal.wait_for("Stopped by you")
    terminal.press("q")
    terminal.wait_for("mnist-tui resume a")
    assert read_json(run.status)["state"] == "stopped"
