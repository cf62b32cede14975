"""Paging through the data set."""

import gc
import weakref

import numpy as np
import pytest

from mnist_tui.data.dataset import Dataset, Split
from mnist_tui.tui.insight.pages import ClassView, Selection
from mnist_tui.tui.insight.panes.data import DataPane
from tests.tui.app_harness import Stage
from tests.tui.insight.pane_harness import Mouse, ScriptedSource, alone


def digits_of(train: int = 300, validation: int = 120) -> Dataset:
    """Digits whose pixels say which ones they are; the class of number i is i mod 10."""

    def split(size: int, first: int) -> Split:
        images = np.zeros((size, 28, 28), np.uint8)
        images[:, 14, 14] = (np.arange(size) + first) % 256
        return Split(images=images, labels=np.arange(size) % 10)

    return Dataset(
        name="mnist",
        source="made",
        train=split(train, 0),
        validation=split(validation, 7),
        fingerprint="none",
    )


@pytest.fixture
def source() -> ScriptedSource:
    source = ScriptedSource(digits=digits_of())
    source.may_load.set()
    return source


def index_of(pane: DataPane) -> int:
    """The number of the chosen digit."""
    return pane._selection.index


def in_sight(pane: DataPane) -> list[int]:
    """The numbers of the digits in sight."""
    return [tile.index for tile in pane._gallery.tiles]  # type: ignore[attr-defined]


async def open_pane(stage: Stage) -> None:
    await stage.sees("number 0: a 0")


async def test_it_reads_on_a_thread_and_says_so(source: ScriptedSource) -> None:
    source.may_load.clear()
    pane = DataPane(source)
    async with alone(pane) as stage:
        await stage.sees("Reading the digits")
        await stage.pilot.press("right", "pagedown", "v", "k", "g", "end")
        source.may_load.set()
        await open_pane(stage)
        assert "● training" in stage.text
        assert "300 digits" in stage.text
        assert in_sight(pane) == list(range(12))
        assert pane._portrait.image == source.digits.train.images[0].tobytes()  # type: ignore[union-attr]


async def test_why_there_are_none_is_said() -> None:
    source = ScriptedSource()
    source.may_load.set()
    async with alone(DataPane(source)) as stage:
        await stage.sees("there are no digits here; name their folder with --data-dir")


async def test_keys_turn_pages_and_choose(source: ScriptedSource) -> None:
    pane = DataPane(source)
    async with alone(pane) as stage:
        await open_pane(stage)
        press = stage.pilot.press
        await press("pagedown")
        assert in_sight(pane) == list(range(12, 24))
        await press("right", "down")
        assert index_of(pane) == 12 + 1 + 4
        await press("down", *["right"] * 3)
        assert index_of(pane) == 24
        assert in_sight(pane) == list(range(24, 36))
        await press("left")
        assert index_of(pane) == 23
        assert in_sight(pane) == list(range(12, 24))
        await press("up", "pageup", "pageup", "pageup")
        assert index_of(pane) == 0
        await press("end")
        assert index_of(pane) == 299
        assert in_sight(pane) == list(range(288, 300))
        await press("right", "pagedown", "down")
        assert index_of(pane) == 299
        await press("home", "left", "up")
        assert index_of(pane) == 0


async def test_the_last_page_is_full(source: ScriptedSource) -> None:
    source.digits = digits_of(train=20)
    pane = DataPane(source)
    async with alone(pane) as stage:
        await open_pane(stage)
        await stage.pilot.press("pagedown")
        assert in_sight(pane) == list(range(8, 20))
        assert index_of(pane) == 12
        assert pane._gallery.chosen == 4
        await stage.pilot.press("pagedown")
        assert index_of(pane) == 19


async def test_every_digit_is_seen_when_paging(source: ScriptedSource) -> None:
    source.digits = digits_of(train=50)
    pane = DataPane(source)
    async with alone(pane) as stage:
        await open_pane(stage)
        seen: set[int] = set()
        for _ in range(9):
            seen |= set(in_sight(pane))
            await stage.pilot.press("pagedown")
        assert seen == set(range(50))


async def test_one_class_alone_by_key_and_by_mouse(source: ScriptedSource) -> None:
    pane = DataPane(source)
    async with alone(pane) as stage:
        await open_pane(stage)
        await stage.pilot.press("k", "k", "k", "k")
        assert in_sight(pane) == list(range(3, 123, 10))
        await stage.sees("30 digits of class 3")
        assert "▸3" in stage.text
        assert "1 of 30" in stage.text
        await stage.pilot.press("K")
        await stage.sees("30 digits of class 2")
        await stage.pilot.press("a")
        await stage.sees("300 digits ")
        assert "a All" not in stage.footer
        counts = pane._counts.content_region
        await Mouse(stage).drag((counts.x + 20, counts.y + 2))
        await stage.sees("30 digits of class 7")
        await Mouse(stage).drag((counts.x + 20, counts.y + 2))
        await stage.sees("300 digits ")
        await Mouse(stage).drag((counts.x + 1, counts.y + 4))
        await stage.sees("30 digits of class 4")


async def test_counts_have_a_line_each_where_it_is_tall(source: ScriptedSource) -> None:
    pane = DataPane(source)
    async with alone(pane, (140, 42)) as stage:
        await open_pane(stage)
        counts = pane._counts.content_region
        assert counts.height == 10
        await Mouse(stage).drag((counts.x + 1, counts.y + 8))
        await stage.sees("30 digits of class 8")


async def test_the_other_split(source: ScriptedSource) -> None:
    pane = DataPane(source)
    async with alone(pane) as stage:
        await open_pane(stage)
        await stage.pilot.press("pagedown", "v")
        await stage.sees("● validation")
        assert "120 digits" in stage.text
        assert index_of(pane) == 0
        assert pane._portrait.image == source.digits.validation.images[0].tobytes()  # type: ignore[union-attr]
        at = stage.text.splitlines()[0].index("training")
        await Mouse(stage).drag((at, 0))
        await stage.sees("● training")


async def test_go_to_a_number(source: ScriptedSource) -> None:
    pane = DataPane(source)
    async with alone(pane) as stage:
        await open_pane(stage)
        await stage.pilot.press("g", *"123", "enter")
        assert index_of(pane) == 123
        assert 123 in in_sight(pane)
        await stage.pilot.press("k", "g", *"47", "enter")
        assert index_of(pane) == 50  # the next one of that class
        await stage.pilot.press("a", "g", *"99999", "enter")
        assert index_of(pane) == 299
        await stage.pilot.press("g", "1", "escape")
        assert index_of(pane) == 299
        await stage.pilot.press("g", "enter", "left")
        assert index_of(pane) == 298


async def test_the_wheel_and_a_click(source: ScriptedSource) -> None:
    pane = DataPane(source)
    async with alone(pane) as stage:
        await open_pane(stage)
        x, y = pane._gallery.content_region.offset
        await Mouse(stage).send(65, x + 4, y + 4)
        assert in_sight(pane) == list(range(12, 24))
        grid = pane._gallery.grid
        await Mouse(stage).drag((x + 2 * (grid.side + 1), y + grid.height))
        await stage.until(lambda: index_of(pane) == 12 + 4 + 2, "the seventh digit")
        await Mouse(stage).send(64, x + 4, y + 4)
        assert in_sight(pane) == list(range(12))


async def test_another_size_keeps_the_chosen_digit_in_sight(source: ScriptedSource) -> None:
    pane = DataPane(source)
    async with alone(pane) as stage:
        await open_pane(stage)
        await stage.pilot.press("g", *"200", "enter")
        for size in ((140, 42), (60, 12), (40, 10), (80, 22)):
            await stage.pilot.resize_terminal(*size)
            await stage.until(lambda: 200 in in_sight(pane), "the digit")
            assert pane._gallery.tiles[pane._gallery.chosen].index == 200  # type: ignore[attr-defined]


async def test_what_was_chosen_is_there_when_one_comes_back(source: ScriptedSource) -> None:
    pane = DataPane(source)
    async with alone(pane) as stage:
        await open_pane(stage)
        await stage.pilot.press("v", "k", "k", "right")
        memory = pane.remember()
        assert memory == Selection("validation", 1, 11)
        await pane.remove()
        again = DataPane(source)
        again.memory = memory
        await stage.app.mount(again)
        await stage.sees("number 11: a 1")


async def test_the_digits_are_let_go_when_the_pane_is_left(source: ScriptedSource) -> None:
    pane = DataPane(source)
    async with alone(pane) as stage:
        await open_pane(stage)
        held = weakref.ref(source.digits)
        source.digits = None
        await pane.remove()
        gc.collect()
        assert held() is None


async def test_digits_that_come_after_it_was_left_are_not_kept(source: ScriptedSource) -> None:
    source.may_load.clear()
    pane = DataPane(source)
    async with alone(pane) as stage:
        await stage.sees("Reading the digits")
        [worker] = [worker for worker in stage.app.workers if worker.group == "digits"]
        held = weakref.ref(source.digits)
        await pane.remove()
        source.may_load.set()
        await stage.until(lambda: worker.is_finished, "the end of the worker")
        source.digits = None
        await stage.until(lambda: gc.collect() is not None and held() is None, "their end")


def test_a_number_that_is_not_on_the_shelf_leads_to_the_next_that_is() -> None:
    digits = digits_of(train=40)
    shelf = ClassView.of(digits, Selection(label=4))
    assert list(shelf.places) == [4, 14, 24, 34]
    assert [shelf.nearest(index) for index in (0, 4, 5, 34, 35, 10**9)] == [0, 0, 1, 3, 3, 3]
    assert shelf.counts == (4,) * 10


def test_a_class_without_digits_is_no_trouble() -> None:
    split = Split(images=np.zeros((3, 28, 28), np.uint8), labels=np.array([1, 1, 2]))
    assert ClassView(split, 9).nearest(2) == 0
    assert ClassView(split).counts == (0, 2, 1, 0, 0, 0, 0, 0, 0, 0)
