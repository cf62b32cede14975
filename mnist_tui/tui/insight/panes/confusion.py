"""The pane Confusion: how often images of each class were predicted as which."""

from dataclasses import dataclass
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from mnist_tui import formatting
from mnist_tui.run.validation import Confusion, EpochResults
from mnist_tui.tui.insight.panes.browse import EpochPane
from mnist_tui.tui.insight.panes.mistakes import MistakesChoice, MistakesPane
from mnist_tui.tui.insight.panes.pane import ARROWS, ENDS
from mnist_tui.tui.insight.selection import BrowseChoice, ExampleFilter
from mnist_tui.tui.insight.source import InsightSource
from mnist_tui.tui.insight.widgets.matrix import Matrix
from mnist_tui.tui.insight.widgets.matrix_layout import Counts
from mnist_tui.tui.insight.widgets.text_lines import Part
from mnist_tui.tui.text.fitting import wrap_words
from mnist_tui.tui.widgets.lines import Line, width_of

_EMPTY: Final = (
    "After the first epoch is validated, this shows for each class how often its images were "
    "predicted as which class: the confusion matrix."
)
_HOW_TO_READ: Final = (
    "Read along a row: of all images of that class, how many were predicted as what.",
    "The diagonal is correct.",
    "Precision: how many predictions of a class were correct.",
    "Recall: how many images of a class were found.",
    "F1: harmonic mean of precision and recall.",
)

_HEAD: Final = 1
"""The line with the epoch."""

_FACT_FROM: Final = 5
"""In fewer lines the chosen cell is not described: its row in the matrix is worth more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfusionChoice(BrowseChoice):
    """The epoch in view, and which cell is chosen."""

    cell: tuple[int, int] | None = None
    """True and predicted class; None: the most frequent mistake."""


class ConfusionPane(EpochPane):
    """The confusion matrix of one epoch."""

    TITLE = "Confusion"
    DEFAULT_CSS = """
    ConfusionPane {
        Matrix { height: 1fr; max-height: 33; }
        Notes { height: 1fr; padding: 1 0 0 0; }
        &.-low Notes { padding: 0; }
        &.-lowest Notes { display: none; }
        &.-empty Matrix { display: none; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "Images", tooltip="The images of the chosen cell"),
        Binding("comma", "epoch(-1)", "Epoch before", key_display=","),
        Binding("full_stop", "epoch(1)", "Epoch after", key_display="."),
        *ARROWS,
        *ENDS,
    ]
    choice: ConfusionChoice

    def __init__(self, source: InsightSource) -> None:
        super().__init__(source, ConfusionChoice())
        self._matrix = Matrix()

    def compose(self) -> ComposeResult:
        yield self._head
        yield self._matrix
        yield self._notes

    def on_resize(self) -> None:
        """Share the lines anew."""
        self.show_choice()

    def show_choice(self) -> None:
        """Show the matrix of the epoch in view, and the chosen cell in words."""
        epoch = self.choice.epoch
        known, before = epoch.of(self.results), epoch.before(self.results)
        self.set_class(known is None, "-empty")
        if known is None:
            self._head.parts, self._matrix.counts = (), None
            self._notes.facts, self._notes.paragraphs = (), (_EMPTY,)
        else:
            self._matrix.counts = (
                Counts(known.confusion, self.source.classes)
                if before is None
                else Counts(known.confusion, self.source.classes, before.confusion, before.epoch)
            )
            self._matrix.cell = self.choice.cell or worst_cell(known.confusion)
            self._head.parts = (*epoch.parts(self.results), *_totals(known.confusion))
            self._notes.facts = (self._about_cell(known, before),)
            self._notes.paragraphs = (self._explanation(),)
        self._share_lines()
        self.refresh_bindings()

    @property
    def _lines_left(self) -> int:
        """How many lines the whole matrix leaves to what is under it."""
        width, height = self.content_size
        return height - _HEAD - self._matrix.least_height(width)

    def _explanation(self) -> str:
        """As many whole sentences as there is room for under the blank line and the fact."""
        texts = [" ".join(_HOW_TO_READ[:count]) for count in range(len(_HOW_TO_READ), 0, -1)]
        width, room = self.content_size.width, self._lines_left - 2
        return next((text for text in texts if len(wrap_words(text, width)) <= room), "")

    def _share_lines(self) -> None:
        """The matrix's rows come first, then the chosen cell in words, then the explanation."""
        width, height = self.content_size
        is_empty = not self.results.epochs
        self.set_class(self._lines_left < 2 and not is_empty, "-low")
        self.set_class(height < _FACT_FROM and not is_empty, "-lowest")
        if is_empty:
            self._notes.styles.height = "1fr"
        elif self._lines_left < 2:
            self._notes.styles.height = 1
        else:
            self._notes.styles.height = 2 + len(wrap_words(self._explanation(), width))

    def _about_cell(self, known: EpochResults, before: EpochResults | None) -> Line:
        label, predicted = self._matrix.cell
        name, other = self.source.classes[label], self.source.classes[predicted]
        count, total = known.confusion[label][predicted], sum(known.confusion[label])
        share = formatting.percent(count / max(total, 1))
        what = "predicted correctly" if label == predicted else f"predicted as {other}"
        of = f"{formatting.count(count)} of {formatting.count(total)} ({share})"
        line: Line = [("▸ ", "accent"), (f"{name} {what}: {of}", "strong")]
        if before is not None:
            change = count - before.confusion[label][predicted]
            word = f"{change:+,d} since" if change else "as many as after"
            text = f", {word} epoch {before.epoch}"
            if width_of(line) + len(text) <= self.content_size.width:
                line.append((text, "muted"))
        return line

    # What keys and the mouse do.

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("open", "move"):
            return bool(self.results.epochs)
        return super().check_action(action, parameters)

    def action_move(self, columns: int, rows: int) -> None:
        last = len(self.source.classes) - 1
        label, predicted = self._matrix.cell
        self.choose(cell=(min(max(label + rows, 0), last), min(max(predicted + columns, 0), last)))

    def action_open(self) -> None:
        if self.results.epochs:
            label, predicted = self._matrix.cell
            wanted = ExampleFilter(label, predicted, is_correct=label == predicted)
            self.post_message(self.Opened(MistakesPane.TITLE, MistakesChoice(filter=wanted)))

    def on_matrix_pointed(self, message: Matrix.Pointed) -> None:
        """Choose the cell under the pointer, and open it at a click."""
        self.choose(cell=message.cell)
        if message.is_click:
            self.action_open()


def worst_cell(table: Confusion) -> tuple[int, int]:
    """True and predicted class of the most frequent mistake."""
    off = [(n, (t, p)) for t, row in enumerate(table) for p, n in enumerate(row) if t != p]
    return max(off, key=lambda pair: pair[0])[1]


def _totals(table: Confusion) -> tuple[Part, ...]:
    total = sum(map(sum, table))
    correct = sum(row[label] for label, row in enumerate(table))
    share = formatting.percent(correct / max(total, 1))
    return (
        (f"   {formatting.count(correct)} of {formatting.count(total)} correct, {share}", "", ""),
        (f"   {formatting.count(total - correct)} mistakes", "muted", ""),
    )
