"""The palettes of commands and of themes."""

from collections.abc import Callable
from functools import partial

from textual import on
from textual.app import App
from textual.await_complete import AwaitComplete
from textual.command import (
    Command,
    CommandList,
    CommandPalette,
    DiscoveryHit,
    Hit,
    Hits,
    Provider,
)
from textual.widgets import OptionList

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


class Themes(Provider):
    """The themes by name, the current one first and marked."""

    def _themes(self) -> list[tuple[str, str, Callable[[], None]]]:
        """Name, words and command of each."""
        app = self.app
        names = sorted(app.available_themes, key=lambda name: (name != app.theme, name))
        return [
            (
                name,
                f"{name} (current)" if name == app.theme else name,
                partial(setattr, app, "theme", name),
            )
            for name in names
        ]

    async def discover(self) -> Hits:
        """All of them."""
        for name, words, choose in self._themes():
            yield DiscoveryHit(words, choose, text=name)

    async def search(self, query: str) -> Hits:
        """Those whose names match."""
        matcher = self.matcher(query)
        for name, words, choose in self._themes():
            if (score := matcher.match(name)) > 0:
                yield Hit(score, matcher.highlight(words), choose, text=name)


class ThemePalette(Palette):
    """The themes; the one under the cursor is tried on, and taken off unless it is chosen."""

    def __init__(self) -> None:
        super().__init__(providers=[Themes], placeholder="Search for themes…")

    def on_mount(self) -> None:
        """Remember the theme to go back to."""
        self._before = self.app.theme

    @on(OptionList.OptionHighlighted)
    def _try_on(self, event: OptionList.OptionHighlighted) -> None:
        if isinstance(event.option, Command) and event.option.hit.text in self.app.available_themes:
            self.app.theme = str(event.option.hit.text)

    def dismiss(self, result: None = None) -> AwaitComplete:
        """Close; what was chosen is set after this."""
        if self.is_active:
            self.app.theme = self._before
        return super().dismiss(result)


class Palettes(App[None]):
    """An App that opens palettes of ours."""

    def action_command_palette(self) -> None:
        """Show every command that can be done now."""
        if not isinstance(self.screen, Palette):
            self.push_screen(Palette(id="--command-palette"))

    def search_themes(self) -> None:
        """Show the themes, each as it looks."""
        self.push_screen(ThemePalette())
