"""The pane of the confusion matrix."""

from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from mnist_tui import formatting
from mnist_tui.run.validation import Confusion, EpochResults, ValidationResults
from mnist_tui.tui.insight.epoch_choice import EpochChoice
from mnist_tui.tui.insight.panes.mistakes import MistakesPane
from mnist_tui.tui.insight.panes.pane import InsightPane
from mnist_tui.tui.insight.source import InsightSource
from mnist_tui.tui.insight.specimens import Filter
from mnist_tui.tui.insight.widgets.matrix import Counts, Layout, Matrix
from mnist_tui.tui.insight.widgets.text_lines import ActionLine, Notes, Part
from mnist_tui.tui.widgets.lines import Piece, wrap_words

_EMPTY: Final = (
    "After the first epoch is validated, this shows for each digit how often it was taken for "
    "which: the confusion matrix."
)
_HOW_TO_READ: Final = (
    "Read along a row: of all digits of that class, how many were taken for what.",
    "The diagonal is right.",
    "Precision: how many of the guesses of a digit were right.",
    "Recall: how many of the digits were found.",
    "F1 is the mean of the two that punishes the lower one.",
)

_HEAD: Final = 1
"""The line with the epoch."""

_FACT_FROM: Final = 5
"""In fewer lines the chosen cell is not told in words: it would be instead of its row."""


class ConfusionPane(InsightPane):
    """Which digit is taken for which, after each epoch."""

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
    WHEEL = "epoch"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "Images", tooltip="The images of the chosen cell"),
        Binding("comma", "epoch(-1)", "Epoch before", key_display=","),
        Binding("full_stop", "epoch(1)", "Epoch after", key_display="."),
        Binding("up", "move(-1, 0)", show=False),
        Binding("down", "move(1, 0)", show=False),
        Binding("left", "move(0, -1)", show=False),
        Binding("right", "move(0, 1)", show=False),
        Binding("home", "edge(-1)", show=False),
        Binding("end", "edge(1)", show=False),
    ]

    def __init__(self, source: InsightSource) -> None:
        super().__init__(source)
        self._head, self._matrix, self._notes = ActionLine(), Matrix(), Notes()
        self._insight = ValidationResults()
        self._choice = EpochChoice()
        self._has_chosen = False

    def compose(self) -> ComposeResult:
        """As Widget asks."""
        yield self._head
        yield self._matrix
        yield self._notes

    def on_resize(self) -> None:
        """Share the lines anew."""
        self._show()

    def remember(self) -> object:
        """The cell and the epoch."""
        return (self._matrix.cell if self._has_chosen else None, self._choice.epoch)

    def recall(self, memory: object) -> None:
        """Take them up."""
        match memory:
            case ((int(label), int(guess)), epoch):
                self._has_chosen, self._matrix.cell = True, (label, guess)
                self._choice.epoch = epoch if isinstance(epoch, int) else None
            case (None, int(epoch)):
                self._choice.epoch = epoch

    def show_insight(self, insight: ValidationResults) -> None:
        """As InsightPane asks."""
        self._insight = insight
        self._show()

    def _show(self) -> None:
        known, before = self._choice.of(self._insight), self._choice.before(self._insight)
        self.set_class(known is None, "-empty")
        if known is None:
            self._head.parts, self._matrix.counts = (), None
            self._notes.facts, self._notes.paragraphs = (), (_EMPTY,)
        else:
            if not self._has_chosen:
                self._matrix.cell = worst_cell(known.confusion)
            self._matrix.counts = (
                Counts(known.confusion, before.confusion, before.epoch)
                if before is not None
                else Counts(known.confusion)
            )
            self._head.parts = (*self._choice.parts(self._insight), *_totals(known.confusion))
            self._notes.facts = ([*self._about_cell(known, before)],)
            self._notes.paragraphs = (self._explanation(),)
        self._share_lines()
        self.refresh_bindings()

    @property
    def _lines_left(self) -> int:
        """How many lines the whole matrix leaves to what stands under it."""
        width, height = self.content_size
        return height - _HEAD - Layout.of(width, 0).least_height

    def _explanation(self) -> str:
        """As many whole sentences as there is room for under the blank line and the fact."""
        texts = [" ".join(_HOW_TO_READ[:count]) for count in range(len(_HOW_TO_READ), 0, -1)]
        width, room = self.content_size.width, self._lines_left - 2
        return next((text for text in texts if len(wrap_words(text, width)) <= room), "")

    def _share_lines(self) -> None:
        """The matrix's rows come first, then the chosen cell in words, then the explanation."""
        width, height = self.content_size
        is_empty = not self._insight.epochs
        self.set_class(self._lines_left < 2 and not is_empty, "-low")
        self.set_class(height < _FACT_FROM and not is_empty, "-lowest")
        if is_empty:
            self._notes.styles.height = "1fr"
        elif self._lines_left < 2:
            self._notes.styles.height = 1
        else:
            self._notes.styles.height = 2 + len(wrap_words(self._explanation(), width))

    def _about_cell(self, known: EpochResults, before: EpochResults | None) -> tuple[Piece, ...]:
        label, guess = self._matrix.cell
        row = known.confusion[label]
        count, all_of_it = row[guess], max(sum(row), 1)
        share = formatting.percent(count / all_of_it)
        of = f"{formatting.count(count)} of {formatting.count(sum(row))} ({share})"
        what = f"{label} recognized" if label == guess else f"{label} taken for {guess}"
        line: list[Piece] = [("▸ ", "accent"), (f"{what}: {of}", "strong")]
        if before is not None:
            change = count - before.confusion[label][guess]
            word = f"{change:+,d}" if change else "as many as"
            line.append(
                (f", {word} {'since' if change else 'after'} epoch {before.epoch}", "muted")
            )
        return tuple(line)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what leads somewhere."""
        if action == "epoch":
            place, newest = self._choice.place(self._insight), len(self._insight.epochs) - 1
            return place > 0 if parameters == (-1,) else place < newest
        if action == "open":
            return bool(self._insight.epochs)
        return True

    def action_move(self, down: int, right: int) -> None:
        """Choose a neighboring cell."""
        label, guess = self._matrix.cell
        self._choose((min(max(label + down, 0), 9), min(max(guess + right, 0), 9)))

    def _choose(self, cell: tuple[int, int]) -> None:
        self._has_chosen, self._matrix.cell = True, cell
        self._show()

    def action_epoch(self, by: int) -> None:
        """Go to an epoch before or after."""
        self._choice.move(self._insight, by)
        self._show()

    def action_edge(self, direction: int) -> None:
        """Go to the first or the newest epoch."""
        self.action_epoch(direction * len(self._insight.epochs))

    def action_newest(self) -> None:
        """Go to the newest epoch."""
        self.action_edge(1)

    def action_open(self) -> None:
        """Show the images of the chosen cell."""
        if self._insight.epochs:
            label, guess = self._matrix.cell
            wanted = Filter(label=label, guess=guess, is_narrow=label == guess)
            self.post_message(self.Opened(MistakesPane.TITLE, wanted))

    def on_matrix_pointed(self, message: Matrix.Pointed) -> None:
        """Follow the mouse."""
        self._choose(message.cell)
        if message.is_click:
            self.action_open()


def worst_cell(table: Confusion) -> tuple[int, int]:
    """True class and guess of the most frequent mistake."""
    off = [(n, (t, g)) for t, row in enumerate(table) for g, n in enumerate(row) if t != g]
    return max(off, key=lambda pair: pair[0])[1]


def _totals(table: Confusion) -> tuple[Part, ...]:
    total = sum(map(sum, table))
    right = sum(table[digit][digit] for digit in range(10))
    share = formatting.percent(right / max(total, 1))
    return (
        (f"   {formatting.count(right)} of {formatting.count(total)} right, {share}", "", ""),
        (f"   {formatting.count(total - right)} mistakes", "muted", ""),
    )
