"""A pane on its own: a small app with a key bar, and a run that answers when the test says so."""

import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from textual._xterm_parser import XTermParser
from textual.app import App, ComposeResult

from mnist_tui.data.dataset import Dataset
from mnist_tui.errors import DataError
from mnist_tui.run.classes import DIGITS
from mnist_tui.run.inference import FirstLayer, InferenceFuture, InferenceRequest, InferenceResult
from mnist_tui.run.validation import ValidationResults
from mnist_tui.tui.insight.panes.pane import InsightPane
from mnist_tui.tui.insight.widgets.gallery import Gallery
from mnist_tui.tui.themes import DARK, LIGHT, curve_colors
from mnist_tui.tui.widgets.key_bar import KeyBar
from tests.tui.app_harness import Stage

Pane = TypeVar("Pane", bound=InsightPane)

SIZES = ((80, 22), (60, 22), (40, 14), (20, 6), (5, 3), (2, 2), (1, 1), (300, 100))
"""Columns and lines, in which a pane must not fail."""


def sure_of(label: int, probability: float = 0.91, count: int = 10) -> tuple[float, ...]:
    """The probabilities of `count` classes."""
    rest = (1 - probability) / (count - 1)
    return tuple(probability if other == label else rest for other in range(count))


def on_another_thread(step: Callable[[], object]) -> None:
    """As the run's thread does; returns when it has been done."""
    thread = threading.Thread(target=step)
    thread.start()
    thread.join(60)
    assert not thread.is_alive()


@dataclass
class ScriptedSource:
    """Follows the InsightSource contract; each result is a call that a test makes."""

    results: ValidationResults = field(default_factory=ValidationResults)
    dataset: Dataset | None = None
    classes: tuple[str, ...] = DIGITS
    is_handwriting: bool = True
    sent: list[tuple[InferenceRequest, InferenceFuture]] = field(default_factory=list)
    may_load: threading.Event = field(default_factory=threading.Event)
    """Loading the dataset waits for it."""

    def infer(self, request: InferenceRequest) -> InferenceFuture:
        """Keep the request until the test answers it."""
        future: InferenceFuture = Future()
        self.sent.append((request, future))
        return future

    @property
    def request(self) -> InferenceRequest:
        """The last one."""
        return self.sent[-1][0]

    @property
    def open(self) -> list[InferenceFuture]:
        """Those that wait for a result."""
        return [future for _, future in self.sent if not future.done()]

    def answer(
        self,
        label: int,
        probability: float = 0.91,
        *,
        batch: int = 120,
        inside: FirstLayer | None = None,
    ) -> None:
        """Answer the last request, from another thread."""
        result = InferenceResult(
            probabilities=(sure_of(label, probability, len(self.classes)),),
            epoch=3,
            batch=batch,
            inside=inside,
        )
        on_another_thread(lambda: self.sent[-1][1].set_result(result))

    def refuse(self, why: Exception) -> None:
        """Fail the last request."""
        on_another_thread(lambda: self.sent[-1][1].set_exception(why))

    def load_dataset(self) -> Dataset:
        """Wait for `may_load`; fails where the test has no data."""
        assert self.may_load.wait(60)
        if self.dataset is None:
            raise DataError("there are no images here; name their folder with --data-dir")
        return self.dataset


class Alone(App[None]):
    """One pane and a key bar."""

    CSS = "Screen { background: $background; }"

    def __init__(self, pane: InsightPane, theme: str = DARK.name) -> None:
        super().__init__()
        for known in (DARK, LIGHT):
            self.register_theme(known)
        self.theme = theme
        self.pane = pane

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """As the dashboard."""
        return curve_colors(self.current_theme)

    def compose(self) -> ComposeResult:
        """Put the keys under the pane."""
        yield self.pane
        yield KeyBar()

    def on_mount(self) -> None:
        """Give the keys to the pane."""
        self.pane.focus()


@asynccontextmanager
async def alone(pane: InsightPane, size: tuple[int, int] = (80, 22)) -> AsyncIterator[Stage]:
    """Show a pane by itself."""
    app: Any = Alone(pane)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield Stage(app, pilot)


class ShownPane(Generic[Pane]):
    """A pane with a gallery, and what is on the screen."""

    def __init__(self, stage: Stage, pane: Pane) -> None:
        self.stage, self.pane = stage, pane
        self.gallery = pane.query_one(Gallery)
        self.press = stage.pilot.press

    @property
    def first_line(self) -> str:
        """The first line on the screen."""
        return self.stage.text.splitlines()[0]


@asynccontextmanager
async def shown_alone(
    pane_class: type[Pane],
    results: ValidationResults,
    size: tuple[int, int] = (80, 22),
    memory: object = None,
    names: tuple[str, ...] = DIGITS,
) -> AsyncIterator[ShownPane[Pane]]:
    """Show a pane with a gallery by itself, of a run with these validation results."""
    pane = pane_class(ScriptedSource(results=results, classes=names))
    pane.memory = memory
    async with alone(pane, size) as stage:
        await stage.pilot.pause()
        yield ShownPane(stage, pane)


class Mouse:
    """A mouse, as a terminal reports it: in cells, or in pixels where it can."""

    LEFT, MIDDLE, RIGHT = 0, 1, 2
    WHEEL_UP, WHEEL_DOWN = 64, 65

    def __init__(self, stage: Stage, cell: tuple[int, int] | None = None) -> None:
        """`cell` is the size of one in pixels; None: the terminal reports only cells."""
        self._stage = stage
        self._parser = XTermParser()
        if cell is not None:
            width, height = stage.app.size
            self._parser.mouse_pixels = True
            self._parser.terminal_size = (width, height)
            self._parser.terminal_pixel_size = (width * cell[0], height * cell[1])

    async def send(self, code: int, x: int, y: int, end: str = "M") -> None:
        """One report; x and y counted from 0."""
        await self._stage.receive(*self._parser.feed(f"\x1b[<{code};{x + 1};{y + 1}{end}"))

    async def drag(self, *points: tuple[int, int], button: int = LEFT) -> None:
        """Press at the first point, move over the others, and let go at the last."""
        await self.send(button, *points[0])
        for point in points[1:]:
            await self.send(32 + button, *point)
        await self.send(button, *points[-1], end="m")
