"""The palettes of commands and of themes."""

from textual.app import App
from textual.command import CommandList, CommandPalette
from textual.theme import ThemeProvider

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


class Palettes(App[None]):
    """An App that opens palettes of ours."""

    def action_command_palette(self) -> None:
        """Show every command that can be done now."""
        if not isinstance(self.screen, Palette):
            self.push_screen(Palette(id="--command-palette"))

    def search_themes(self) -> None:
        """Show the themes, each as it looks."""
        self.push_screen(Palette(providers=[ThemeProvider], placeholder="Search for themes…"))
