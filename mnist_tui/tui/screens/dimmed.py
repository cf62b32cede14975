"""The screen below an overlay, as it shines through."""

from rich.segment import Segment
from rich.style import Style as RichStyle
from textual.css.styles import RulesMap
from textual.renderables.background_screen import BackgroundScreen
from textual.strip import Strip
from textual.style import Style
from textual.visual import RenderOptions, Visual


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
