"""The pane Mistakes: validation images with a wrong prediction, or with an unsure one."""

from dataclasses import dataclass, field, replace
from typing import ClassVar, Final

from textual.binding import Binding, BindingType

from mnist_tui import formatting
from mnist_tui.run.validation import Example
from mnist_tui.tui.insight.panes.browse import LARGE, PAGES, GalleryPane
from mnist_tui.tui.insight.panes.pane import ARROWS, ENDS
from mnist_tui.tui.insight.selection import BrowseChoice, ExampleFilter
from mnist_tui.tui.insight.source import InsightSource
from mnist_tui.tui.insight.widgets.class_bars import names_width, short_names
from mnist_tui.tui.insight.widgets.gallery import SHORT_NAME, Portrait, Tile
from mnist_tui.tui.insight.widgets.text_lines import Part
from mnist_tui.tui.text.fitting import pad
from mnist_tui.tui.widgets.lines import Line
from mnist_tui.tui.widgets.meters import bar_line

_EMPTY: Final = (
    "After the first epoch is validated, this shows the images that the model got wrong, and "
    "those that it got right with the least confidence."
)
_LOST: Final = (
    "The images of epoch {epoch} are not in this run's directory. They are written again after "
    "the next epoch."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MistakesChoice(BrowseChoice):
    """Which examples are in view, and which of them is chosen."""

    filter: ExampleFilter = field(default_factory=ExampleFilter)
    index: int | None = None
    """The chosen example's place in the validation split; None: the first."""


class MistakesPane(GalleryPane):
    """The images of the latest validation with the greatest loss, the greatest first."""

    TITLE = "Mistakes"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("h", "kind(True)", "Unsure", tooltip="Correct predictions, the least sure first"),
        Binding("h", "kind(False)", "Mistakes", tooltip="Wrong predictions"),
        Binding("r", "turn('label', 1)", "Label", tooltip="Only those of the next true class"),
        Binding("g", "turn('predicted', 1)", "Predicted", tooltip="Only the next predicted class"),
        Binding("R", "turn('label', -1)", show=False),
        Binding("G", "turn('predicted', -1)", show=False),
        Binding("a", "all", "All", tooltip="All classes again"),
        *PAGES,
        *LARGE,
        *ARROWS,
        *ENDS,
    ]
    choice: MistakesChoice

    def __init__(self, source: InsightSource) -> None:
        super().__init__(source, MistakesChoice())
        self._examples: tuple[Example, ...] = ()
        """Those that the filter lets through."""

    def show_choice(self) -> None:
        """Show the examples that the filter lets through; the chosen one stays if it is there."""
        self._examples = examples = self.choice.filter.select(self.results)
        names = self.source.classes
        short = short_names(names, SHORT_NAME)
        self._gallery.tiles = tuple(
            Tile(
                one.image,
                names[one.label],
                names[one.predicted],
                one.probability,
                (short[one.label], short[one.predicted]),
            )
            for one in examples
        )
        places = (i for i, example in enumerate(examples) if example.index == self.choice.index)
        self._gallery.chosen = next(places, self._gallery.chosen)
        self.set_class(not examples, "-empty")
        self._notes.paragraphs = (self._sentence(),)
        self.show_chosen()
        self._show_when_laid_out()

    def show_chosen(self) -> None:
        """Show the chosen example large, and the page that it is on."""
        if self._examples:
            example = self._examples[self._gallery.chosen]
            self.choice = replace(self.choice, index=example.index)
            self._portrait.image = example.image
            self._portrait.about = tuple(_about(example, self.source.classes))
        else:
            self._portrait.image, self._portrait.about = None, ()
        self._head.parts = self._parts() if self.results.epochs else ()
        self.refresh_bindings()

    def _parts(self) -> tuple[Part, ...]:
        wanted, gallery, names = self.choice.filter, self._gallery, self.source.classes
        room = max(3, names_width(names, self.content_size.width))
        label, predicted = (
            pad("any" if one is None else names[one], room)
            for one in (wanted.label, wanted.predicted)
        )
        parts: list[Part] = [
            (" ✗ mistakes ", "muted" if wanted.is_correct else "strong", "kind(False)"),
            (" ✓ correct but unsure ", "strong" if wanted.is_correct else "muted", "kind(True)"),
            ("  label ", "muted", "turn('label', 1)"),
            (label, "accent", "turn('label', 1)"),
            ("  predicted ", "muted", "turn('predicted', 1)"),
            (predicted, "accent", "turn('predicted', 1)"),
        ]
        if gallery.pages > 1:
            page = f"{gallery.page + 1} of {gallery.pages}"
            parts += [("  ◂ ", "accent", "page(-1)"), (page, "", ""), (" ▸", "accent", "page(1)")]
        return tuple(parts)

    def _sentence(self) -> str:
        results, wanted = self.results, self.choice.filter
        last = results.last
        if last is None:
            return _EMPTY
        known = results.least_confident if wanted.is_correct else results.mistakes
        all_mistakes = ExampleFilter().count_mistakes(last.confusion)
        if not known and not wanted.is_correct and not all_mistakes:
            return f"Epoch {last.epoch} got all validation images right."
        if not known:
            return _LOST.format(epoch=last.epoch)
        of = wanted.describe(self.source.classes)
        kind = "correct but unsure predictions" if wanted.is_correct else "mistakes"
        if not self._examples:
            images = formatting.counted(len(known), "image")
            return f"No {kind}{of} among the {images} of epoch {last.epoch}. a shows all."
        count = formatting.count(len(self._examples))
        if wanted.is_correct:
            return (
                f"{count} {kind}{of} in epoch {last.epoch}, the least sure first. "
                "Would you have known them?"
            )
        total = wanted.count_mistakes(last.confusion)
        if total > len(self._examples):
            count += f" of {formatting.count(total)}"
        return (
            f"{count} {kind}{of} in epoch {last.epoch}. Sorted by loss: confident mistakes first."
        )

    # What keys do.

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "kind":
            is_other = parameters != (self.choice.filter.is_correct,)
            return is_other and bool(self.results.epochs)
        if action == "all":
            return not self.choice.filter.is_open
        if action == "turn":
            return bool(self.results.epochs)
        return super().check_action(action, parameters)

    def _change(self, wanted: ExampleFilter) -> None:
        if wanted != self.choice.filter:
            self._gallery.chosen = 0
            self.choose(filter=wanted, index=None)

    def action_kind(self, is_correct: bool) -> None:
        if is_correct != self.choice.filter.is_correct:
            self._change(self.choice.filter.toggled())

    def action_turn(self, what: str, by: int) -> None:
        self._change(self.choice.filter.turned(what, by, len(self.source.classes)))

    def action_all(self) -> None:
        self._change(ExampleFilter(is_correct=self.choice.filter.is_correct))


def _about(example: Example, names: tuple[str, ...]) -> list[Line]:
    """The example in words and bars, for the width of a Portrait."""
    label, predicted = names[example.label], names[example.predicted]
    top = _bar(predicted, example.probability, "good" if example.is_right else "bad", names)
    lines: list[Line] = [
        [(f"validation image #{formatting.count(example.index)}", "muted")],
        [(f"label {label}", "strong")],
    ]
    if example.is_right:
        lines += [[("✓ predicted correctly", "good")], top]
    else:
        true = _bar(label, example.label_probability, "good", names)
        lines += [[(f"✗ predicted as {predicted}", "bad")], top, true]
    return [*lines, [(f"loss {formatting.loss(example.loss)}", "muted")]]


def _bar(name: str, probability: float, tone: str, names: tuple[str, ...]) -> Line:
    label = (f"{pad(name, names_width(names, Portrait.WIDTH))} ", tone)
    return bar_line(label, probability, (f" {100 * probability:5.1f} %", ""), Portrait.WIDTH)
