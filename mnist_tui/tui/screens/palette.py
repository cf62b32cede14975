"""The palettes of commands and of themes."""

import os
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import platformdirs
from textual import on
from textual.actions import parse
from textual.app import App, ComposeResult, SystemCommand
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
from textual.dom import DOMNode
from textual.screen import Screen
from textual.widgets import OptionList

from mnist_tui.rules import absolute, expand_home
from mnist_tui.tui.commands import Owner, commands
from mnist_tui.tui.dashboard.arrangement import TITLES
from mnist_tui.tui.screens.overlay import Overlay
from mnist_tui.tui.widgets.pressable import Commands


class Palette(CommandPalette, Overlay[None]):
    """Textual's command palette, safe against being closed twice and against late results."""

    def compose(self) -> ComposeResult:
        """Textual's widgets, with a list that a late result doesn't slip into under the pointer."""
        for widget in super().compose():
            yield Commands() if isinstance(widget, CommandList) else widget

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
        for name, words, choose in self._themes():
            yield DiscoveryHit(words, choose, text=name)

    async def search(self, query: str) -> Hits:
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
    """An App that opens palettes of commands and of themes, and saves pictures of the screen."""

    def action_command_palette(self) -> None:
        """Show every command that can be done now."""
        if not isinstance(self.screen, Palette):
            self.push_screen(Palette(id="--command-palette"))

    def search_themes(self) -> None:
        """Show the themes, trying on the one under the cursor."""
        self.push_screen(ThemePalette())

    def command_owners(self) -> dict[Owner, DOMNode]:
        """What the commands are done by."""
        raise NotImplementedError

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Ours that can be done now, and Textual's picture of the screen."""
        owners = self.command_owners()
        for command in commands(TITLES):
            owner = owners[command.owner]
            if owner is not self and screen is not owners["dashboard"]:
                continue  # it would change what is out of sight
            if owner.check_action(*parse(command.action)[1:]):
                run = partial(self._run_command, command.action, owner)
                yield SystemCommand(command.title, command.sentence, run)
        for textuals in super().get_system_commands(screen):
            if textuals.title == "Screenshot":
                yield textuals

    def _run_command(self, action: str, owner: DOMNode) -> None:
        self.run_worker(self.run_action(action, owner))

    def deliver_screenshot(
        self, filename: str | None = None, path: str | None = None, time_format: str | None = None
    ) -> str | None:
        """Save a picture of the screen where that is possible, and say where it is."""
        folders = [Path(path)] if path else [*_downloads(), Path()]
        name = filename or time.strftime("mnist-tui-%Y%m%d-%H%M%S.svg")
        problem = "no folder for it"
        for folder in filter(Path.is_dir, folders):
            try:
                file = self.save_screenshot(name, str(folder), time_format)
            except OSError as error:
                problem = f"cannot write to {absolute(folder)}: {error.strerror}"
            else:
                home = f"{expand_home('~')}{os.sep}"
                where = f"~{os.sep}{file.removeprefix(home)}" if file.startswith(home) else file
                self.notify(f"screenshot saved as {where}")
                return file
        self.notify(f"no screenshot: {problem}", severity="error")
        return None


def _downloads() -> list[Path]:
    """The user's folder for downloads; none for a user without a home."""
    try:
        return [platformdirs.user_downloads_path()]
    except (RuntimeError, OSError, KeyError):
        return []
