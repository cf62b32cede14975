"""Drawing in a real pseudo-terminal, with the mouse reports of terminals, on a real run."""

import re

import pytest

from devtools.terminal import Terminal
from tests.terminal.conftest import Open

pytestmark = pytest.mark.slow

LEFT, RIGHT, MOVES = 0, 2, 32

QUICKLY = ["--recipe", "fast", "--schedule", "constant", "--dataset", "sample", "--epochs", "900"]
"""A run that knows most digits after its first epoch, on a busy machine too."""


def open_canvas(open_terminal: Open, size: tuple[int, int] = (80, 24)) -> Terminal:
    """A run of the sample that has learned something and is paused, and the pane Draw."""
    terminal = open_terminal("--start", *QUICKLY, size=size, OMP_NUM_THREADS="1")
    terminal.wait_for(lambda text: re.search(r"epoch +(?!1 )\d+ of 900", text))
    terminal.press(" ")
    terminal.wait_for("‖ paused")
    terminal.press("d")
    terminal.wait_for("the model sees")
    terminal.wait_for("╰")
    return terminal


def stroke(terminal: Terminal, button: int, *points: tuple[int, int]) -> None:
    """Press over the first pixel of the canvas, move over the others, and let go at the last."""
    left, top = terminal.find("╭")

    def report(code: int, point: tuple[int, int], end: str = "M") -> None:
        x, y = left + 1 + point[0], top + 1 + point[1] // 2
        terminal.press(f"\x1b[<{code};{x + 1};{y + 1}{end}")

    report(button, points[0])
    for point in points[1:]:
        report(MOVES + button, point)
    report(button, points[-1], "m")


def best(text: str) -> str | None:
    """The class that is marked, and its percentage."""
    found = re.search(r"▸ (\d) [━╸─]+ +(\d+) %", text)
    return f"{found[1]} {found[2]}" if found else None


ONE = ((14, 4), (14, 9), (14, 15), (14, 23))
ZERO = ((14, 4), (8, 8), (7, 15), (10, 22), (15, 23), (20, 17), (20, 9), (14, 4))


def test_a_one_is_drawn_with_the_mouse_and_classified_by_a_paused_run(open_terminal: Open) -> None:
    terminal = open_canvas(open_terminal)
    assert best(terminal.text) is None
    stroke(terminal, LEFT, *ONE)
    terminal.wait_for("Predicted as 1")
    one = best(terminal.text)
    assert one is not None
    assert one.startswith("1 ")
    assert re.search(r"model at epoch \d+, batch \d+", terminal.text)

    # The right button erases it, and with it the prediction.
    stroke(terminal, RIGHT, *ONE)
    terminal.wait_for("Draw a digit.")
    assert best(terminal.text) is None

    stroke(terminal, LEFT, *ZERO)
    terminal.wait_for(lambda text: (best(text) or "").startswith("0 "))
    terminal.press("u")
    terminal.wait_for("Draw a digit.")
    terminal.press("\x1b")
    terminal.wait_for("‖ paused")


def test_while_it_trains_newer_weights_predict_again(open_terminal: Open) -> None:
    terminal = open_canvas(open_terminal)
    stroke(terminal, LEFT, *ONE)
    where = terminal.wait_for(lambda text: re.search(r"model at (epoch \d+, batch \d+)", text))
    terminal.press("\x1b")
    terminal.wait_for("space Resume")
    terminal.press(" ")
    terminal.wait_for("space Pause")
    terminal.press("d")
    terminal.wait_for(
        lambda text: (
            (new := re.search(r"model at (epoch \d+, batch \d+)", text)) and new[1] != where[1]
        )
    )
    stroke(terminal, RIGHT, *ONE)
    terminal.wait_for("Draw a digit.")


def test_keys_draw_too(open_terminal: Open) -> None:
    terminal = open_canvas(open_terminal)
    terminal.press(*["\x1b[A"] * 10, " ", *["\x1b[B"] * 19, " ")
    terminal.wait_for("Predicted as 1")
    assert "‖ paused" in terminal.text  # space drew, and did not resume
    terminal.press("c")
    terminal.wait_for("Draw a digit.")
