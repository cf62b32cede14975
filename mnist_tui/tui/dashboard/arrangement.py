"""Which panes are in sight, and which one is in focus."""

from collections.abc import Sequence
from typing import ClassVar, Final

from textual.binding import Binding, BindingType
from textual.errors import NoWidget
from textual.events import DescendantFocus
from textual.reactive import reactive
from textual.screen import Screen
from textual.widget import Widget

from mnist_tui.tui.widgets.tab_bar import TabBar

PANES: Final = ("loss", "accuracy", "batches", "epochs", "log", "machine")
"""The panes' ids in the order of the keys 1 to 6."""

TITLES: Final = ("Loss", "Accuracy", "Batches", "Epochs", "Log", "Machine")
"""What the panes are called, in the same order."""

FEWEST_LINES: Final = 3
"""A pane shows something from here on: the table a row under its headings, a chart a curve."""


class PaneScreen(Screen[None]):
    """A screen of panes, one of which is active.

    Wide terminals show all panes at once, small ones one at a time under tabs: see app.tcss.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(str(key), f"pane({key - 1})", title, show=False)
        for key, title in enumerate(TITLES, 1)
    ]
    # Textual declares them so that neither a tuple nor a ClassVar is accepted.
    HORIZONTAL_BREAKPOINTS = [(at, f"-w{at}") for at in (0, 24, 78, 100, 140)]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(at, f"-h{at}") for at in (0, 4, 8, 12, 20, 30, 40)]  # noqa: RUF012

    active: reactive[int] = reactive(2, repaint=False)
    """The pane in sight where only one is, and the one that `f` makes full."""
    is_full: reactive[bool] = reactive(False, toggle_class="-full", repaint=False)
    """Whether the active pane fills the screen."""

    def __init__(self, panes: Sequence[Widget]) -> None:
        """`panes` are in the order of PANES, and not mounted yet."""
        super().__init__()
        self.panes: Final = panes
        """In the order of PANES."""
        self.tabs: Final = TabBar()
        """The panes' titles, where one is in sight at a time."""
        self._second = 0
        """The pane in sight beside the active one, where there is room for two."""
        # Not when they are mounted: Textual would style each of them again for every class.
        for pane, title in zip(panes, TITLES, strict=True):
            pane.add_class("pane")
            pane.border_title = title
        self.tabs.titles = TITLES
        self._show_active()

    def draw_batches(self) -> None:
        """Draw the loss of every batch for the room that there is now."""
        raise NotImplementedError

    def watch_active(self, before: int, active: int) -> None:
        """Bring the pane into sight, and keep the one before where there is room for two."""
        if before != active:
            self._second = before
        self._show_active()
        self.call_after_refresh(self.draw_batches)

    def watch_is_full(self) -> None:
        """Offer the way back while there is one, and draw for the new size."""
        self.refresh_bindings()
        self.call_after_refresh(self.draw_batches)

    def _show_active(self) -> None:
        for index, pane in enumerate(self.panes):
            pane.set_class(index == self.active, "-active")
            pane.set_class(index == self._second, "-second")

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """The pane in focus is the active one."""
        if event.widget.id in PANES:
            self.active = PANES.index(event.widget.id)

    def on_tab_bar_chosen(self, event: TabBar.Chosen) -> None:
        self.action_pane(event.index)

    def action_pane(self, index: int) -> None:
        """Bring a pane into sight and into focus; without room for it, it fills the screen."""
        self.active = index
        self.panes[index].focus()
        self.call_after_refresh(self._make_room)

    def _make_room(self) -> None:
        pane = self.panes[self.active]
        if not self.is_full and self._room_for(pane) < FEWEST_LINES:
            self.action_full()
            # What was not displayed could not take the focus.
            self.call_after_refresh(pane.focus)

    def _room_for(self, pane: Widget) -> int:
        """The lines that are there for a pane, whether or not it has been laid out yet."""
        body = self.query_one("#body").region
        if self.tabs.region.area:
            # One pane at a time, under the tabs.
            return body.bottom - self.tabs.region.bottom
        try:
            return self.find_widget(pane).visible_region.height
        except NoWidget:
            return 0

    def action_full(self) -> None:
        """Fill the screen with the active pane, or go back."""
        self.is_full = not self.is_full

    def action_leave_full(self) -> None:
        self.is_full = False

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer the way back from the full screen while there is one."""
        if action == "leave_full":
            return self.is_full
        return super().check_action(action, parameters)
