"""What the panes have in common in which the user goes through results and images."""

from dataclasses import replace
from typing import Any, ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal

from mnist_tui.run.validation import ValidationResults
from mnist_tui.tui.insight.panes.pane import InsightPane
from mnist_tui.tui.insight.selection import BrowseChoice
from mnist_tui.tui.insight.source import InsightSource
from mnist_tui.tui.insight.widgets.gallery import Gallery, Portrait
from mnist_tui.tui.insight.widgets.text_lines import ActionLine, Notes

LARGE: Final[tuple[BindingType, ...]] = (
    Binding("enter", "large(True)", "Large", tooltip="Show the chosen image large"),
    Binding("enter", "large(False)", "Hide large", tooltip="Make room for the other images"),
)
"""The key that shows the chosen image large, or hides it."""

PAGES: Final[tuple[BindingType, ...]] = (
    Binding("pagedown", "page(1)", "Next page", key_display="pgdn"),
    Binding("pageup", "page(-1)", show=False),
)

_NARROWEST: Final = 60
"""The columns that a gallery with a large image beside it takes."""


class BrowsePane(InsightPane):
    """A line that says what is in view, and sentences that explain it."""

    def __init__(self, source: InsightSource, choice: BrowseChoice) -> None:
        super().__init__(source)
        self.choice = choice
        """What the user chose; kept for the next pane of this kind."""
        self.results = ValidationResults()
        self._head, self._notes = ActionLine(), Notes()

    def remember(self) -> object:
        return self.choice

    def recall(self, memory: object) -> None:
        if isinstance(memory, type(self.choice)):
            self.choice = memory

    def show_results(self, results: ValidationResults) -> None:
        """Show the same choice of other results."""
        self.results = results
        self.show_choice()

    def choose(self, **changes: Any) -> None:
        self.choice = replace(self.choice, **changes)
        self.show_choice()

    def show_choice(self) -> None:
        """Show what is chosen of the results."""
        raise NotImplementedError


class EpochPane(BrowsePane):
    """A pane that shows one epoch at a time."""

    WHEEL = "epoch"

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only epochs that there are."""
        if action == "epoch":
            if parameters == (-1,):
                return self.choice.epoch.place(self.results) > 0
            return not self.choice.epoch.is_latest(self.results)
        return super().check_action(action, parameters)

    def action_epoch(self, by: int) -> None:
        self.choose(epoch=self.choice.epoch.moved(self.results, by))

    def action_edge(self, direction: int) -> None:
        self.action_epoch(direction * len(self.results.epochs))

    def action_latest(self) -> None:
        self.action_edge(1)


class GalleryPane(BrowsePane):
    """A pane of many images; the chosen one is shown large where there is room, or on request."""

    WHEEL = "page"
    WANTED: ClassVar[int] = 12
    """How many images should be in sight at once, before they are drawn any larger."""
    ROOMY: ClassVar[int] = _NARROWEST
    """From this width on the chosen image is shown large without being asked for."""
    LOWEST: ClassVar[int] = 12
    """In fewer lines it is not shown large at all."""
    DEFAULT_CSS = """
    GalleryPane {
        & > Horizontal { height: 1fr; }
        Notes { height: 2; }
        &.-empty > Horizontal, &.-bare Portrait { display: none; }
    }
    """

    def __init__(self, source: InsightSource, choice: BrowseChoice) -> None:
        super().__init__(source, choice)
        self._gallery, self._portrait = Gallery(wanted=self.WANTED), Portrait()

    def compose(self) -> ComposeResult:
        yield self._head
        with Horizontal():
            yield self._gallery
            yield self._portrait
        yield self._notes

    def show_chosen(self) -> None:
        """Show what depends on the chosen image, and on how many images are in sight."""
        raise NotImplementedError

    def _show_when_laid_out(self) -> None:
        """How many images are in sight is known only then; the pane may be gone by then, too."""
        self.call_after_refresh(lambda: self.show_chosen() if self.is_attached else None)

    @property
    def _has_room(self) -> bool:
        width, height = self.outer_size
        return width >= _NARROWEST and height >= self.LOWEST

    @property
    def _is_large(self) -> bool:
        is_roomy = self.outer_size.width >= self.ROOMY
        return self._has_room and (is_roomy if self.choice.large is None else self.choice.large)

    def _arrange(self) -> None:
        self.set_class(not self._is_large, "-bare")
        self._show_when_laid_out()

    def on_resize(self) -> None:
        """Show the chosen image large where there is room."""
        self._arrange()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "page":
            return self._gallery.pages > 1
        if action == "large":
            is_possible = bool(self._gallery.tiles) and self._has_room
            return is_possible and parameters == (not self._is_large,)
        return super().check_action(action, parameters)

    def action_large(self, is_large: bool) -> None:
        """Show the chosen image large, or make room for the others."""
        self.choice = replace(self.choice, large=is_large)
        self._arrange()

    def step_back(self) -> bool:
        """Hide the large image, where it would not be shown without being asked for."""
        is_opened = self._is_large and self.outer_size.width < self.ROOMY
        if is_opened:
            self.choice = replace(self.choice, large=None)
            self._arrange()
        return is_opened

    def action_move(self, columns: int, rows: int) -> None:
        self._gallery.move(columns, rows)
        self.show_chosen()

    def action_page(self, by: int) -> None:
        self._gallery.turn(by)
        self.show_chosen()

    def action_edge(self, direction: int) -> None:
        self._gallery.chosen = direction * len(self._gallery.tiles)
        self.show_chosen()

    def on_gallery_picked(self) -> None:
        self.show_chosen()
