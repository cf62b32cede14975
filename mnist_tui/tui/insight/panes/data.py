"""The pane Data: the digits that the model is trained and validated on, by the page."""

from dataclasses import dataclass, replace
from typing import ClassVar, Final

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Input

from mnist_tui import formatting
from mnist_tui.data.dataset import Dataset
from mnist_tui.errors import MnistTuiError
from mnist_tui.tui.insight.pages import SPLITS, ClassView, Selection
from mnist_tui.tui.insight.panes.pane import ARROWS, ENDS, InsightPane
from mnist_tui.tui.insight.source import InsightSource
from mnist_tui.tui.insight.widgets.class_bars import ClassCounts
from mnist_tui.tui.insight.widgets.gallery import Gallery, Grid, Tile
from mnist_tui.tui.insight.widgets.portrait import Portrait
from mnist_tui.tui.insight.widgets.text_lines import ActionLine, Heading, Part

_WANTED: Final = 12
"""How many digits should be in sight at once, before they are drawn any larger."""
_TALL: Final = 26
"""From so many lines on the counts have a line for each class."""


@dataclass(frozen=True, slots=True)
class NumberedTile(Tile):
    """A digit with its place in the split."""

    index: int = 0

    def caption(self, width: int) -> tuple[str, str]:
        """Class and place."""
        return f"{self.label}  #{formatting.count(self.index)}", ""


class NumberEntry(Input):
    """Where the number of a digit is typed; escape gives up."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "give_up", "Give up")]
    DEFAULT_CSS = """
    NumberEntry { display: none; }
    """

    @dataclass
    class GivenUp(Message):
        """No number is wanted."""

    def __init__(self) -> None:
        super().__init__(placeholder="number of a digit", type="integer", compact=True)

    def action_give_up(self) -> None:
        """Close it."""
        self.post_message(self.GivenUp())


class DataPane(InsightPane):
    """A page of digits, one of them as large as the model sees it, and the counts per class.

    The digits are read on a worker's thread when it is opened, and let go when it is left.
    """

    TITLE = "Data"
    DEFAULT_CSS = """
    DataPane {
        & > Horizontal { height: 1fr; }
        & > Horizontal > Vertical { width: 30; padding: 0 0 0 2; }
        Portrait { width: 28; max-height: 14; padding: 0; background: $surface; }
        &.-tall ClassCounts { max-height: 50%; margin: 0 0 1 0; }
        &.-small > Horizontal > Vertical { display: none; }
    }
    """
    WHEEL = "page"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("v", "split", "Other split", tooltip="Training or validation digits"),
        Binding("k", "label(1)", "Class", tooltip="Only those of the next class"),
        Binding("K", "label(-1)", show=False),
        Binding("a", "all", "All", tooltip="Of all classes again"),
        Binding("g", "go", "Go to", tooltip="Go to a digit by its number"),
        Binding("pagedown", "page(1)", "Next page", key_display="pgdn"),
        Binding("pageup", "page(-1)", show=False),
        *ARROWS,
        *ENDS,
    ]

    class Loaded(Message):
        """The digits are there, or what keeps them away is known. From the worker's thread."""

        def __init__(self, digits: Dataset | None, trouble: str = "") -> None:
            super().__init__()
            self.digits: Final = digits
            self.trouble: Final = trouble

    def __init__(self, source: InsightSource) -> None:
        super().__init__(source)
        self._head, self._gallery = ActionLine(), Gallery(wanted=_WANTED)
        self._counts, self._portrait = ClassCounts(), Portrait()
        self._entry = NumberEntry()
        self._digits: Dataset | None = None
        self._shelf: ClassView | None = None
        self._selection = Selection()
        self._top = 0
        """The place on the shelf of the first digit in sight."""

    def compose(self) -> ComposeResult:
        """As Widget asks."""
        yield self._head
        with Horizontal():
            yield self._gallery
            with Vertical():
                yield self._counts
                yield Heading("as the model sees it")
                yield self._portrait
        yield self._entry

    def on_mount(self) -> None:
        """Begin to read."""
        self._head.parts = (("Reading the digits …", "muted", ""),)
        self.run_worker(self._load, thread=True, exit_on_error=False, group="digits")

    def _load(self) -> None:
        """Read the digits. A worker's thread."""
        try:
            self.post_message(self.Loaded(self.source.load_dataset()))
        except (MnistTuiError, OSError) as error:
            self.post_message(self.Loaded(None, str(error)))

    def on_data_pane_loaded(self, message: Loaded) -> None:
        """Show them."""
        self._digits = message.digits
        if message.digits is None:
            self._head.parts = ((message.trouble, "warning", ""),)
        else:
            self._select(self._selection)

    def on_unmount(self) -> None:
        """Let go of them: they are large."""
        self._digits = self._shelf = None

    def on_resize(self, event: events.Resize) -> None:
        """Leave out what there is no room for."""
        self.set_class(event.size.width < 60 or event.size.height < 12, "-small")
        self.set_class(event.size.height >= _TALL, "-tall")
        self.call_after_refresh(self._show)

    def remember(self) -> object:
        """What is looked at."""
        return self._selection

    def recall(self, memory: object) -> None:
        """Take it up."""
        if isinstance(memory, Selection):
            self._selection = memory

    # What is shown.

    def _select(self, selection: Selection) -> None:
        """Look at other digits: the chosen one stays, or gives way to the next that fits."""
        if self._digits is None:
            return
        old, shelf = self._shelf, ClassView.of(self._digits, selection)
        if old is None or (old.split, old.label) != (shelf.split, shelf.label):
            self._shelf = shelf
        self._choose(shelf.nearest(selection.index), selection)

    def _choose(self, rank: int, selection: Selection | None = None) -> None:
        """Choose the digit at a place on the shelf, and bring its page into sight."""
        shelf = self._shelf
        if shelf is None or not len(shelf.places):
            return
        rank = min(max(rank, 0), len(shelf.places) - 1)
        index = int(shelf.places[rank])
        self._selection = replace(selection or self._selection, index=index)
        self._show()

    @property
    def _grid(self) -> Grid:
        return Grid.of(*self._gallery.content_size, _WANTED)

    @property
    def _rank(self) -> int:
        return self._shelf.nearest(self._selection.index) if self._shelf else 0

    def _show(self) -> None:
        shelf = self._shelf
        if shelf is None or not self._gallery.content_size:
            return
        rank, count, total = self._rank, self._grid.count, len(shelf.places)
        # The last page is full, too: its digits would be drawn larger than all others.
        self._top = min(rank // count * count, max(total - count, 0))
        places = shelf.places[self._top : self._top + count]
        labels, images = shelf.split.labels, shelf.split.images
        self._gallery.tiles = tuple(
            NumberedTile(image=images[i].tobytes(), label=int(labels[i]), index=int(i))
            for i in places
        )
        self._gallery.chosen = rank - self._top
        self._portrait.image = images[shelf.places[rank]].tobytes()
        self._counts.names = self.source.classes
        self._counts.counts, self._counts.label = shelf.counts, self._selection.label
        self._head.parts = self._parts(shelf, rank)
        self.refresh_bindings()

    def _parts(self, shelf: ClassView, rank: int) -> tuple[Part, ...]:
        index = self._selection.index
        names = []
        for split, word in zip(SPLITS, ("training", "validation"), strict=True):
            is_it = split == self._selection.split
            mark, tone = ("● ", "strong") if is_it else ("○ ", "muted")
            names.append((f"{mark}{word}  ", tone, "" if is_it else "split"))
        of = "" if self._selection.label is None else f" of class {self._selection.label}"
        label = int(shelf.split.labels[index])
        total = len(shelf.places)
        return (
            *names,
            (f" {formatting.count(total)} digits{of}", "", "all"),
            (f"   ▸ number {formatting.count(index)}: {formatting.a_digit(label)}", "strong", "go"),
            (f"   {formatting.count(rank + 1)} of {formatting.count(total)}", "muted", ""),
        )

    # What keys and the mouse do.

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what leads somewhere."""
        if action == "all":
            return self._selection.label is not None
        if action in ("split", "label", "go", "page"):
            return self._digits is not None
        return True

    def action_split(self) -> None:
        """Look at the other split, from its beginning."""
        other = SPLITS[1 - SPLITS.index(self._selection.split)]
        self._select(replace(self._selection, split=other, index=0))

    def action_label(self, by: int) -> None:
        """Look at the next class alone, or at all of them."""
        order = (None, *range(10))
        label = order[(order.index(self._selection.label) + by) % len(order)]
        self._select(replace(self._selection, label=label))

    def action_all(self) -> None:
        """Look at all classes."""
        self._select(replace(self._selection, label=None))

    def on_class_counts_picked(self, message: ClassCounts.Picked) -> None:
        """Look at one class alone; once more at all."""
        label = None if message.label == self._selection.label else message.label
        self._select(replace(self._selection, label=label))

    def on_gallery_picked(self, message: Gallery.Picked) -> None:
        """Choose what was clicked."""
        self._choose(self._top + message.index)

    def action_move(self, columns: int, rows: int) -> None:
        """Choose a neighbor."""
        self._choose(self._rank + columns + rows * self._grid.columns)

    def action_page(self, by: int) -> None:
        """Turn pages."""
        self._choose(self._rank + by * self._grid.count)

    def action_edge(self, direction: int) -> None:
        """Go to the first or the last digit."""
        self._choose(len(self._shelf.places) if direction > 0 and self._shelf else 0)

    def action_go(self) -> None:
        """Ask for the number of a digit."""
        self._entry.value = ""
        self._entry.display = True
        self._entry.focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Go to that digit: of the chosen class, or the next one of it."""
        event.stop()
        self._close_entry()
        if event.value.isdecimal():
            self._select(replace(self._selection, index=int(event.value)))

    def on_number_entry_given_up(self) -> None:
        """Stay."""
        self._close_entry()

    def _close_entry(self) -> None:
        self._entry.display = False
        self.focus()
