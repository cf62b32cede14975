"""Keys that arrive in one burst, as they do over a slow line."""

import asyncio
from collections.abc import Callable
from typing import ClassVar

import pytest
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.pilot import Pilot
from textual.screen import ModalScreen
from textual.widgets import Input

from mnist_tui.tui.terminal.key_queue import KeyQueue
from tests.tui.app_harness import LIMIT_S


class Form(ModalScreen[str]):
    """Two fields, and keys that go from one to the other and away."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "app.focus_next"),
        Binding("escape", "leave"),
    ]

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Input(id="first")
            yield Input(id="second")

    def action_leave(self) -> None:
        self.dismiss(self.query_one("#first", Input).value)


class Program(KeyQueue):
    """Counts what is typed when there is no form."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("plus", "more"), Binding("f", "form")]

    def __init__(self) -> None:
        super().__init__()
        self.more = 0
        self.left: list[str | None] = []

    def action_more(self) -> None:
        self.more += 1

    def action_form(self) -> None:
        self.push_screen(Form(), self.left.append)


def type_at_once(app: Program, *keys: str) -> None:
    """Let all keys arrive before the first is answered."""
    for key in keys:
        app.post_message(events.Key(key, key if len(key) == 1 else None))


async def until(pilot: Pilot[None], is_so: Callable[[], bool]) -> None:
    """Wait until every key has come through; fails when that does not come."""
    async with asyncio.timeout(LIMIT_S):
        while not is_so():
            await pilot.pause(0.01)
    await pilot.pause()


def fields_of(app: Program) -> list[str]:
    """What has been typed into the form."""
    return [field.value for field in app.screen.query(Input)]


@pytest.mark.parametrize(
    ("keys", "first", "second"),
    [
        (("b", "a", "backspace", "c"), "bc", ""),
        (("5", "ctrl+a", "ctrl+k", "2", "5", "0"), "250", ""),
        (("1", "down", "2"), "1", "2"),
        (("1", "2", "home", "3", "down", "4", "backspace", "5"), "312", "5"),
    ],
)
async def test_a_burst_of_keys_is_what_was_typed(
    keys: tuple[str, ...], first: str, second: str
) -> None:
    app = Program()
    async with app.run_test() as pilot:
        await pilot.press("f")
        await pilot.pause()
        type_at_once(app, *keys)
        await until(pilot, lambda: fields_of(app) == [first, second])
        assert fields_of(app) == [first, second], "and nothing after it"


async def test_keys_after_the_one_that_leaves_a_form_go_to_what_is_under_it() -> None:
    app = Program()
    async with app.run_test() as pilot:
        await pilot.press("f")
        await pilot.pause()
        type_at_once(app, "7", "escape", "plus", "plus")
        await until(pilot, lambda: app.more == 2)
        assert app.left == ["7"]


async def test_a_click_waits_for_the_keys_before_it() -> None:
    app = Program()
    async with app.run_test() as pilot:
        await pilot.press("f")
        await pilot.pause()
        second = app.screen.query_one("#second").region
        type_at_once(app, "1", "2", "backspace")
        for kind in (events.MouseDown, events.MouseUp):
            place = (second.x + 2, second.y + 1)
            app.post_message(kind(None, *place, 0, 0, 1, False, False, False))
        type_at_once(app, "3")
        await until(pilot, lambda: fields_of(app) == ["1", "3"])


async def test_a_paste_waits_for_the_keys_before_it_and_keys_for_the_paste() -> None:
    app = Program()
    async with app.run_test() as pilot:
        type_at_once(app, "f")
        app.post_message(events.Paste("250"))
        type_at_once(app, "backspace", "down", "7")
        await until(pilot, lambda: fields_of(app) == ["25", "7"])
