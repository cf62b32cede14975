"""What drawing costs: the wait for an answer while paused, and what training loses by asking.

    python -m benchmarks.draw [--data-dir DIR] [--strokes N] [--pairs N] [--seconds N]

The wait is measured with a real mouse in a real pseudo-terminal, from the report of the button's
release to the screen whose ten bars stand as they will stay.
"""

import itertools
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import quantiles

import torch

from benchmarks.arguments import parse
from benchmarks.clock import timed
from benchmarks.dashboard import drain, next_status, training, watch
from benchmarks.pairs import Figure, interleave, ratios, tell
from benchmarks.screen import batch_on
from devtools.drive import settle
from devtools.terminal import Terminal
from mnist_tui.config import recipe_config
from mnist_tui.data import read_mnist
from mnist_tui.engine.learner import Learner
from mnist_tui.run.inference import InferenceRequest
from mnist_tui.tui.insight.inference_client import REQUEST_INTERVAL_S

PRESS, MOVE, RELEASE = "\x1b[<0;{};{}M", "\x1b[<32;{};{}M", "\x1b[<0;{};{}m"
"""What a terminal tells of the left button."""

TWO = ((9, 8), (12, 5), (17, 5), (20, 9), (17, 14), (12, 18), (8, 22), (14, 21), (21, 22))
"""A digit as one stroke, in the canvas's pixels."""

_BATCHES = 40


def open_canvas(terminal: Terminal) -> None:
    """Wait until the run trains, and bring the pane Draw into sight."""
    terminal.wait_for(batch_on)
    terminal.press("d")
    terminal.wait_for("the model sees")
    terminal.wait_for("Draw a digit.")


def cells(terminal: Terminal) -> list[tuple[int, int]]:
    """Where the mouse is over the points of the digit, as terminals count."""
    left, top = terminal.find("╭")
    return [(left + 2 + x, top + 2 + y // 2) for x, y in TWO]


def bars(terminal: Terminal) -> list[str]:
    """The ten bars with their percentages; none while there is no answer."""
    return re.findall(r"\d [━╸─]+ +\d+ %", terminal.text)


def waits(data_dir: Path, strokes: int) -> Iterator[float]:
    """Milliseconds from a stroke's end to the bars that answer it, while training is paused."""
    with training(data_dir, "--start", size=(80, 24)) as (terminal, _):
        terminal.wait_for(batch_on)
        watch(terminal, 3.0)
        terminal.press(" ")
        terminal.wait_for("‖ paused")
        open_canvas(terminal)
        points = cells(terminal)
        last: list[str] = []
        for turn in range(strokes + 1):
            terminal.press(PRESS.format(*points[0]))
            for point in points[1:-2]:
                terminal.press(MOVE.format(*point))
                watch(terminal, 0.02)
            watch(terminal, 0.3)
            before, started = bars(terminal), time.perf_counter()
            # The foot of the digit comes with the release: the answer must change.
            for point in points[-2:]:
                terminal.press(MOVE.format(*point))
            terminal.press(RELEASE.format(*points[-1]))
            if turn:
                assert before != last
                while bars(terminal) != last:
                    terminal.look(0.002)
                    assert time.perf_counter() < started + 10, terminal.text
                yield 1e3 * (time.perf_counter() - started)
            else:
                # The first one shows what the answer is; the weights stand still.
                watch(terminal, 2.0)
                last = bars(terminal)
                assert len(last) == 10
            watch(terminal, 0.2)
            terminal.press("c")
            terminal.wait_for("Draw a digit.")


class Drawer:
    """Somebody who draws on the canvas of a run that trains."""

    def __init__(self, terminal: Terminal, status: Path, seconds: float) -> None:
        self._terminal = terminal
        self._status = status
        self._seconds = seconds
        open_canvas(terminal)
        self._points = cells(terminal)
        self._stroke(0.5)

    def draws(self) -> float:
        """Batches per second while the pen never rests."""
        return self._pace(self._stroke)

    def rests(self) -> float:
        """The same while the canvas is looked at: its answer is renewed once a second."""
        return self._pace(lambda seconds: drain(self._terminal, seconds))

    def _pace(self, spend: Callable[[float], object]) -> float:
        while True:
            first = next_status(self._terminal, self._status)
            spend(self._seconds)
            last = next_status(self._terminal, self._status)
            if first["epoch"] == last["epoch"]:  # else there was a validation between the two
                return float(
                    (last["batch"] - first["batch"]) / (last["updated"] - first["updated"])
                )

    def _stroke(self, seconds: float) -> None:
        terminal, end = self._terminal, time.perf_counter() + seconds
        terminal.press(PRESS.format(*self._points[0]))
        for point in itertools.cycle([*self._points, *self._points[::-1]]):
            terminal.press(MOVE.format(*point))
            drain(terminal, 1 / 30)
            if time.perf_counter() > end:
                break
        terminal.press(RELEASE.format(*self._points[0]))


def shares(data_dir: Path, pairs: int) -> tuple[float, ...]:
    """Percent of its time that training loses by answering as often as it is asked."""
    config = recipe_config("tutorial")
    settle()
    learner = Learner(config, read_mnist(data_dir), torch.device("cpu"))
    learner.open_epoch(1)
    question = InferenceRequest(images=bytes(range(98)) * 8)

    def block(*, is_asked: bool) -> float:
        def train() -> None:
            for batch in range(_BATCHES):
                learner.train(batch, [config.lr])
                if is_asked:
                    learner.read_images(question)

        return timed(train, "cpu")

    block(is_asked=True)
    asked, unasked = interleave(lambda: block(is_asked=True), lambda: block(is_asked=False), pairs)
    answers_s = ((a - b) / _BATCHES for a, b in zip(asked, unasked, strict=True))
    return tuple(100 * answer_s / REQUEST_INTERVAL_S for answer_s in answers_s)


def measure(data_dir: Path, strokes: int, pairs: int, seconds: int) -> Iterator[Figure]:
    """The wait, and the two costs."""
    answers = tuple(waits(data_dir, strokes))
    yield Figure(
        name="from a stroke's end to the bars that answer it, paused, 80x24",
        values=answers,
        goal=50,
        is_more_better=False,
        unit="ms",
    )
    yield Figure(
        name="the same, 95th percentile",
        values=(quantiles(answers, n=20)[-1],),
        goal=50,
        is_more_better=False,
        unit="ms",
    )
    yield Figure(
        name="training time lost by answering six times a second",
        values=shares(data_dir, 3 * pairs),
        goal=1,
        is_more_better=False,
        unit="%",
    )
    with training(data_dir, "--start", size=(80, 24)) as (terminal, folder):
        drawer = Drawer(terminal, folder / "runs" / "run" / "status.json", seconds)
        yield Figure(
            name="training samples/s while somebody draws without a rest",
            values=ratios(*interleave(drawer.draws, drawer.rests, pairs)),
            goal=0.99,
            is_more_better=True,
            note="against looking at the drawing",
        )


if __name__ == "__main__":
    arguments = parse(__doc__, strokes=40, pairs=7, seconds=6)
    tell(measure(arguments.data_dir, arguments.strokes, arguments.pairs, arguments.seconds))
