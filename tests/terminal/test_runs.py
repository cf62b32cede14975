"""Several runs in one dashboard in real terminals: from one to another, on, and out."""

from pathlib import Path

import pytest

from devtools.terminal import Terminal
from mnist_tui.store.atomic import read_json
from mnist_tui.store.directory import RunDirectory
from tests.terminal.conftest import Open

pytestmark = pytest.mark.slow

QUICK = ("--dataset", "sample", "--batch-size", "256", "--epochs", "1")


def train(open_terminal: Open, name: str, *options: str) -> None:
    """A run to its end, without a dashboard."""
    assert open_terminal("train", "--headless", *QUICK, *options, "--name", name).exit_code() == 0


def test_a_run_of_the_list_is_opened_trained_for_longer_and_exported(
    open_terminal: Open, tmp_path: Path
) -> None:
    train(open_terminal, "a")
    terminal = open_terminal("runs", "--browse")
    terminal.wait_for("1 run")
    terminal.press("\r")
    terminal.wait_for("space Train on")
    terminal.press(" ")
    terminal.wait_for("How many in all?")
    terminal.press("\r")
    run = RunDirectory(tmp_path / "runs/a")
    terminal.wait_for(lambda text: len(run.read_rows()) == 2 and "space Train on" in text)
    terminal.press("r")
    terminal.wait_for("2/2")
    terminal.press("x", "1")
    terminal.wait_for("CSV: the curves as tables")
    terminal.press("\r")
    terminal.wait_for("written: a-csv")
    assert (tmp_path / "a-csv").is_dir()


def test_a_run_is_left_for_another_one_and_met_again(open_terminal: Open, tmp_path: Path) -> None:
    train(open_terminal, "done")
    endless = ("--dataset", "sample", "--epochs", "1000", "--name", "live", "--start")
    terminal = open_terminal(*endless, size=(140, 40))
    terminal.wait_for("space Pause")
    open_in_list(terminal, "done")
    terminal.wait_for("Open done?")
    terminal.press("l")
    terminal.wait_for("live goes on without this dashboard")
    terminal.wait_for("space Train on")
    run = RunDirectory(tmp_path / "runs/live")
    assert run.lock.is_held()
    terminal.wait_for(lambda _: read_json(run.status)["pid"] != terminal.child.pid)
    open_in_list(terminal, "live")
    terminal.wait_for("space Pause")
    open_in_list(terminal, "done")
    terminal.wait_for("space Train on")
    assert run.lock.is_held(), "a run of another process goes on when it is shown no more"
    open_in_list(terminal, "live")
    terminal.wait_for("space Pause")
    terminal.press("x")
    terminal.wait_for("space Resume")
    assert not run.lock.is_held()


def open_in_list(terminal: Terminal, name: str) -> None:
    """Open the list of all runs, and that run."""
    terminal.press("r")
    terminal.wait_for("2 runs")
    terminal.press("\x1b[H", *([] if on_first_line(terminal, name) else ["\x1b[B"]))
    terminal.press("\r")


def on_first_line(terminal: Terminal, name: str) -> bool:
    """Whether the first run of the list is that one."""
    return terminal.text.splitlines()[2].split()[0] == name
