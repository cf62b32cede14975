"""A click acts on what was under the pointer when the button went down, or on nothing."""

import importlib
import pkgutil
from collections.abc import Iterator

import pytest
from textual import events
from textual.app import App, ComposeResult
from textual.widget import Widget
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from mnist_tui import tui
from mnist_tui.tui.insight.widgets.gallery import Gallery, Tile
from mnist_tui.tui.insight.widgets.text_lines import ActionLine
from mnist_tui.tui.widgets.pressable import Options, Pressable


def widgets_of_ours() -> Iterator[type[Widget]]:
    """Every widget class of the dashboard."""
    for found in pkgutil.walk_packages(tui.__path__, f"{tui.__name__}."):
        for value in vars(importlib.import_module(found.name)).values():
            is_class = isinstance(value, type) and issubclass(value, Widget)
            if is_class and value.__module__ == found.name:
                yield value


def test_no_widget_handles_clicks_in_another_way() -> None:
    handlers = {"on_click", "_on_click"}
    ours = set(widgets_of_ours())
    assert not [each.__name__ for each in ours if handlers & set(vars(each))]
    pressable = {each for each in ours if issubclass(each, Pressable)}
    assert len(pressable) >= 11
    for each in pressable:
        assert each.thing_at is not Pressable.thing_at, each
        assert each.press is not Pressable.press, each
    lists = {each for each in ours if issubclass(each, OptionList)}
    assert lists
    assert lists <= pressable


class Board(App[None]):
    """Some widgets to click, and what the clicks did."""

    def __init__(self) -> None:
        super().__init__()
        self.did: list[object] = []

    def compose(self) -> ComposeResult:
        line = ActionLine()
        line.styles.width = 20
        yield line
        yield Options(Option("one", "one"), Option("two", "two"))
        gallery = Gallery(wanted=2)
        gallery.styles.height = 12
        yield gallery

    def action_go(self, where: str) -> None:
        self.did.append(where)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.did.append(event.option_id)

    def on_gallery_picked(self, event: Gallery.Picked) -> None:
        self.did.append(event.index)


def line(where: str) -> tuple[tuple[str, str, str], ...]:
    return (("go there", "", f"app.go('{where}')"),)


@pytest.mark.asyncio
@pytest.mark.parametrize("kind", [ActionLine, Options, Gallery])
@pytest.mark.parametrize("moves", [False, True])
async def test_a_thing_that_came_under_the_pointer_is_not_clicked(
    kind: type[Widget], moves: bool
) -> None:
    app = Board()
    async with app.run_test(size=(60, 24)) as pilot:
        actions, options = app.query_one(ActionLine), app.query_one(Options)
        gallery = app.query_one(Gallery)
        actions.parts = line("here")
        images = [bytes([value]) * 784 for value in range(3)]
        gallery.tiles = [Tile(images[0], "0"), Tile(images[1], "1")]
        await pilot.pause()
        widget = app.query_one(kind)
        at = {"offset": {Options: (3, 1)}.get(kind, (2, 0))}
        await pilot.mouse_down(widget, **at)
        if moves:
            actions.parts = line("elsewhere")
            options.clear_options()
            options.add_option(Option("two", "two"))
            gallery.tiles = [Tile(images[2], "2"), Tile(images[1], "1")]
            await pilot.pause()
            app.did.clear()
        await pilot._post_mouse_events([events.MouseUp, events.Click], widget, button=1, **at)
        await pilot.pause()
        wanted = {ActionLine: "here", Options: "one", Gallery: 0}[kind]
        assert app.did == ([] if moves else [wanted])
