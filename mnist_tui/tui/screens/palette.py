"""The command palette."""

from textual.command import CommandList, CommandPalette

from mnist_tui.tui.screens.overlay import Overlay


class Palette(CommandPalette, Overlay[None]):
    """Textual's, which survives to be closed twice, and that its search ends after that.

    By then its list is gone, and Textual looks for it to show what was found.
    """

    def _watch__list_visible(self) -> None:
        if self.query(CommandList):
            super()._watch__list_visible()

    async def _watch__show_busy(self) -> None:
        if self.query(CommandList):
            await super()._watch__show_busy()
