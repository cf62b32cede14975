"""The pane Data: the images that the model is trained and validated on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Final, overload

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Input

from mnist_tui import formatting
from mnist_tui.data.dataset import Dataset
from mnist_tui.errors import MnistTuiError
from mnist_tui.tui.insight.panes.browse import PAGES, GalleryPane
from mnist_tui.tui.insight.panes.pane import ARROWS, ENDS
from mnist_tui.tui.insight.selection import SPLITS, ClassView, DataChoice, next_class
from mnist_tui.tui.insight.source import InsightSource
from mnist_tui.tui.insight.widgets.class_bars import ClassCounts
from mnist_tui.tui.insight.widgets.gallery import Tile
from mnist_tui.tui.insight.widgets.text_lines import Heading, Part

_TALL: Final = 26
"""From so many lines on the counts take more of them."""


@dataclass(frozen=True, slots=True)
class NumberedTile(Tile):
    """An image with its place in the split."""

    index: int = 0

    def caption(self, width: int) -> tuple[str, str]:
        return f"{self.label}  #{formatting.count(self.index)}", ""


class Tiles(Sequence[NumberedTile]):
    """The images of a view as tiles, each made when it comes into sight."""

    def __init__(self, view: ClassView, names: tuple[str, ...]) -> None:
        self._view, self._names = view, names

    def __len__(self) -> int:
        return len(self._view.indices)

    @overload
    def __getitem__(self, place: int) -> NumberedTile: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[NumberedTile]: ...

    def __getitem__(self, place: int | slice) -> NumberedTile | Sequence[NumberedTile]:
        if isinstance(place, slice):
            return [self[at] for at in range(*place.indices(len(self)))]
        index = int(self._view.indices[place])
        split = self._view.split
        name = self._names[int(split.labels[index])]
        return NumberedTile(split.images[index].tobytes(), name, index=index)


class NumberEntry(Input):
    """Where the number of an image is typed; escape closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "give_up", "Cancel")]
    DEFAULT_CSS = """
    NumberEntry { display: none; }
    """

    @dataclass
    class GivenUp(Message):
        """The user typed no number."""

    def __init__(self) -> None:
        super().__init__(placeholder="number of an image", type="integer", compact=True)

    def action_give_up(self) -> None:
        self.post_message(self.GivenUp())


class DataPane(GalleryPane):
    """Pages of images, one of them as the model sees it, and the number of images per class.

    The dataset is read on a worker thread when the pane opens, and released when it closes.
    """

    TITLE = "Data"
    DEFAULT_CSS = """
    DataPane {
        & > Horizontal > Vertical { width: 30; padding: 0 0 0 2; }
        Portrait { width: 28; max-height: 14; padding: 0; background: $surface; }
        &.-tall ClassCounts { max-height: 50%; margin: 0 0 1 0; }
        &.-bare > Horizontal > Vertical { display: none; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("v", "split", "Other split", tooltip="Training or validation images"),
        Binding("k", "label(1)", "Class", tooltip="Only images of the next class"),
        Binding("K", "label(-1)", show=False),
        Binding("a", "all", "All", tooltip="All classes again"),
        Binding("g", "go", "Go to", tooltip="Go to an image by its number"),
        *PAGES,
        *ARROWS,
        *ENDS,
    ]
    choice: DataChoice

    class Loaded(Message):
        """The dataset was read, or cannot be. Posted from the worker thread."""

        def __init__(self, dataset: Dataset | None, problem: str = "") -> None:
            super().__init__()
            self.dataset: Final = dataset
            self.problem: Final = problem

    def __init__(self, source: InsightSource) -> None:
        super().__init__(source, DataChoice())
        self._counts, self._entry = ClassCounts(), NumberEntry()
        self._dataset: Dataset | None = None
        self._view: ClassView | None = None

    def compose(self) -> ComposeResult:
        yield self._head
        with Horizontal():
            yield self._gallery
            with Vertical():
                yield self._counts
                yield Heading("as the model sees it")
                yield self._portrait
        yield self._entry

    def on_mount(self) -> None:
        self._head.parts = (("Reading the images …", "muted", ""),)
        self.run_worker(self._load, thread=True, exit_on_error=False, group="dataset")

    def _load(self) -> None:
        """Read the dataset. Worker thread."""
        try:
            self.post_message(self.Loaded(self.source.load_dataset()))
        except (MnistTuiError, OSError) as error:
            self.post_message(self.Loaded(None, str(error)))

    def on_data_pane_loaded(self, message: Loaded) -> None:
        """Show the images, or why there are none."""
        self._dataset = message.dataset
        if message.dataset is None:
            self._head.parts = ((message.problem, "warning", ""),)
        self.show_choice()

    def on_unmount(self) -> None:
        """Release the dataset: it is large."""
        self._dataset = self._view = None
        self._gallery.tiles = ()

    def on_resize(self) -> None:
        """Give the counts more lines where it is tall."""
        self.set_class(self.outer_size.height >= _TALL, "-tall")

    # What is shown.

    @property
    def _names(self) -> tuple[str, ...]:
        return self._dataset.classes if self._dataset is not None else ()

    def show_choice(self) -> None:
        """Show the images that are chosen, with the page of the chosen one in sight."""
        if self._dataset is None:
            return
        old, view = self._view, ClassView.of(self._dataset, self.choice)
        if old is None or (old.split, old.label) != (view.split, view.label):
            self._view = view
            self._gallery.tiles = Tiles(view, self._dataset.classes)
        self._gallery.chosen = view.nearest(self.choice.index)
        self.show_chosen()

    def show_chosen(self) -> None:
        """Show the chosen image as the model sees it."""
        view, names = self._view, self._names
        if view is None:
            return
        self._counts.names, self._counts.counts = names, view.counts(len(names))
        self._counts.label = self.choice.label
        self._portrait.image = None
        if len(view.indices):
            index = int(view.indices[self._gallery.chosen])
            self.choice = replace(self.choice, index=index)
            self._portrait.image = view.split.images[index].tobytes()
        self._head.parts = self._parts(view)
        self.refresh_bindings()

    def _parts(self, view: ClassView) -> tuple[Part, ...]:
        names, total = self._names, len(view.indices)
        parts: list[Part] = []
        for split, word in SPLITS.items():
            is_it = split == self.choice.split
            mark, tone = ("● ", "strong") if is_it else ("○ ", "muted")
            parts.append((f"{mark}{word}  ", tone, "" if is_it else "split"))
        of = "" if self.choice.label is None else f" of class {names[self.choice.label]}"
        parts.append((f" {formatting.counted(total, 'image')}{of}", "", "all"))
        if total:
            index, place = self.choice.index, self._gallery.chosen + 1
            name = names[int(view.split.labels[index])]
            parts += [
                (f"   ▸ #{formatting.count(index)} (label {name})", "strong", "go"),
                (f"   {formatting.count(place)} of {formatting.count(total)}", "muted", ""),
            ]
        return tuple(parts)

    # What keys and the mouse do.

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "all":
            return self.choice.label is not None
        if action in ("split", "label", "go", "page"):
            return self._dataset is not None
        return super().check_action(action, parameters)

    def action_split(self) -> None:
        [other] = SPLITS.keys() - {self.choice.split}
        self.choose(split=other, index=0)

    def action_label(self, by: int) -> None:
        self.choose(label=next_class(self.choice.label, by, len(self._names)))

    def action_all(self) -> None:
        self.choose(label=None)

    def on_class_counts_picked(self, message: ClassCounts.Picked) -> None:
        """Show one class alone; once more: all."""
        self.choose(label=None if message.label == self.choice.label else message.label)

    def action_go(self) -> None:
        self._entry.value = ""
        self._entry.display = True
        self._entry.focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Go to that image, or to the next one of the chosen class."""
        event.stop()
        self._close_entry()
        if event.value.isdecimal():
            self.choose(index=int(event.value))

    def on_number_entry_given_up(self) -> None:
        self._close_entry()

    def _close_entry(self) -> None:
        self._entry.display = False
        self.focus()
