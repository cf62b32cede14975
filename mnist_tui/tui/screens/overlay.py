"""Screens over the dashboard, which go away once and by themselves alone."""

from typing import ClassVar, TypeVar

from rich.console import RenderableType
from rich.segment import Segment
from rich.style import Style as RichStyle
from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.css.styles import RulesMap
from textual.renderables.background_screen import BackgroundScreen
from textual.screen import ModalScreen, Screen
from textual.strip import Strip
from textual.style import Style
from textual.visual import RenderOptions, Visual

Result = TypeVar("Result")


class Dimmed(BackgroundScreen, Visual):
    """Textual's own picture of the screen below, in a third of the time.

    Textual mixes colors for each piece of text; here that is done once for each style of it.
    """

    def render_strips(
        self, width: int, height: int | None, style: Style, options: RenderOptions
    ) -> list[Strip]:
        """Render the screen below and dim it."""
        dimmed: dict[RichStyle | None, RichStyle | None] = {}
        strips = []
        for strip in self.screen._compositor.render_strips():
            pieces = []
            for text, bright, control in strip:
                if bright not in dimmed:
                    dimmed[bright] = self._dim(bright)
                pieces.append(Segment(text, dimmed[bright], control))
            strips.append(Strip(pieces, strip.cell_length))
        return strips

    def _dim(self, style: RichStyle | None) -> RichStyle | None:
        (piece,) = self.process_segments([Segment(" ", style)], self.color)
        return piece.style

    def get_optimal_width(self, rules: RulesMap, container_width: int) -> int:
        """All that there is."""
        return container_width

    def get_height(self, rules: RulesMap, width: int) -> int:
        """That of the screen below."""
        return self.screen.size.height


class Overlay(Screen[Result]):
    """A screen that is closed only while it is on top.

    On a busy machine a key or a click may reach it when it is closed already, or when another
    screen lies over it by now. Textual would close whichever is on top instead. A modal screen
    names ModalScreen first and this second, since only the first base gives it its styles.
    """

    def render(self) -> RenderableType:
        """As Screen, where the screen below shines through in less time."""
        below = super().render()
        if isinstance(below, BackgroundScreen):
            return Dimmed(below.screen, below.color)
        return below

    def dismiss(self, result: Result | None = None) -> AwaitComplete:
        """As Screen; when it is not on top, nothing."""
        if not self.is_active:
            return AwaitComplete()
        return super().dismiss(result)


class Dialog(ModalScreen[Result], Overlay[Result]):
    """A box in the middle of the screen, over what shines through; closed, it gives None."""

    DEFAULT_CSS = """
    Dialog {
        align: center middle;
        & > Vertical, & > VerticalScroll {
            max-width: 100%;
            height: auto;
            max-height: 100%;
            padding: 1 2;
            border: round $border;
            background: $surface;
            scrollbar-size-vertical: 1;
        }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss", "Close")]
