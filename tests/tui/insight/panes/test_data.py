"""Paging through the data set."""

import gc
import weakref

import numpy as np
import pytest

from mnist_tui.data.dataset import Dataset, Split
from mnist_tui.data.spec import DatasetSpec
from mnist_tui.run.classes import DIGITS
from mnist_tui.tui.insight.panes.data import DataPane, NumberedTile
from mnist_tui.tui.insight.selection import DataChoice
from mnist_tui.tui.insight.widgets.class_bars import ClassCounts
from mnist_tui.tui.insight.widgets.gallery import Gallery, Portrait
from tests.tui.app_harness import Stage
from tests.tui.insight.pane_harness import Mouse, ScriptedSource, alone


def dataset_of(
    train: int = 300, validation: int = 120, classes: tuple[str, ...] = DIGITS
) -> Dataset:
    """Images whose pixels say which ones they are; they take turns in their classes."""

    def split(size: int, first: int) -> Split:
        images = np.zeros((size, 28, 28), np.uint8)
        images[:, 14, 14] = (np.arange(size) + first) % 256
        return Split(images=images, labels=np.arange(size) % len(classes))

    return Dataset(
        DatasetSpec(name="mnist", title="MNIST", classes=classes),
        source="made",
        train=split(train, 0),
        validation=split(validation, 7),
        fingerprint="none",
    )


@pytest.fixture
def source() -> ScriptedSource:
    source = ScriptedSource(dataset=dataset_of())
    source.may_load.set()
    return source


def index_of(pane: DataPane) -> int:
    """The number of the chosen image."""
    return pane.choice.index


def in_sight(pane: DataPane) -> list[int]:
    """The numbers of the images in sight."""
    gallery = pane.query_one(Gallery)
    tiles = [gallery.tiles[place] for place in gallery.in_sight]
    return [tile.index for tile in tiles if isinstance(tile, NumberedTile)]


async def open_pane(stage: Stage) -> None:
    await stage.sees("#0 (label 0)")


async def test_it_reads_on_a_thread_and_says_so(source: ScriptedSource) -> None:
    source.may_load.clear()
    pane = DataPane(source)
    async with alone(pane) as stage:
        await stage.sees("Reading the images")
        await stage.pilot.press("right", "pagedown", "v", "k", "g", "end")
        source.may_load.set()
        await open_pane(stage)
        assert "● training" in stage.text
        assert "300 images" in stage.text
        assert in_sight(pane) == list(range(12))
        assert pane.query_one(Portrait).image == source.dataset.train.images[0].tobytes()  # type: ignore[union-attr]


async def test_why_there_are_none_is_said() -> None:
    source = ScriptedSource()
    source.may_load.set()
    async with alone(DataPane(source)) as stage:
        await stage.sees("there are no images here; name their folder with --data-dir")


@pytest.mark.slow
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
    source.dataset = dataset_of(train=20)
    pane = DataPane(source)
    async with alone(pane) as stage:
        await open_pane(stage)
        await stage.pilot.press("pagedown")
        assert in_sight(pane) == list(range(8, 20))
        assert index_of(pane) == 12
        assert pane.query_one(Gallery).chosen == 12
        await stage.pilot.press("pagedown")
        assert index_of(pane) == 19


async def test_every_image_is_seen_when_paging(source: ScriptedSource) -> None:
    source.dataset = dataset_of(train=50)
    pane = DataPane(source)
    async with alone(pane) as stage:
        await open_pane(stage)
        seen: set[int] = set()
        for _ in range(9):
            seen |= set(in_sight(pane))
            await stage.pilot.press("pagedown")
        assert seen == set(range(50))


@pytest.mark.slow
async def test_one_class_alone_by_key_and_by_mouse(source: ScriptedSource) -> None:
    pane = DataPane(source)
    async with alone(pane) as stage:
        await open_pane(stage)
        await stage.pilot.press("k", "k", "k", "k")
        assert in_sight(pane) == list(range(3, 123, 10))
        await stage.sees("30 images of class 3")
        assert "▸3" in stage.text
        assert "1 of 30" in stage.text
        await stage.pilot.press("K")
        await stage.sees("30 images of class 2")
        await stage.pilot.press("a")
        await stage.sees("300 images ")
        assert "a All" not in stage.footer
        counts = pane.query_one(ClassCounts).content_region
        await Mouse(stage).drag((counts.x + 20, counts.y + 2))
        await stage.sees("30 images of class 7")
        await Mouse(stage).drag((counts.x + 20, counts.y + 2))
        await stage.sees("300 images ")
        await Mouse(stage).drag((counts.x + 1, counts.y + 4))
        await stage.sees("30 images of class 4")


async def test_counts_have_a_line_each_where_it_is_tall(source: ScriptedSource) -> None:
    pane = DataPane(source)
    async with alone(pane, (140, 42)) as stage:
        await open_pane(stage)
        counts = pane.query_one(ClassCounts).content_region
        assert counts.height == 10
        await Mouse(stage).drag((counts.x + 1, counts.y + 8))
        await stage.sees("30 images of class 8")


async def test_the_other_split(source: ScriptedSource) -> None:
    pane = DataPane(source)
    async with alone(pane) as stage:
        await open_pane(stage)
        await stage.pilot.press("pagedown", "v")
        await stage.sees("● validation")
        assert "120 images" in stage.text
        assert index_of(pane) == 0
        assert pane.query_one(Portrait).image == source.dataset.validation.images[0].tobytes()  # type: ignore[union-attr]
        at = stage.text.splitlines()[0].index("training")
        await Mouse(stage).drag((at, 0))
        await stage.sees("● training")


@pytest.mark.slow
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
        x, y = pane.query_one(Gallery).content_region.offset
        await Mouse(stage).send(65, x + 4, y + 4)
        assert in_sight(pane) == list(range(12, 24))
        grid = pane.query_one(Gallery).grid
        await Mouse(stage).drag((x + 2 * (grid.side + 1), y + grid.height))
        await stage.until(lambda: index_of(pane) == 12 + 4 + 2, "the seventh digit")
        await Mouse(stage).send(64, x + 4, y + 4)
        assert in_sight(pane) == list(range(12))


@pytest.mark.slow
async def test_another_size_keeps_the_chosen_image_in_sight(source: ScriptedSource) -> None:
    pane = DataPane(source)
    async with alone(pane) as stage:
        await open_pane(stage)
        await stage.pilot.press("g", *"200", "enter")
        for size in ((140, 42), (60, 12), (40, 10), (80, 22)):
            await stage.pilot.resize_terminal(*size)
            await stage.until(lambda: 200 in in_sight(pane), "the digit")
            assert index_of(pane) == 200


async def test_what_was_chosen_is_there_when_one_comes_back(source: ScriptedSource) -> None:
    pane = DataPane(source)
    async with alone(pane) as stage:
        await open_pane(stage)
        await stage.pilot.press("v", "k", "k", "right")
        memory = pane.remember()
        assert memory == DataChoice(split="validation", label=1, index=11)
        await pane.remove()
        again = DataPane(source)
        again.memory = memory
        await stage.app.mount(again)
        await stage.sees("#11 (label 1)")


@pytest.mark.slow
async def test_the_dataset_is_released_when_the_pane_is_left(source: ScriptedSource) -> None:
    pane = DataPane(source)
    async with alone(pane) as stage:
        await open_pane(stage)
        held = weakref.ref(source.dataset)
        source.dataset = None
        await pane.remove()
        gc.collect()
        assert held() is None


@pytest.mark.slow
async def test_a_dataset_that_comes_after_it_was_left_is_not_kept(source: ScriptedSource) -> None:
    source.may_load.clear()
    pane = DataPane(source)
    async with alone(pane) as stage:
        await stage.sees("Reading the images")
        [worker] = [worker for worker in stage.app.workers if worker.group == "dataset"]
        held = weakref.ref(source.dataset)
        await pane.remove()
        source.may_load.set()
        await stage.until(lambda: worker.is_finished, "the end of the worker")
        source.dataset = None
        await stage.until(lambda: gc.collect() is not None and held() is None, "their end")


@pytest.mark.parametrize("count", [3, 47])
async def test_other_classes_are_counted_and_chosen_by_name(count: int) -> None:
    names = tuple(f"C{label}" for label in range(count))
    source = ScriptedSource(dataset=dataset_of(classes=names), classes=names)
    source.may_load.set()
    async with alone(DataPane(source)) as stage:
        await stage.sees("#0 (label C0)")
        await stage.pilot.press("K")
        await stage.sees(f"images of class C{count - 1}")
        assert f"▸C{count - 1}" in stage.text
        await stage.pilot.press("K")
        await stage.sees(f"images of class C{count - 2}")
