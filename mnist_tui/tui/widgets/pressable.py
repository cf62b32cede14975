"""Clicks that act only on what was under the pointer when the button went down."""

from collections.abc import Hashable
from typing import Generic, TypeVar

from textual import events
from textual.command import CommandList
from textual.widgets import OptionList
from textual.widgets.option_list import Option

Thing = TypeVar("Thing", bound=Hashable)
"""What can be clicked in a widget; two are equal only when they are the same to the user."""


class Pressable(Generic[Thing]):
    """A widget of several things that can be clicked; mix it in before the widget's own class.

    What is under the pointer may change between the button's way down and up: a list grows, a
    key gives way to another. Then a click presses nothing. Subclasses say in `thing_at` what is
    where and in `press` what a click on it does; no widget of ours handles clicks otherwise.
    """

    _pressed: Thing | None = None
    """What was under the pointer when its button went down."""

    def thing_at(self, event: events.MouseEvent) -> Thing | None:
        """What is under the pointer; None for nothing."""
        raise NotImplementedError

    def press(self, thing: Thing) -> None:
        """React to a click on `thing`."""
        raise NotImplementedError

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Remember what is under the pointer."""
        self._pressed = self.thing_at(event)

    def on_click(self, event: events.Click) -> None:
        """Press what is under the pointer, if it was there when the button went down."""
        thing = self.thing_at(event)
        if thing is not None and thing == self._pressed:
            self.press(thing)
        else:
            event.prevent_default()


class _PressedOptions(Pressable[Option]):
    def thing_at(self, event: events.MouseEvent) -> Option | None:
        index = event.style.meta.get("option")
        assert isinstance(self, OptionList)
        return None if index is None else self.get_option_at_index(index)

    def press(self, thing: Option) -> None:
        """Leave it to Textual, whose own handler selects it."""


class Options(_PressedOptions, OptionList):
    """A list of options to choose from."""


class Commands(_PressedOptions, CommandList):
    """The list of a palette, whose options come as the search finds them."""
