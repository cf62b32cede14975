"""Screens over the dashboard, which go away once and by themselves alone."""

from typing import TypeVar

from textual.await_complete import AwaitComplete
from textual.screen import Screen

Result = TypeVar("Result")


class Overlay(Screen[Result]):
    """A screen that is closed only while it is on top.

    On a busy machine a key or a click may reach it when it is closed already, or when another
    screen lies over it by now. Textual would close whichever is on top instead. A modal screen
    names ModalScreen first and this second, since only the first base gives it its styles.
    """

    def dismiss(self, result: Result | None = None) -> AwaitComplete:
        """As Screen; when it is not on top, nothing."""
        if not self.is_active:
            return AwaitComplete()
        return super().dismiss(result)
