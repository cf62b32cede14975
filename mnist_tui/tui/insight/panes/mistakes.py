"""The pane of the digits that are guessed wrong, and of those that nearly were."""

from dataclasses import dataclass
from typing import ClassVar, Final

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal

from mnist_tui import formatting
from mnist_tui.run.validation import Example, ValidationResults
from mnist_tui.tui.insight.panes.pane import ARROWS, ENDS, InsightPane
from mnist_tui.tui.insight.source import InsightSource
from mnist_tui.tui.insight.specimens import Filter
from mnist_tui.tui.insight.widgets.gallery import Gallery, Tile
from mnist_tui.tui.insight.widgets.portrait import Portrait
from mnist_tui.tui.insight.widgets.text_lines import ActionLine, Notes, Part
from mnist_tui.tui.widgets.lines import Line
from mnist_tui.tui.widgets.meters import bar

_EMPTY: Final = (
    "After the first epoch is validated, this shows the digits that were guessed wrong, the "
    "worst first, and those that were hardest to get right."
)
_WANTED: Final = 12
"""How many digits should be in sight at once, before they are drawn any larger."""


@dataclass(frozen=True)
class _Memory:
    wanted: Filter
    index: int | None
    """Of the chosen specimen."""
    has_portrait: bool


class MistakesPane(InsightPane):
    """The digits of the newest validation that cost the most, worst first."""

    TITLE = "Mistakes"
    DEFAULT_CSS = """
    MistakesPane {
        Horizontal { height: 1fr; }
        Notes { height: 2; }
        &.-empty Horizontal { display: none; }
        &.-small Portrait, &.-bare Portrait { display: none; }
    }
    """
    WHEEL = "page"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "h", "kind(True)", "Hardest right", tooltip="The correct ones with the greatest loss"
        ),
        Binding("h", "kind(False)", "Mistakes", tooltip="The digits that are guessed wrong"),
        Binding("r", "turn('label', 1)", "True class", tooltip="Only those of the next class"),
        Binding("g", "turn('guess', 1)", "Guess", tooltip="Only those taken for the next class"),
        Binding("R", "turn('label', -1)", show=False),
        Binding("G", "turn('guess', -1)", show=False),
        Binding("a", "all", "All", tooltip="Of all classes again"),
        Binding("pagedown", "page(1)", "Next page", key_display="pgdn"),
        Binding("pageup", "page(-1)", show=False),
        Binding("enter", "portrait", "Large", tooltip="Show or hide the chosen one, large"),
        *ARROWS,
        *ENDS,
    ]

    def __init__(self, source: InsightSource) -> None:
        super().__init__(source)
        self._head, self._notes = ActionLine(), Notes()
        self._gallery, self._portrait = Gallery(wanted=_WANTED), Portrait()
        self._insight = ValidationResults()
        self._filter = Filter()
        self._shown: tuple[Example, ...] = ()

    def compose(self) -> ComposeResult:
        """As Widget asks."""
        yield self._head
        with Horizontal():
            yield self._gallery
            yield self._portrait
        yield self._notes

    def on_resize(self, event: events.Resize) -> None:
        """Leave the large one out where there is no room beside it."""
        self.set_class(event.size.width < 60 or event.size.height < 12, "-small")
        self.call_after_refresh(self._show_once_laid_out)

    def remember(self) -> object:
        """What is filtered, and which one is chosen."""
        chosen = self._chosen
        index = chosen.index if chosen else None
        return _Memory(self._filter, index, not self.has_class("-bare"))

    def recall(self, memory: object) -> None:
        """Take it up; a Filter alone is what another pane asks for."""
        if isinstance(memory, Filter):
            self._filter = memory
        elif isinstance(memory, _Memory):
            self._filter = memory.wanted
            self.set_class(not memory.has_portrait, "-bare")
            self._take(self.source.insight, memory.index)

    def show_insight(self, insight: ValidationResults) -> None:
        """As InsightPane asks; the chosen one stays, if it still is among them."""
        chosen = self._chosen
        self._take(insight, chosen.index if chosen else None)
        self._show()

    @property
    def _chosen(self) -> Example | None:
        place = self._gallery.chosen
        return self._shown[place] if place < len(self._shown) else None

    def _take(self, insight: ValidationResults, index: int | None) -> None:
        self._insight = insight
        self._shown = self._filter.of(insight)
        self._gallery.tiles = tuple(
            Tile(one.image, one.label, one.predicted, one.probability) for one in self._shown
        )
        if index is not None:
            places = (i for i, one in enumerate(self._shown) if one.index == index)
            self._gallery.chosen = next(places, self._gallery.chosen)

    def _show(self) -> None:
        self.set_class(not self._shown, "-empty")
        self._notes.paragraphs = (self._sentence(),)
        self._show_choice()

    def _show_choice(self) -> None:
        """What depends on the chosen one, and on how many fit."""
        chosen = self._chosen
        self._portrait.image = chosen.image if chosen else None
        self._portrait.about = tuple(_about(chosen)) if chosen else ()
        self._head.parts = self._parts() if self._insight.epochs else ()
        self.refresh_bindings()

    def _show_once_laid_out(self) -> None:
        """How many fit is known only then; meanwhile the pane may have been left."""
        if self.is_attached:
            self._show_choice()

    def _parts(self) -> tuple[Part, ...]:
        wanted, gallery = self._filter, self._gallery
        wrong, right = (" ✗ mistakes ", " ✓ hardest right ")
        label, guess = ("any" if one is None else str(one) for one in (wanted.label, wanted.guess))
        parts: list[Part] = [
            (wrong, "muted" if wanted.is_narrow else "strong", "kind(False)"),
            (right, "strong" if wanted.is_narrow else "muted", "kind(True)"),
            ("  true ", "muted", "turn('label', 1)"),
            (f"{label:<3}", "accent", "turn('label', 1)"),
            ("  guess ", "muted", "turn('guess', 1)"),
            (f"{guess:<3}", "accent", "turn('guess', 1)"),
        ]
        if gallery.pages > 1:
            page = f"{gallery.page + 1} of {gallery.pages}"
            parts += [("  ◂ ", "accent", "page(-1)"), (page, "", ""), (" ▸", "accent", "page(1)")]
        return tuple(parts)

    def _sentence(self) -> str:
        insight, wanted = self._insight, self._filter
        last = insight.last
        if last is None:
            return _EMPTY
        if wanted.is_narrow:
            kept, total = len(insight.least_confident), None
        else:
            kept = len(insight.mistakes)
            total = sum(map(sum, last.confusion)) - sum(last.confusion[d][d] for d in range(10))
        if not kept and total == 0:
            return f"After epoch {last.epoch} not one of the validation digits is guessed wrong."
        if not kept:
            return (
                f"The images of epoch {last.epoch} are not in this run's directory. They come "
                "back with the next epoch that is validated."
            )
        if not self._shown:
            return f"No {wanted.words} among the {formatting.count(kept)} at hand: a shows all."
        count = formatting.count(len(self._shown))
        if wanted.is_narrow:
            return (
                f"{count} {wanted.words} that epoch {last.epoch} got right with the least "
                "certainty. Would you have known them?"
            )
        bounded = f" of {formatting.count(total or 0)}" if total and total > kept else ""
        return (
            f"{count} {wanted.words}{bounded} that epoch {last.epoch} got wrong. First those "
            "that it was surest about: they have the greatest loss."
        )

    # What keys do.

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what changes anything."""
        if action == "kind" and parameters == (self._filter.is_narrow,):
            return False
        if action == "page":
            return self._gallery.pages > 1
        if action == "all":
            return not self._filter.is_open
        if action == "portrait":
            return bool(self._shown) and not self.has_class("-small")
        return bool(self._insight.epochs)

    def _change(self, wanted: Filter) -> None:
        if wanted != self._filter:
            self._filter = wanted
            self._gallery.chosen = 0
            self._take(self._insight, None)
            self._show()
            self.call_after_refresh(self._show_once_laid_out)

    def action_kind(self, is_narrow: bool) -> None:
        """The hardest correct ones, or the mistakes."""
        if is_narrow != self._filter.is_narrow:
            self._change(self._filter.toggled())

    def action_turn(self, what: str, by: int) -> None:
        """Filter by the next class, or by none."""
        self._change(self._filter.turned(what, by))

    def action_all(self) -> None:
        """Filter by nothing."""
        self._change(Filter(is_narrow=self._filter.is_narrow))

    def action_page(self, by: int) -> None:
        """Turn pages."""
        self._gallery.turn(by)
        self._show_choice()

    def action_move(self, columns: int, rows: int) -> None:
        """Choose a neighbor."""
        self._gallery.move(columns, rows)
        self._show_choice()

    def action_edge(self, direction: int) -> None:
        """Choose the first or the last."""
        self._gallery.chosen = direction * len(self._shown)
        self._show_choice()

    def action_portrait(self) -> None:
        """Show the chosen one large, or make room for others."""
        self.toggle_class("-bare")
        self.call_after_refresh(self._show_once_laid_out)

    def on_gallery_picked(self) -> None:
        """A click chose one."""
        self._show_choice()


def _about(one: Example) -> list[Line]:
    """What is known of a specimen, for 28 columns."""
    name = f"validation digit {formatting.count(one.index)}"
    loss: Line = [(name.ljust(28), "muted")]
    guess = _bar(one.predicted, one.probability, "good" if one.is_right else "bad")
    lines: list[Line] = [loss, [(f"true class {one.label}", "strong")]]
    if one.is_right:
        lines.append([("✓ guessed right", "good")])
        lines.append(guess)
    else:
        lines.append([(f"✗ taken for {one.predicted}", "bad")])
        lines += [guess, _bar(one.label, one.label_probability, "good")]
    return [*lines, [(f"loss {formatting.loss(one.loss)}", "muted")]]


def _bar(digit: int, probability: float, tone: str) -> Line:
    return [
        (f"{digit} ", tone),
        *bar(probability, 18, "bar"),
        (f" {100 * probability:5.1f} %", ""),
    ]
