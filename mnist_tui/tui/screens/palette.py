"""The palettes of commands and of themes, and every command with a sentence."""

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Final

import platformdirs
from textual import on
from textual.actions import parse
from textual.app import App, ComposeResult, SystemCommand
from textual.await_complete import AwaitComplete
from textual.command import Command, CommandList, CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.dom import DOMNode
from textual.screen import Screen
from textual.widgets import OptionList

from mnist_tui.rules import absolute, expand_home
from mnist_tui.tui.dashboard.arrangement import TITLES
from mnist_tui.tui.dashboard.screen import Dashboard
from mnist_tui.tui.screens.overlay import Overlay
from mnist_tui.tui.widgets.pressable import Commands

_RUN: Final = (
    ("Start", "Start the run with the settings shown.", "begin('start')"),
    ("Pause", "Wait at the next batch, using no CPU and no GPU.", "ask('pause')"),
    ("Resume", "Continue the paused run.", "ask('resume')"),
    (
        "Resume",
        "Train on from the last checkpoint, exactly where the run stopped.",
        "begin('continue')",
    ),
    (
        "Train for longer",
        "Train the run that has ended for as many epochs as you say.",
        "begin('longer')",
    ),
    ("Save", "Save a checkpoint of the next batch, to keep.", "ask('save')"),
    ("Stop", "End the run at the next batch, saving first.", "ask('stop')"),
    ("New run", "Start a new run with the same settings.", "begin('new')"),
    ("Settings", "Change the next run's settings, or what can change while training.", "settings"),
    ("Halve the learning rate", "Take smaller steps from the next batch on.", "scale_lr(0.5)"),
    ("Double the learning rate", "Take larger steps from the next batch on.", "scale_lr(2.0)"),
)
_INSIGHT: Final = (
    ("Confusion", "How often each class is predicted as each other one, with figures per class."),
    ("Mistakes", "The images that are predicted wrong, and the least certain of the others."),
    ("Learning", "Twenty images, and what they are predicted as after each epoch."),
    ("Inside", "The filters of the first layer, and what they make of an image."),
    ("Draw", "Draw a character and see what the model predicts."),
    ("Data", "Page through the images that it is trained and validated on."),
)
_SHOW: Final = (
    (
        "Read an image file",
        "Show step by step what the model gets of a photograph, and predicts.",
        "open_image",
    ),
    ("Full screen", "Fill the screen with the pane in focus, or go back.", "dashboard.full"),
    ("Logarithmic axis", "Spread small losses out, or go back.", "dashboard.chart('toggle_log')"),
    ("Smoothing", "Go on to the next moving average over the curves.", "dashboard.smooth"),
    ("x axis", "Count epochs, batches or time from left to right.", "dashboard.axis"),
    ("Read values", "Move a cursor along the chart.", "dashboard.chart('toggle_cursor')"),
    ("Show all", "Zoom out to the whole run.", "dashboard.chart('reset')"),
    (
        "Previous run",
        "Show or hide the newest finished run of the same data and network.",
        "dashboard.previous",
    ),
    ("Filter the log", "Show info and above, warnings, errors, or every detail.", "log.filter"),
    ("Copy the log", "Put the lines of the log on the clipboard.", "log.copy"),
    ("Copy the epoch", "Put the marked row of the table on the clipboard.", "epochs.copy"),
    ("Runs", "Find, open, compare, tag and delete the runs in the folder.", "runs"),
    (
        "Export",
        "Write the run's curves or network: CSV, TensorBoard, PNG, SVG, ONNX, safetensors.",
        "export",
    ),
    ("Theme", "Choose the colors; they are remembered.", "change_theme"),
    ("Help", "Explain the keys, the panes and the words.", "help"),
    (
        "Leave it running",
        "Let the run go on without a terminal, and quit; mnist-tui attach shows it again.",
        "leave_running",
    ),
    ("Doctor", "Examine this machine: GPU, memory, terminal, data and folders.", "doctor"),
    ("Quit", "Quit (asks first while training).", "quit"),
)


def _commands() -> Iterator[tuple[str, str, str]]:
    """All there are, the run's first: title, sentence and Textual action.

    An action is the app's, or of the node whose name is before it.
    """
    yield from _RUN
    for index, title in enumerate(TITLES):
        sentence = f"Bring the pane {title} into sight and into focus."
        yield f"Pane: {title}", sentence, f"dashboard.pane({index})"
    for title, sentence in _INSIGHT:
        yield f"Insight: {title}", sentence, f"insight('{title}')"
    yield from _SHOW


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

    dashboard: Dashboard
    """The screen under all others."""

    def action_command_palette(self) -> None:
        """Show every command that can be done now."""
        if not isinstance(self.screen, Palette):
            self.push_screen(Palette(id="--command-palette"))

    def search_themes(self) -> None:
        """Show the themes, trying on the one under the cursor."""
        self.push_screen(ThemePalette())

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Ours that can be done now, and Textual's picture of the screen."""
        dashboard = self.dashboard
        table = dashboard.query_one("#epochs")
        owners: dict[str, DOMNode] = {
            "dashboard": dashboard,
            "log": dashboard.log_pane,
            "epochs": table,
        }
        for title, sentence, action in _commands():
            owner, name, parameters = parse(action)
            if owner and screen is not dashboard:
                continue  # it would change what is out of sight
            if owners.get(owner, self).check_action(name, parameters):
                yield SystemCommand(title, sentence, partial(self._run_command, action, owners))
        for textuals in super().get_system_commands(screen):
            if textuals.title == "Screenshot":
                yield textuals

    def _run_command(self, action: str, owners: Mapping[str, DOMNode]) -> None:
        self.run_worker(self.run_action(action, namespaces=owners))

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
