"""The pane Inside: the filters of the first layer, and what they make of a digit."""

from dataclasses import dataclass, replace
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal

from mnist_tui import formatting
from mnist_tui.run.inference import FirstLayer as Layer
from mnist_tui.run.inference import InferenceRequest, InferenceResult
from mnist_tui.run.validation import TrackedExample, ValidationResults
from mnist_tui.tui.insight.inference_client import InferenceClient
from mnist_tui.tui.insight.panes.pane import ARROWS, ENDS, InsightPane
from mnist_tui.tui.insight.source import InsightSource
from mnist_tui.tui.insight.widgets.class_bars import likeliest
from mnist_tui.tui.insight.widgets.filter_grid import (
    FilterDetail,
    FilterGrid,
    filter_values,
    map_values,
)
from mnist_tui.tui.insight.widgets.filter_words import CLOSELY, ROUGHLY, most_like
from mnist_tui.tui.insight.widgets.text_lines import ActionLine, Notes, Part

_WAITING: Final = "Asking the model …"
_NO_DIGITS: Final = (
    "After the first epoch is validated, there are digits here to look at; "
    "or draw one in the pane Draw, and press enter there."
)
_HOW: Final = (
    "A filter is a pattern that slides over the digit and responds where ink lies under its "
    "bright weights and none under its dark ones. Training finds them.",
    "The rest of the network sees nothing but the responses. The peak is that of this response, "
    "compared with the strongest of all filters.",
)


@dataclass(frozen=True, slots=True)
class FilterSelection:
    """What is looked at."""

    example: int = 0
    """The place of the tracked example; -1 is the drawing, where there is one."""
    chosen: int = 0
    """The filter that is shown large."""
    drawing: bytes | None = None
    """28 x 28 gray values in MNIST's form, handed over by the pane Draw."""


class InsidePane(InsightPane):
    """All filters with their responses, one of them large."""

    TITLE = "Inside"
    DEFAULT_CSS = """
    InsidePane {
        & > Horizontal { height: 1fr; }
        Notes { height: 3; }
        &.-empty > Horizontal { display: none; }
    }
    """
    WHEEL = "page"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("comma", "digit(-1)", "Digit before", key_display=","),
        Binding("full_stop", "digit(1)", "Digit after", key_display="."),
        Binding("pageup", "page(-1)", "Filters before", key_display="pgup"),
        Binding("pagedown", "page(1)", "Filters after", key_display="pgdn"),
        *ARROWS,
        *ENDS,
    ]

    def __init__(self, source: InsightSource) -> None:
        super().__init__(source)
        self._head, self._notes = ActionLine(), Notes()
        self._grid, self._detail = FilterGrid(), FilterDetail()
        self._client = InferenceClient(self, source, self._hear)
        self._look = FilterSelection()
        self._watched: tuple[TrackedExample, ...] = ()
        self._reading: InferenceResult | None = None
        self._trouble = ""
        """Why there is no answer."""

    def compose(self) -> ComposeResult:
        """As Widget asks."""
        yield self._head
        with Horizontal():
            yield self._grid
            yield self._detail
        yield self._notes

    def on_unmount(self) -> None:
        """Want no answer any more."""
        self._client.cancel()

    def remember(self) -> object:
        """The digit and the filter."""
        return self._look

    def recall(self, memory: object) -> None:
        """Take them up."""
        if isinstance(memory, FilterSelection):
            self._look = memory

    def show_insight(self, insight: ValidationResults) -> None:
        """The weights have changed, and with the first validation there are digits: ask."""
        self._watched = insight.tracked
        if self._look.example < 0 and self._look.drawing is None:
            self._look = replace(self._look, example=0)
        self._ask()

    @property
    def _image(self) -> bytes | None:
        look = self._look
        if look.example < 0 or not self._watched:
            return look.drawing
        return self._watched[min(look.example, len(self._watched) - 1)].image

    def _ask(self) -> None:
        image = self._image
        if image is not None:
            self._client.send(InferenceRequest(images=image, looks_inside=True))
        self._show()

    def _hear(self, reading: InferenceResult | str) -> None:
        if isinstance(reading, str):
            self._trouble = reading
        else:
            self._reading, self._trouble = reading, ""
            self._grid.first_layer = self._detail.first_layer = reading.inside
            self._detail.digit = self._image or b""
            self._choose(self._look.chosen)
        self._show()

    # What is shown.

    def _show(self) -> None:
        layer = self._grid.first_layer
        self._head.parts = self._parts()
        if layer is not None and self.has_class("-empty"):
            # How many filters are in sight is known only once they are laid out.
            self.call_after_refresh(self._show)
        self.set_class(layer is None, "-empty")
        lead: tuple[str, str] = (_NO_DIGITS, "") if self._image is None else (_WAITING, "muted")
        if self._trouble:
            lead = (self._trouble, "warning")
        elif layer is not None:
            lead = (_about(layer, self._look.chosen), "strong")
        self._notes.facts, self._notes.paragraphs = (), ()
        if layer is None:
            self._notes.paragraphs = (lead[0], *_HOW)
        else:
            self._notes.facts, self._notes.paragraphs = ([lead],), _HOW
        self.refresh_bindings()

    def _parts(self) -> tuple[Part, ...]:
        if self._image is None:
            return ()
        parts: tuple[Part, ...] = (
            ("◂ ", "accent" if self._can_turn(-1) else "rest", "digit(-1)"),
            (self._digit_words(), "strong", ""),
            (" ▸", "accent" if self._can_turn(1) else "rest", "digit(1)"),
        )
        reading = self._reading
        if reading is None:
            return parts
        values = reading.probabilities[0]
        best = likeliest(values)
        percent = formatting.whole_percent(values[best]).strip()
        parts += ((f"  taken for {formatting.a_digit(best)}, {percent}", "", ""),)
        if self._grid.pages > 1:
            first = self._grid.page * self._grid.arrangement.count
            last = min(first + self._grid.arrangement.count, self._grid.filters)
            parts += ((f"  filters {first + 1}-{last} of {self._grid.filters}", "", "page(1)"),)
        where = f"  {formatting.place(reading.epoch, reading.batch)}"
        return (*parts, (where, "muted", ""), ("  ← → ↑ ↓ choose", "muted", ""))

    def _digit_words(self) -> str:
        if self._look.example < 0 or not self._watched:
            return "your drawing"
        digit = self._watched[min(self._look.example, len(self._watched) - 1)]
        return f"{formatting.a_digit(digit.label)}, number {formatting.count(digit.index)}"

    def on_resize(self) -> None:
        """Say anew which filters are in sight, once they are."""
        self.call_after_refresh(self._show)

    # What keys do.

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what leads somewhere."""
        if action == "digit":
            return self._can_turn(-1 if parameters == (-1,) else 1)
        if action == "page":
            return self._grid.pages > 1
        return True

    def _can_turn(self, by: int) -> bool:
        first = -1 if self._look.drawing is not None else 0
        return first <= self._look.example + by < len(self._watched)

    def action_digit(self, by: int) -> None:
        """Go to the digit before or after."""
        if self._can_turn(by):
            self._look = replace(self._look, example=self._look.example + by)
            self._ask()

    def action_move(self, columns: int, rows: int) -> None:
        """Choose a neighboring filter."""
        index = self._look.chosen + columns + rows * self._grid.arrangement.columns
        if 0 <= index < self._grid.filters:
            self._choose(index)

    def action_page(self, by: int) -> None:
        """Turn pages of filters."""
        page = min(max(self._grid.page + by, 0), self._grid.pages - 1)
        if page != self._grid.page:
            self._choose(page * self._grid.arrangement.count)

    def action_edge(self, direction: int) -> None:
        """Choose the first or the last filter."""
        self._choose(0 if direction < 0 else self._grid.filters - 1)

    def _choose(self, index: int) -> None:
        index = min(max(index, 0), max(self._grid.filters - 1, 0))
        self._look = replace(self._look, chosen=index)
        self._grid.chosen = self._detail.chosen = index
        self._show()

    def on_filter_grid_picked(self, message: FilterGrid.Picked) -> None:
        """Follow the mouse."""
        self._choose(message.index)


def _about(layer: Layer, index: int) -> str:
    """One filter in a sentence."""
    if not map_values(layer, index).any():
        return f"Filter {index + 1} finds nothing that it answers to in this digit."
    name, likeness = most_like(filter_values(layer, index))
    if likeness < ROUGHLY:
        return f"Filter {index + 1} answers to a pattern that has no simple name."
    return f"Filter {index + 1} answers {'' if likeness >= CLOSELY else 'roughly '}to {name}."
