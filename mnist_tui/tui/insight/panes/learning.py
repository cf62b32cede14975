"""The pane Learning: the same validation images after each epoch."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import ClassVar, Final

from textual.binding import Binding, BindingType
from textual.timer import Timer

from mnist_tui import formatting
from mnist_tui.run.validation import EpochResults
from mnist_tui.tui.insight.panes.browse import LARGE, EpochPane, GalleryPane
from mnist_tui.tui.insight.selection import BrowseChoice
from mnist_tui.tui.insight.source import InsightSource
from mnist_tui.tui.insight.widgets.class_bars import likeliest, names_width, short_names
from mnist_tui.tui.insight.widgets.gallery import SHORT_NAME, Portrait, Tile
from mnist_tui.tui.insight.widgets.text_lines import Part
from mnist_tui.tui.text.fitting import pad
from mnist_tui.tui.widgets.lines import Line, width_of
from mnist_tui.tui.widgets.meters import bar_line, sparkline

PLAY_INTERVAL_S: Final = 1 / 3
"""How long each epoch is in view when they are played."""

_MOST_BARS: Final = 10
"""How many probabilities are shown of a large image; of more classes, the likeliest ones."""
_EMPTY: Final = (
    "After the first epoch is validated, this tracks some validation images of each class: what "
    "the model predicts after each epoch, and how surely."
)
_LOST: Final = (
    "The tracked images are not in this run's directory. They are written again after the next "
    "epoch."
)
_HOW_TO_READ: Final = "The same images after each epoch: ←→ go through the epochs, p plays them."


@dataclass(frozen=True, slots=True, kw_only=True)
class LearningChoice(BrowseChoice):
    """The epoch in view, and which image is chosen."""

    place: int = 0
    """Among the tracked examples."""


class LearningPane(GalleryPane, EpochPane):
    """The tracked validation images with the predictions of the epoch in view."""

    TITLE = "Learning"
    WHEEL = EpochPane.WHEEL
    WANTED = 20
    ROOMY = 100
    LOWEST = 16
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,comma", "epoch(-1)", "Epoch before", key_display="←"),
        Binding("right,full_stop", "epoch(1)", "Epoch after", key_display="→"),
        Binding("p", "play", "Play", tooltip="Show the epochs one after the other"),
        *LARGE,
        Binding("down", "move(1, 0)", "Next image", key_display="↓"),
        Binding("up", "move(-1, 0)", show=False),
        Binding("home", "edge(-1)", show=False),
        Binding("end", "edge(1)", show=False),
    ]
    choice: LearningChoice

    def __init__(self, source: InsightSource) -> None:
        super().__init__(source, LearningChoice())
        self._timer: Timer | None = None
        """Runs while the epochs are played."""

    @property
    def is_playing(self) -> bool:
        """Whether the epochs are shown one after the other."""
        return self._timer is not None

    @property
    def _known(self) -> EpochResults | None:
        """The epoch in view, if it has anything of the tracked examples."""
        known = self.choice.epoch.of(self.results)
        return known if known is not None and self._tracks(known) else None

    def _tracks(self, known: EpochResults) -> bool:
        size = 2 * len(known.confusion) * len(self.results.tracked)  # bytes: float16 each
        return size > 0 and len(known.tracked) == size

    def show_choice(self) -> None:
        known = self._known
        self._gallery.tiles = () if known is None else tuple(self._tiles(known))
        self._gallery.chosen = self.choice.place
        self.set_class(known is None, "-empty")
        if known is None:
            self._notes.facts, self._portrait.about = (), ()
            self._notes.paragraphs = (_LOST if self.results.epochs else _EMPTY,)
        else:
            self._notes.paragraphs = (_HOW_TO_READ,)
        self.show_chosen()

    def _tiles(self, known: EpochResults) -> list[Tile]:
        names, tiles = self.source.classes, []
        short = short_names(names, SHORT_NAME)
        for place, example in enumerate(self.results.tracked):
            values = known.probabilities(place)
            best = likeliest(values)
            label, briefly = example.label, (short[example.label], short[best])
            tiles.append(Tile(example.image, names[label], names[best], values[best], briefly))
        return tiles

    def show_chosen(self) -> None:
        """Show the probabilities of the chosen image, and how they were in other epochs."""
        self._head.parts = (*self.choice.epoch.parts(self.results), *self._score())
        known = self._known
        if known is not None:
            place = self._gallery.chosen
            self.choice = replace(self.choice, place=place)
            example, values = self.results.tracked[place], known.probabilities(place)
            past, at = self._past(place, example.label), self.choice.epoch.place(self.results)
            curve, names = _curve(past, at, Portrait.WIDTH), self.source.classes
            self._portrait.image = example.image
            self._portrait.about = tuple(_about(example.label, values, names, curve))
            line = _in_one_line(example.label, values, names)
            room = min(self.content_size.width - width_of(line), Portrait.WIDTH)
            self._notes.facts = ([*line, *(_curve(past, at, room) if room > 0 else [])],)
        self.refresh_bindings()

    def _score(self) -> tuple[Part, ...]:
        tiles = self._gallery.tiles
        correct = sum(tile.label == tile.predicted for tile in tiles)
        return ((f"   {correct} of {len(tiles)} correct", "", ""),) if tiles else ()

    def _past(self, place: int, label: int) -> list[float]:
        """The probability of the true class after each epoch."""
        return [
            known.probabilities(place)[label] if self._tracks(known) else 0.0
            for known in self.results.epochs
        ]

    # What keys do.

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "epoch" and self.is_playing:
            return True
        if action == "play":
            return len(self.results.epochs) > 1
        if action == "move":
            return self._known is not None
        return super().check_action(action, parameters)

    action_edge = EpochPane.action_edge

    def action_epoch(self, by: int) -> None:
        """Go to an earlier or a later epoch, and stop playing."""
        self._stop_playing()
        super().action_epoch(by)

    def action_play(self) -> None:
        """Play the epochs from the one in view, or from the first; again: stop."""
        if self.is_playing:
            self._stop_playing()
            return
        if self.choice.epoch.is_latest(self.results):
            super().action_epoch(-len(self.results.epochs))
        self._timer = self.set_interval(PLAY_INTERVAL_S, self._play_next, name="play the epochs")

    def _play_next(self) -> None:
        super().action_epoch(1)
        if self.choice.epoch.is_latest(self.results):
            self._stop_playing()

    def _stop_playing(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
            self.refresh_bindings()


def _about(label: int, values: Sequence[float], names: tuple[str, ...], curve: Line) -> list[Line]:
    """The probabilities and the true class's past, for the width of a Portrait."""
    best = likeliest(tuple(values))
    labels = sorted(range(len(values)), key=lambda other: (other != label, -values[other]))
    room, lines = names_width(names, Portrait.WIDTH), []
    for other in sorted(labels[:_MOST_BARS]):
        mark, tone = " ", "muted"
        if other == label:
            mark, tone = ("✓" if other == best else "○"), "good"
        elif other == best:
            mark, tone = "✗", "bad"
        name = (f"{mark} {pad(names[other], room)} ", tone)
        percent = (f" {100 * values[other]:5.1f} %", "")
        lines.append(bar_line(name, values[other], percent, Portrait.WIDTH))
    return [*lines, [(f"probability of {names[label]} by epoch", "muted")], curve]


def _in_one_line(label: int, values: Sequence[float], names: tuple[str, ...]) -> Line:
    best = sorted(range(len(values)), key=lambda other: -values[other])[:3]
    first, *others = (
        f"{names[other]} ({formatting.whole_percent(values[other]).strip()})" for other in best
    )
    return [
        (f"▸ label {names[label]}: ", "strong"),
        (f"predicted as {first}, then {', '.join(others)}".ljust(37), ""),
        (" by epoch ", "muted"),
    ]


def _curve(values: list[float], at: int, width: int) -> Line:
    """A curve of at most `width` columns, with the place `at` set off."""
    means, place = condensed(values, at, width)
    curve = sparkline(means)
    before, here, after = curve[:place], curve[place : place + 1], curve[place + 1 :]
    return [(before, "bar"), (here, "accent"), (after, "bar")]


def condensed(values: list[float], at: int, width: int) -> tuple[list[float], int]:
    """As many values as go into `width`, each the mean of its neighbors; and where `at` is."""
    columns = min(len(values), width)
    bounds = [len(values) * column // max(columns, 1) for column in range(columns + 1)]
    means = [sum(values[start:end]) / (end - start) for start, end in pairwise(bounds)]
    return means, next((i for i, end in enumerate(bounds[1:]) if at < end), 0)
