"""The pane Inside: the filters of the first layer, and their responses to an image."""

from dataclasses import dataclass, replace
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal

from mnist_tui import formatting
from mnist_tui.run.inference import FirstLayer, InferenceRequest, InferenceResult
from mnist_tui.run.validation import ValidationResults
from mnist_tui.tui.insight.inference_client import InferenceClient
from mnist_tui.tui.insight.panes.browse import BrowsePane
from mnist_tui.tui.insight.panes.pane import ARROWS, ENDS
from mnist_tui.tui.insight.selection import BrowseChoice
from mnist_tui.tui.insight.source import InsightSource
from mnist_tui.tui.insight.widgets.class_bars import likeliest
from mnist_tui.tui.insight.widgets.filter_grid import FilterDetail, FilterGrid
from mnist_tui.tui.insight.widgets.filters import (
    CLOSELY,
    ROUGHLY,
    filter_values,
    map_values,
    nearest_pattern,
)
from mnist_tui.tui.insight.widgets.text_lines import Part

_WAITING: Final = "Waiting for the model …"
_NO_IMAGES: Final = (
    "After the first epoch is validated, there are images here. Or draw one in the pane Draw, and "
    "press enter there."
)
_NO_FILTERS: Final = (
    "No convolution of this network takes the image, so that it has no filters to show here."
)
_HOW: Final = (
    "A filter is a pattern that slides over the image and responds where ink lies under its "
    "bright weights and none under its dark ones. Training finds them.",
    "The rest of the network gets nothing but the responses. The peak is that of this response, "
    "compared with the strongest of all filters.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterSelection(BrowseChoice):
    """The image, and the filter that is shown large."""

    example: int = 0
    """The place of the tracked example; -1 is the drawing, where there is one."""
    filter: int = 0
    drawing: bytes | None = None
    """28 x 28 gray values in MNIST's form, from the pane Draw."""


class InsidePane(BrowsePane):
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
        Binding("comma", "example(-1)", "Image before", key_display=","),
        Binding("full_stop", "example(1)", "Image after", key_display="."),
        Binding("pageup", "page(-1)", "Filters before", key_display="pgup"),
        Binding("pagedown", "page(1)", "Filters after", key_display="pgdn"),
        *ARROWS,
        *ENDS,
    ]
    choice: FilterSelection

    def __init__(self, source: InsightSource) -> None:
        super().__init__(source, FilterSelection())
        self._grid, self._detail = FilterGrid(), FilterDetail()
        self._client = InferenceClient(self, source, self._show_result)
        self._result: InferenceResult | None = None
        self._problem = ""
        """Why there is no result."""

    def compose(self) -> ComposeResult:
        yield self._head
        with Horizontal():
            yield self._grid
            yield self._detail
        yield self._notes

    def on_unmount(self) -> None:
        """Ignore results that are still to come."""
        self._client.cancel()

    def show_results(self, results: ValidationResults) -> None:
        """Repeat the request, since the weights have changed."""
        self.results = results
        if self.choice.example < 0 and self.choice.drawing is None:
            self.choice = replace(self.choice, example=0)
        self._request()

    @property
    def _image(self) -> bytes | None:
        tracked = self.results.tracked
        if self.choice.example < 0 or not tracked:
            return self.choice.drawing
        return tracked[min(self.choice.example, len(tracked) - 1)].image

    def _request(self) -> None:
        if self._image is not None:
            self._client.send(InferenceRequest(images=self._image, looks_inside=True))
        self.show_choice()

    def _show_result(self, result: InferenceResult | str) -> None:
        if isinstance(result, str):
            self._problem = result
            self.show_choice()
            return
        self._result, self._problem = result, ""
        self._grid.first_layer = self._detail.first_layer = result.inside
        self._detail.image = self._image or b""
        self._choose(self.choice.filter)

    # What is shown.

    def show_choice(self) -> None:
        """Show the image, the prediction, and the chosen filter in words."""
        layer = self._grid.first_layer
        self._head.parts = self._parts()
        if layer is not None and self.has_class("-empty"):
            # How many filters are in sight is known only once they are laid out.
            self._show_when_laid_out()
        self.set_class(layer is None, "-empty")
        if self._problem:
            text, tone = self._problem, "warning"
        elif layer is not None:
            text, tone = _about(layer, self.choice.filter), "strong"
        elif self._image is not None and self._result is not None:
            text, tone = _NO_FILTERS, ""
        else:
            text, tone = (_NO_IMAGES, "") if self._image is None else (_WAITING, "muted")
        is_short = layer is not None
        self._notes.facts = ([(text, tone)],) if is_short else ()
        self._notes.paragraphs = _HOW if is_short else (text, *_HOW)
        self.refresh_bindings()

    def _show_when_laid_out(self) -> None:
        self.call_after_refresh(lambda: self.show_choice() if self.is_attached else None)

    def on_resize(self) -> None:
        """Say which filters are in sight, once they are."""
        self._show_when_laid_out()

    def _parts(self) -> tuple[Part, ...]:
        if self._image is None:
            return ()
        parts: tuple[Part, ...] = (
            ("◂ ", "accent" if self._can_turn(-1) else "rest", "example(-1)"),
            (self._image_name(), "strong", ""),
            (" ▸", "accent" if self._can_turn(1) else "rest", "example(1)"),
        )
        result = self._result
        if result is None:
            return parts
        values = result.probabilities[0]
        best = likeliest(values)
        percent = formatting.whole_percent(values[best]).strip()
        parts += ((f"  predicted as {self.source.classes[best]}, {percent}", "", ""),)
        if self._grid.pages > 1:
            shown = self._grid.in_sight
            filters = f"  filters {shown.start + 1}-{shown.stop} of {self._grid.total}"
            parts += ((filters, "", "page(1)"),)
        where = f"  {formatting.place(result.epoch, result.batch)}"
        return (*parts, (where, "muted", ""), ("  ←→↑↓ choose", "muted", ""))

    def _image_name(self) -> str:
        tracked = self.results.tracked
        if self.choice.example < 0 or not tracked:
            return "your drawing"
        example = tracked[min(self.choice.example, len(tracked) - 1)]
        index = formatting.count(example.index)
        return f"image #{index} (label {self.source.classes[example.label]})"

    # What keys do.

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "example":
            return self._can_turn(-1 if parameters == (-1,) else 1)
        if action == "page":
            return self._grid.pages > 1
        return super().check_action(action, parameters)

    def _can_turn(self, by: int) -> bool:
        first = -1 if self.choice.drawing is not None else 0
        return first <= self.choice.example + by < len(self.results.tracked)

    def action_example(self, by: int) -> None:
        """Go to the image before or after."""
        if self._can_turn(by):
            self.choice = replace(self.choice, example=self.choice.example + by)
            self._request()

    def action_move(self, columns: int, rows: int) -> None:
        index = self.choice.filter + columns + rows * self._grid.grid.columns
        if 0 <= index < self._grid.total:
            self._choose(index)

    def action_page(self, by: int) -> None:
        page = min(max(self._grid.page + by, 0), self._grid.pages - 1)
        if page != self._grid.page:
            self._choose(page * self._grid.grid.count)

    def action_edge(self, direction: int) -> None:
        self._choose(0 if direction < 0 else self._grid.total - 1)

    def _choose(self, index: int) -> None:
        index = min(max(index, 0), max(self._grid.total - 1, 0))
        self._grid.chosen = self._detail.chosen = index
        self.choose(filter=index)

    def on_filter_grid_picked(self, message: FilterGrid.Picked) -> None:
        self._choose(message.index)


def _about(layer: FirstLayer, index: int) -> str:
    """One filter in a sentence."""
    if not map_values(layer, index).any():
        return f"Filter {index + 1} responds to nothing in this image."
    name, likeness = nearest_pattern(filter_values(layer, index))
    if likeness < ROUGHLY:
        return f"Filter {index + 1} responds to a pattern that has no simple name."
    return f"Filter {index + 1} responds {'' if likeness >= CLOSELY else 'roughly '}to {name}."
