"""The installed command in a real pseudo-terminal, with real keys and a real run."""

import json
import os
import re
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
import torch

from devtools.terminal import LIMIT_S, Terminal
from mnist_tui.store.checkpoint import read_checkpoint
from tests.terminal.conftest import Open

pytestmark = pytest.mark.slow

LONG = ("--dataset", "sample", "--epochs", "900", "--name", "a")
"""A run that no test sees the end of, however long the test itself has to wait."""


def batch_on(text: str) -> int | None:
    """The batch that the screen shows."""
    found = re.search(r"batch\s+([\d,]+)/", text)
    return int(found[1].replace(",", "")) if found else None


def wait_for_batch(terminal: Terminal, beyond: int) -> int:
    """Look until the screen shows a batch beyond that one."""
    result = terminal.wait_for(
        lambda text: (batch := batch_on(text)) is not None and batch > beyond and batch
    )
    assert isinstance(result, int)
    return result


def wait_until(is_so: Callable[[], bool]) -> None:
    """Look until `is_so`."""
    end = time.monotonic() + LIMIT_S
    while not is_so():
        assert time.monotonic() < end
        assert threading.Event().wait(0.05) is False


def test_a_whole_session_by_keys(open_terminal: Open, tmp_path: Path) -> None:
    terminal = open_terminal(*LONG)
    terminal.wait_for("ready")
    assert not (tmp_path / "runs").exists()
    terminal.press(" ")
    terminal.wait_for("training")
    wait_for_batch(terminal, 2)

    terminal.press(" ")
    terminal.wait_for("paused")
    terminal.wait_for("space Resume")
    status_before = terminal.wait_for(batch_on)
    for _ in range(20):
        terminal.look(0.05)
        assert batch_on(terminal.text) == status_before

    terminal.press(" ")
    wait_for_batch(terminal, status_before)

    terminal.press("s")
    terminal.wait_for("saved")
    [saved] = (tmp_path / "runs" / "a" / "checkpoints").glob("step-*.pt")
    assert read_checkpoint(saved).global_batch == int(saved.stem.removeprefix("step-"))

    terminal.press("4")
    metrics = tmp_path / "runs" / "a" / "metrics.jsonl"
    terminal.wait_for(lambda text: metrics.exists() and metrics.read_text().count("\n") >= 1)
    row = json.loads(metrics.read_text().splitlines()[0])
    terminal.wait_for(f"{row['val_loss']:.4f}")

    terminal.press("q")
    terminal.wait_for("Cancel")
    terminal.press("s")
    assert terminal.exit_code() == 0
    terminal.assert_restored()
    assert b"mnist-tui resume a" in terminal.raw
    run = tmp_path / "runs" / "a"
    assert {path.name for path in run.iterdir()} >= {
        "config.json",
        "status.json",
        "metrics.jsonl",
        "events.jsonl",
        "log.txt",
        "checkpoints",
    }
    assert json.loads((run / "status.json").read_text())["state"] == "stopped"
    assert torch.load(run / "checkpoints" / "last.pt", weights_only=True)["epoch"] >= 2


def test_quit_before_the_start_leaves_nothing(open_terminal: Open, tmp_path: Path) -> None:
    terminal = open_terminal("--dataset", "sample")
    terminal.wait_for("ready")
    terminal.press("q")
    assert terminal.exit_code() == 0
    terminal.assert_restored()
    assert not (tmp_path / "runs").exists()


def test_a_stopped_run_is_resumed_where_it_stopped(open_terminal: Open, tmp_path: Path) -> None:
    terminal = open_terminal(*LONG, "--start")
    wait_for_batch(terminal, 3)
    terminal.press("x")
    terminal.wait_for("stopped")
    terminal.press("q")
    assert terminal.exit_code() == 0
    last = read_checkpoint(tmp_path / "runs/a/checkpoints/last.pt")
    assert last.global_batch > 3

    again = open_terminal("resume", "last")
    wait_for_batch(again, last.batch)
    again.press("x")
    again.wait_for("stopped")
    again.press("q")
    assert again.exit_code() == 0
    assert read_checkpoint(tmp_path / "runs/a/checkpoints/last.pt").global_batch > last.global_batch


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)]
)
@pytest.mark.parametrize("mode", ["dashboard", "headless"])
def test_a_signal_saves_restores_the_terminal_and_sets_the_exit_code(
    open_terminal: Open, tmp_path: Path, number: signal.Signals, code: int, mode: str
) -> None:
    if mode == "dashboard":
        terminal = open_terminal(*LONG, "--start", "--on-hangup", "save")
        wait_for_batch(terminal, 1)
    else:
        terminal = open_terminal("train", "--headless", *LONG)
        terminal.wait_for(lambda text: re.search(r"epoch 1/900 +\d", text))
    terminal.child.kill(number)
    assert terminal.exit_code() == code
    if mode == "dashboard":
        terminal.assert_restored()
    assert read_checkpoint(tmp_path / "runs/a/checkpoints/last.pt").global_batch >= 1
    assert json.loads((tmp_path / "runs/a/status.json").read_text())["state"] == "stopped"


def test_a_terminal_that_goes_away_ends_the_process_with_the_run_saved_where_that_is_wanted(
    open_terminal: Open, tmp_path: Path
) -> None:
    terminal = open_terminal(*LONG, "--start", "--on-hangup", "save")
    wait_for_batch(terminal, 1)
    terminal.hang_up()
    assert terminal.wait_after_hang_up() == 129
    assert json.loads((tmp_path / "runs/a/status.json").read_text())["state"] == "stopped"
    assert read_checkpoint(tmp_path / "runs/a/checkpoints/last.pt").global_batch >= 1


@pytest.mark.parametrize("mode", ["dashboard", "headless"])
def test_a_run_goes_on_when_its_terminal_goes_away(
    open_terminal: Open, tmp_path: Path, mode: str
) -> None:
    if mode == "dashboard":
        terminal = open_terminal(*LONG, "--start")
        wait_for_batch(terminal, 1)
    else:
        terminal = open_terminal("train", "--headless", "--on-hangup", "continue", *LONG)
        terminal.wait_for(lambda text: re.search(r"epoch 1/900 +\d", text))
    pid = terminal.child.pid
    terminal.hang_up()
    descriptors = Path(f"/proc/{pid}/fd")

    def leads_to(path: Path) -> str:
        with suppress(OSError):
            return str(path.readlink())
        return ""  # closed meanwhile

    wait_until(lambda: {leads_to(descriptors / name) for name in "012"} == {"/dev/null"})
    assert not [path for path in map(leads_to, descriptors.iterdir()) if "/pts/" in path]
    status = tmp_path / "runs/a/status.json"
    batch = json.loads(status.read_text())["global_batch"]
    wait_until(lambda: json.loads(status.read_text())["global_batch"] > batch)
    os.kill(pid, signal.SIGHUP)  # a shell may send its own
    os.kill(pid, signal.SIGTERM)
    assert terminal.wait_after_hang_up() == 143
    assert json.loads(status.read_text())["state"] == "stopped"


def test_headless_on_a_terminal_shows_a_live_line_and_then_whole_lines(
    open_terminal: Open, tmp_path: Path
) -> None:
    terminal = open_terminal("train", "--headless", "--dataset", "sample", "--epochs", "1")
    terminal.wait_for(lambda text: re.search(r"epoch 1/1 +\d", text))
    assert terminal.exit_code() == 0
    assert b"\r" in terminal.raw
    assert "epoch 1: training loss" in terminal.text
    assert "epoch 1/1 " not in terminal.text


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (160, 48), (50, 12), (20, 5)])
def test_it_opens_in_terminals_of_many_sizes(open_terminal: Open, size: tuple[int, int]) -> None:
    terminal = open_terminal("--dataset", "sample", size=size)
    terminal.wait_for("ready")
    terminal.press("q")
    assert terminal.exit_code() == 0
    terminal.assert_restored()
