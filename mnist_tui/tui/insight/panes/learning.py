"""The pane of the digits that are followed through the epochs."""

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar, Final

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.timer import Timer

from mnist_tui import formatting
from mnist_tui.run.validation import EpochResults, ValidationResults
from mnist_tui.tui.insight.epoch_choice import EpochChoice
from mnist_tui.tui.insight.panes.pane import InsightPane
from mnist_tui.tui.insight.source import InsightSource
from mnist_tui.tui.insight.widgets.class_bars import likeliest
from mnist_tui.tui.insight.widgets.gallery import Gallery, Tile
from mnist_tui.tui.insight.widgets.portrait import Portrait
from mnist_tui.tui.insight.widgets.text_lines import ActionLine, Notes, Part
from mnist_tui.tui.widgets.lines import Line, Piece
from mnist_tui.tui.widgets.meters import bar

PLAY_INTERVAL_S: Final = 1 / 3
"""How long each epoch is in view when they are played."""

_LEVELS: Final = "▁▂▃▄▅▆▇█"
_ROOMY: Final = 100
"""From this width on the chosen digit is shown large without being asked for."""
_EMPTY: Final = (
    "After the first epoch is validated, this follows twenty validation digits, two of each "
    "class: what they are taken for after each epoch, and how surely."
)
_LOST: Final = (
    "The digits that were followed are not in this run's directory. They come back with the "
    "next epoch that is validated."
)
_HOW_TO_READ: Final = "The same digits after each epoch: ← → go through the epochs, p plays them."


@dataclass(frozen=True)
class _Memory:
    place: int
    epoch: int | None
    has_portrait: bool | None


class LearningPane(InsightPane):
    """Twenty digits, and what they are taken for after the epoch in view."""

    TITLE = "Learning"
    DEFAULT_CSS = """
    LearningPane {
        Horizontal { height: 1fr; }
        Notes { height: 2; }
        &.-empty Horizontal, &.-bare Portrait { display: none; }
    }
    """
    WHEEL = "epoch"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,comma", "epoch(-1)", "Epoch before", key_display="←"),
        Binding("right,full_stop", "epoch(1)", "Epoch after", key_display="→"),
        Binding("p", "play", "Play", tooltip="Go through the epochs by themselves"),
        Binding("enter", "portrait", "Large", tooltip="Show or hide the chosen digit, large"),
        Binding("down", "move(1)", "Next digit", key_display="↓"),
        Binding("up", "move(-1)", show=False),
        Binding("home", "edge(-1)", show=False),
        Binding("end", "edge(1)", show=False),
    ]

    def __init__(self, source: InsightSource) -> None:
        super().__init__(source)
        self._head, self._notes = ActionLine(), Notes()
        self._gallery, self._portrait = Gallery(wanted=20), Portrait()
        self._insight = ValidationResults()
        self._choice = EpochChoice()
        self._has_portrait: bool | None = None
        """What was asked for; None: as there is room."""
        self._playing: Timer | None = None

    def compose(self) -> ComposeResult:
        """As Widget asks."""
        yield self._head
        with Horizontal():
            yield self._gallery
            yield self._portrait
        yield self._notes

    def on_resize(self, event: events.Resize) -> None:
        """Show the chosen one large where there is room for it."""
        self._arrange(event.size.width, event.size.height)

    def _arrange(self, width: int, height: int) -> None:
        wanted = width >= _ROOMY if self._has_portrait is None else self._has_portrait
        self.set_class(not wanted or width < 60 or height < 16, "-bare")

    def remember(self) -> object:
        """The digit and the epoch."""
        return _Memory(self._gallery.chosen, self._choice.epoch, self._has_portrait)

    def recall(self, memory: object) -> None:
        """Take them up."""
        if isinstance(memory, _Memory):
            self._choice.epoch, self._has_portrait = memory.epoch, memory.has_portrait
            self._take(self.source.insight)
            self._gallery.chosen = memory.place

    def show_insight(self, insight: ValidationResults) -> None:
        """As InsightPane asks."""
        self._take(insight)
        self._show()

    def _take(self, insight: ValidationResults) -> None:
        self._insight = insight
        known = self._known
        self._gallery.tiles = () if known is None else tuple(_tiles(insight, known))

    @property
    def _known(self) -> EpochResults | None:
        """The epoch in view, if it has anything of the watched digits."""
        known = self._choice.of(self._insight)
        size = 20 * len(self._insight.tracked)  # bytes: ten halves of precision each
        return known if known is not None and size and len(known.tracked) == size else None

    def _show(self) -> None:
        known, insight = self._known, self._insight
        self.set_class(known is None, "-empty")
        self._head.parts = (*self._choice.parts(insight), *self._score())
        if known is None:
            self._notes.facts, self._portrait.about = (), ()
            self._notes.paragraphs = (_LOST if insight.epochs else _EMPTY,)
        else:
            self._show_digit(known)
            self._notes.paragraphs = (_HOW_TO_READ,)
        self.refresh_bindings()

    def _score(self) -> tuple[Part, ...]:
        tiles = self._gallery.tiles
        if not tiles:
            return ()
        right = sum(tile.label == tile.guess for tile in tiles)
        return ((f"   {right} of {len(tiles)} right", "", ""),)

    def _show_digit(self, known: EpochResults) -> None:
        place, insight = self._gallery.chosen, self._insight
        digit = insight.tracked[place]
        values = known.probabilities(place)
        past = self._past(place, digit.label)
        at = self._choice.place(insight)
        self._portrait.image = digit.image
        self._portrait.about = tuple(_about(digit.label, values, past, at))
        self._notes.facts = ([*_in_one_line(digit.label, values, past, at)],)

    def _past(self, place: int, label: int) -> list[float]:
        """The probability of the true class after each epoch."""
        size = 20 * len(self._insight.tracked)
        return [
            known.probabilities(place)[label] if len(known.tracked) == size else 0.0
            for known in self._insight.epochs
        ]

    # What keys do.

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what leads somewhere."""
        place, newest = self._choice.place(self._insight), len(self._insight.epochs) - 1
        if action == "epoch" and self._playing is None:
            return place > 0 if parameters == (-1,) else place < newest
        if action == "play":
            return newest > 0
        if action in ("portrait", "move"):
            return self._known is not None
        return True

    def action_epoch(self, by: int) -> None:
        """Go to an epoch before or after."""
        self._stop_playing()
        self._go(by)

    def _go(self, by: int) -> None:
        self._choice.move(self._insight, by)
        self._take(self._insight)
        self._show()

    def action_edge(self, direction: int) -> None:
        """Go to the first or the newest epoch."""
        self.action_epoch(direction * len(self._insight.epochs))

    def action_newest(self) -> None:
        """Go to the newest epoch."""
        self.action_edge(1)

    def action_move(self, by: int) -> None:
        """Choose another digit."""
        self._gallery.move(by, 0)
        self._show()

    def action_portrait(self) -> None:
        """Show the chosen one large, or make room for the others."""
        self._has_portrait = self.has_class("-bare")
        self._arrange(*self.outer_size)

    def action_play(self) -> None:
        """Play the epochs from the one in view, or from the first; again: stop."""
        if self._playing is not None:
            self._stop_playing()
            return
        if self._choice.is_newest(self._insight):
            self._go(-len(self._insight.epochs))
        self._playing = self.set_interval(PLAY_INTERVAL_S, self._play_on, name="play the epochs")

    def _play_on(self) -> None:
        self._go(1)
        if self._choice.is_newest(self._insight):
            self._stop_playing()

    def _stop_playing(self) -> None:
        if self._playing is not None:
            self._playing.stop()
            self._playing = None
            self.refresh_bindings()

    def on_gallery_picked(self) -> None:
        """A click chose a digit."""
        self._show()


def _tiles(insight: ValidationResults, known: EpochResults) -> list[Tile]:
    tiles = []
    for place, digit in enumerate(insight.tracked):
        values = known.probabilities(place)
        guess = likeliest(values)
        tiles.append(Tile(digit.image, digit.label, guess, values[guess]))
    return tiles


def _about(label: int, values: tuple[float, ...], past: list[float], at: int) -> list[Line]:
    """The ten probabilities and the true class's past, for 28 columns."""
    guess = likeliest(values)
    lines: list[Line] = []
    for digit, value in enumerate(values):
        mark, tone = " ", "muted"
        if digit == label:
            mark, tone = ("✓" if digit == guess else "○"), "good"
        elif digit == guess:
            mark, tone = "✗", "bad"
        name: Piece = (f"{mark} {digit} ", tone)
        lines.append([name, *bar(value, 16, "bar"), (f" {100 * value:5.1f} %", "")])
    curve, mark_at = sparkline(past, at, 28)
    what = f"how surely {formatting.a_digit(label)}, by epoch"
    return [*lines, [(what, "muted")], *_marked(curve, mark_at)]


def _marked(curve: str, at: int) -> list[Line]:
    """A curve with the epoch in view set off."""
    return [[(curve[:at], "bar"), (curve[at : at + 1], "accent"), (curve[at + 1 :], "bar")]]


def _in_one_line(
    label: int, values: tuple[float, ...], past: list[float], at: int
) -> tuple[Piece, ...]:
    best = sorted(range(10), key=lambda digit: -values[digit])[:3]
    guess, *others = (
        f"{digit} ({formatting.whole_percent(values[digit]).strip()})" for digit in best
    )
    curve, mark_at = sparkline(past, at, 28)
    return (
        (f"▸ {formatting.a_digit(label)}: ", "strong"),
        (f"taken for {guess}, then {', '.join(others)}".ljust(37), ""),
        (" by epoch ", "muted"),
        *_marked(curve, mark_at)[0],
    )


def sparkline(values: list[float], at: int, width: int) -> tuple[str, int]:
    """Values in [0, 1] as blocks, several as their mean where there are many; and where `at` is."""
    columns = min(len(values), width)
    bounds = [len(values) * column // max(columns, 1) for column in range(columns + 1)]
    curve = ""
    for start, end in pairwise(bounds):
        mean = sum(values[start:end]) / (end - start)
        mean = 0.0 if math.isnan(mean) else mean
        curve += _LEVELS[min(int(mean * len(_LEVELS)), len(_LEVELS) - 1)]
    place = next((i for i, end in enumerate(bounds[1:]) if at < end), 0)
    return curve, place
