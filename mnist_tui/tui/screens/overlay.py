"""Screens over the dashboard, which go away once and by themselves alone."""

from typing import TypeVar

from rich.console import RenderableType
from textual.await_complete import AwaitComplete
from textual.renderables.background_screen import BackgroundScreen
from textual.screen import Screen

from mnist_tui.tui.screens.dimmed import Dimmed

Result = TypeVar("Result")


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
