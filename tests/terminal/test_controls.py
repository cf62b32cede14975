"""Settings, controls and the end of a run, by real keys and a real mouse."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from devtools.terminal import Terminal
from mnist_tui.store.checkpoint import read_checkpoint
from tests.terminal.conftest import Open

pytestmark = pytest.mark.slow

SIZES = [(80, 24), (120, 36)]
KEYS = {"down": "\x1b[B", "up": "\x1b[A", "right": "\x1b[C", "left": "\x1b[D"}
CLEAR = "\x01\x0b"
"""ctrl+a, ctrl+k: to the start of a field, and forget the rest."""


def click_on(terminal: Terminal, text: str) -> None:
    """Wait for a text and click on it."""
    terminal.wait_for(text)
    terminal.click(*terminal.find(text))


def write(terminal: Terminal, label: str, text: str) -> None:
    """Click into a field of the form and type over what it says."""
    terminal.wait_for(f"│ {label}")
    column, row = terminal.find(f"│ {label}")
    terminal.click(column + 17, row)
    terminal.press(CLEAR, *text)
    terminal.wait_for(lambda screen: re.search(rf"{label} +{re.escape(text)} ", screen))


def left_behind(terminal: Terminal) -> str:
    """The text on the terminal after the dashboard."""
    return terminal.raw.rpartition(b"\x1b[?1049l")[2].decode()


def settings_of(run: Path) -> dict[str, Any]:
    """The settings in config.json."""
    settings = json.loads((run / "config.json").read_text())["config"]
    assert isinstance(settings, dict)
    return settings


@pytest.mark.parametrize("size", SIZES)
def test_settings_by_keys_and_mouse_are_what_is_run(
    open_terminal: Open, tmp_path: Path, size: tuple[int, int]
) -> None:
    terminal = open_terminal("--dataset", "sample", size=size)
    terminal.wait_for("ready")
    terminal.press("e")
    terminal.wait_for("'tutorial', unchanged, on the 5,000-digit sample.")
    terminal.press(*[KEYS["down"]] * 3, CLEAR, "0")
    terminal.wait_for("✗ a whole number from 1 to 100000")
    terminal.press(CLEAR, "1")
    terminal.wait_for("'tutorial' with another number of epochs, on the 5,000-digit sample.")
    click_on(terminal, "momentum")
    terminal.wait_for("Not the 'tutorial' recipe any more")
    write(terminal, "batch size", "250")
    write(terminal, "name", "mine")
    click_on(terminal, "Apply")
    terminal.wait_for("space starts the run")
    assert not (tmp_path / "runs").exists()

    terminal.press(" ")
    terminal.wait_for("✓ finished")
    settings = settings_of(tmp_path / "runs" / "mine")
    chosen = (settings["epochs"], settings["batch_size"], settings["optimizer"])
    assert chosen == (1, 250, "momentum")
    terminal.press("q")
    assert terminal.exit_code() == 0
    terminal.assert_restored()


def test_a_paused_runs_length_is_changed_and_resume_knows_of_it(
    open_terminal: Open, tmp_path: Path
) -> None:
    settings = ("--dataset", "sample", "--epochs", "900", "--batch-size", "64", "--name", "a")
    terminal = open_terminal(*settings, "--start")
    click_on(terminal, "space Pause")
    terminal.wait_for("‖ paused")
    epochs = int(terminal.wait_for(lambda text: re.search(r"epoch (\d+) of 900", text))[1]) + 1
    terminal.press("e")
    terminal.wait_for("Settings of the live run")
    write(terminal, "epochs", str(epochs))
    write(terminal, "learning rate", "0.02")
    terminal.press("\r")
    terminal.wait_for(f" of {epochs} ")
    terminal.press("x")
    terminal.wait_for("■ stopped")
    run = tmp_path / "runs" / "a"
    assert settings_of(run)["epochs"] == epochs
    events = [json.loads(line) for line in (run / "events.jsonl").read_text().splitlines()]
    assert {"settings_changed", "learning_rate_changed"} <= {line["event"] for line in events}
    terminal.press("q")
    assert terminal.exit_code() == 0

    # The very command that was left on the terminal.
    command = re.search(
        r"^ +resume +(mnist-tui resume .*?)\s*$", left_behind(terminal), re.MULTILINE
    )
    assert command is not None
    again = open_terminal(*shlex.split(command[1])[1:])
    again.wait_for("✓ finished")
    again.press("q")
    assert again.exit_code() == 0
    assert f"mnist-tui resume a --epochs {epochs + 1}" in left_behind(again)
    last = read_checkpoint(run / "checkpoints" / "last.pt")
    assert len(last.rows) == epochs
    assert last.rows[-1].lr == pytest.approx(0.02)


@pytest.mark.parametrize("size", SIZES)
def test_the_end_of_a_run_is_summed_up_on_the_dashboard_and_after_it(
    open_terminal: Open, tmp_path: Path, size: tuple[int, int]
) -> None:
    settings = ("--dataset", "sample", "--epochs", "1", "--batch-size", "250", "--name", "a")
    options = ("--start", "--bell", "--notify", "exit 3")
    terminal = open_terminal(*settings, *options, size=size)
    terminal.wait_for("✓ finished")
    [row] = map(json.loads, (tmp_path / "runs/a/metrics.jsonl").read_text().splitlines())
    numbers = f"{100 * row['val_accuracy']:.2f} %, loss {row['val_loss']:.4f}"
    facts = (
        *("✓ Finished 1 epoch.", f"epoch 1: {numbers}", "images/s"),
        "saved last.pt, best.pt in runs/a",
    )
    for fact in facts:
        terminal.wait_for(fact)
    assert b"\x07" in re.sub(rb"\x1b\][^\x07]*\x07", b"", terminal.raw), "no bell"
    assert b"\x1b]9;mnist-tui: Finished 1 epoch.\x07" in terminal.raw

    terminal.wait_for("n New run")
    terminal.press("n")
    terminal.wait_for("Start a new run?")
    terminal.press("n")
    other = terminal.wait_for(lambda _: next((tmp_path / "runs").glob("2*-tutorial"), None))
    terminal.wait_for(f"mnist-tui  {other.name}")
    terminal.wait_for("✓ finished")
    assert settings_of(other) == settings_of(tmp_path / "runs/a")

    terminal.wait_for("n New run")
    click_on(terminal, "q Quit")
    assert terminal.exit_code() == 0
    terminal.assert_restored()
    assert "Finished 1 epoch." in left_behind(terminal)
    assert f"mnist-tui resume {other.name} --epochs 2" in left_behind(terminal)
    assert "note: the command at the run's end failed with exit code 3" in left_behind(terminal)


NOISE = """
import os, subprocess, sys, threading, time

def noise():
    while not os.path.exists("go"):
        time.sleep(0.01)
    os.write(2, b"noise to 2\\n")
    os.write(1, b"noise to 1\\n")
    print("noise by print")
    print("noise to stderr", file=sys.stderr)
    subprocess.run(["sh", "-c", "echo noise of a child >&2"])
    open("gone", "w").close()

if os.path.basename(sys.argv[0]) == "mnist-tui":
    threading.Thread(target=noise, daemon=True).start()
"""
NOISES = ("to 2", "to 1", "by print", "to stderr", "of a child")


@pytest.mark.parametrize("size", SIZES)
def test_whatever_is_written_during_a_run_is_in_the_log_and_never_on_the_screen(
    open_terminal: Open, tmp_path: Path, size: tuple[int, int]
) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(NOISE)
    settings = ("--dataset", "sample", "--epochs", "900", "--name", "a", "--start")
    terminal = open_terminal(*settings, size=size, PYTHONPATH=str(tmp_path / "site"))
    terminal.wait_for("Pause")
    log = tmp_path / "runs" / "a" / "log.txt"
    terminal.wait_for(lambda _: log.exists())
    assert "noise" not in terminal.text
    (tmp_path / "go").touch()
    terminal.wait_for(lambda _: all(f"noise {noise}" in log.read_text() for noise in NOISES))
    terminal.press("5", "f")
    for noise in NOISES:
        terminal.wait_for(f"noise {noise}")
    for line in terminal.text.splitlines():
        assert "noise" not in line or re.match(r"\s*\d\d:\d\d:\d\d (!| ) noise ", line), line
    terminal.press("q", "s")
    assert terminal.exit_code() == 0
    assert "noise" not in left_behind(terminal)
    terminal.assert_restored()
