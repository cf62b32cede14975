"""The first layer's filters, and their responses."""

import numpy as np
import pytest

from mnist_tui.errors import MnistTuiError
from mnist_tui.run.inference import FirstLayer
from mnist_tui.run.validation import TrackedExample, ValidationResults
from mnist_tui.tui.insight.panes.inside import FilterSelection, InsidePane
from mnist_tui.tui.insight.widgets.filter_grid import FilterDetail, FilterGrid, Layout
from mnist_tui.tui.insight.widgets.filters import (
    CLOSELY,
    PATTERNS,
    filter_image,
    filter_values,
    map_image,
    nearest_pattern,
)
from mnist_tui.tui.insight.widgets.text_lines import ActionLine
from tests.tui.app_harness import Stage
from tests.tui.insight.pane_harness import Mouse, ScriptedSource, alone

DIGITS = tuple(
    TrackedExample(index=100 + place, label=place // 2, image=bytes([10 * place + 10] * 784))
    for place in range(20)
)


def layer_of(filters: int = 32, side: int = 3, map_side: int = 26, seed: int = 0) -> FirstLayer:
    """A layer with known weights: in filter 5 an upright stroke; filter 6 responds to nothing."""
    draw = np.random.default_rng(seed)
    weights = draw.integers(0, 256, (filters, side, side), dtype=np.uint8)
    maps = draw.integers(0, 256, (filters, map_side, map_side), dtype=np.uint8)
    weights[4] = 20
    weights[4][:, 1:-1] = 255
    maps[5] = 0
    return FirstLayer(
        filters=weights.tobytes(),
        filter_shape=weights.shape,
        maps=maps.tobytes(),
        map_shape=maps.shape,
    )


RESULTS = ValidationResults(tracked=DIGITS)


def grid_of(pane: InsidePane) -> FilterGrid:
    return pane.query_one(FilterGrid)


def detail_of(pane: InsidePane) -> FilterDetail:
    return pane.query_one(FilterDetail)


SHAPES = {"tutorial": (32, 3, 26), "fast": (16, 6, 12)}


async def answer(
    source: ScriptedSource, stage: Stage, shape: tuple[int, int, int] = (32, 3, 26)
) -> None:
    """Answer requests until there are none."""
    await stage.until(lambda: source.open, "a request")
    while source.open:
        source.answer(3, inside=layer_of(*shape))
        await stage.pilot.pause()
    await stage.sees("filter 1")


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
async def test_every_filter_can_be_seen_in_pages(shape: tuple[int, int, int]) -> None:
    source = ScriptedSource(results=RESULTS)
    pane = InsidePane(source)
    async with alone(pane) as stage:
        await answer(source, stage, shape)
        assert source.request.looks_inside
        assert source.request.images == DIGITS[0].image
        seen: set[int] = set()
        for page in range(grid_of(pane).pages):
            count = grid_of(pane).grid.count
            first, last = page * count, min((page + 1) * count, shape[0])
            assert f"filters {first + 1}-{last} of {shape[0]}" in stage.text
            seen |= set(range(first, last))
            await stage.pilot.press("pagedown")
        assert seen == set(range(shape[0]))
        await stage.pilot.press("pagedown")  # there is no page more
        assert grid_of(pane).page == grid_of(pane).pages - 1
        await stage.pilot.press("pageup", "home")
        assert grid_of(pane).page == 0


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
async def test_in_a_large_terminal_all_filters_are_in_sight(shape: tuple[int, int, int]) -> None:
    source = ScriptedSource(results=RESULTS)
    pane = InsidePane(source)
    async with alone(pane, (140, 43)) as stage:
        await answer(source, stage, shape)
        assert grid_of(pane).pages == 1
        assert "Filters after" not in stage.footer
        assert all(f"{number} " in stage.text for number in range(1, shape[0] + 1))
        for word in ("weakens", "ignores", "strengthens"):
            assert word in stage.text


@pytest.mark.slow
async def test_arrows_and_the_mouse_choose_a_filter_and_it_is_explained() -> None:
    source = ScriptedSource(results=RESULTS)
    pane = InsidePane(source)
    async with alone(pane) as stage:
        await answer(source, stage)
        columns = grid_of(pane).grid.columns
        await stage.pilot.press("right", "right", "down")
        assert detail_of(pane).chosen == 2 + columns
        await stage.pilot.press("up", "left", "left", "left", "up")
        assert detail_of(pane).chosen == 0
        await stage.pilot.press("end")
        assert detail_of(pane).chosen == 31
        await stage.pilot.press("home", "right", "right", "right", "right")
        await stage.sees("Filter 5 responds to upright strokes.")
        assert "▸5" in stage.text
        await stage.pilot.press("right")
        await stage.sees("Filter 6 responds to nothing in this image.")
        x, y = grid_of(pane).region.offset
        await Mouse(stage).drag((x + 2 * grid_of(pane).grid.width, y + 1))
        await stage.until(lambda: detail_of(pane).chosen == 2, "the third filter")
        await Mouse(stage).send(65, x + 3, y + 3)
        assert grid_of(pane).page == 1
        await Mouse(stage).send(64, x + 3, y + 3)
        assert grid_of(pane).page == 0


async def test_the_tracked_images_are_turned_through_and_the_model_gets_each() -> None:
    source = ScriptedSource(results=RESULTS)
    pane = InsidePane(source)
    async with alone(pane) as stage:
        await answer(source, stage)
        await stage.sees("image #100 (label 0)")
        assert "Image before" not in stage.footer
        await stage.pilot.press("full_stop", "full_stop", "full_stop")
        await answer(source, stage)
        assert source.request.images == DIGITS[3].image
        await stage.sees("image #103 (label 1)")
        assert detail_of(pane).image == DIGITS[3].image
        await stage.pilot.press("comma")
        await stage.sees("image #102 (label 1)")
        x, y = pane.query_one(ActionLine).region.offset
        await Mouse(stage).drag((x, y))  # the arrow at the left
        await stage.sees("image #101 (label 0)")


async def test_the_drawing_comes_before_the_tracked_images() -> None:
    drawing = bytes([200] * 784)
    source = ScriptedSource(results=RESULTS)
    pane = InsidePane(source)
    pane.memory = FilterSelection(example=-1, drawing=drawing)
    async with alone(pane) as stage:
        await answer(source, stage)
        assert source.sent[0][0].images == drawing
        assert "your drawing" in stage.text
        await stage.pilot.press("full_stop")
        await answer(source, stage)
        assert source.request.images == DIGITS[0].image
        assert pane.remember() == FilterSelection(example=0, drawing=drawing)


async def test_without_images_it_says_how_to_get_some() -> None:
    source = ScriptedSource()
    pane = InsidePane(source)
    async with alone(pane) as stage:
        await stage.sees("After the first epoch is validated")
        assert not source.sent
        source.results = RESULTS
        pane.show_results(source.results)
        await answer(source, stage)
        await stage.sees("image #100 (label 0)")


async def test_why_there_is_no_result_is_said() -> None:
    source = ScriptedSource(results=RESULTS)
    async with alone(InsidePane(source)) as stage:
        await stage.until(lambda: source.open, "a request")
        source.refuse(MnistTuiError("there is no model yet; start a run"))
        await stage.sees("there is no model yet; start a run")


async def test_leaving_cancels_the_request() -> None:
    source = ScriptedSource(results=RESULTS)
    pane = InsidePane(source)
    async with alone(pane) as stage:
        await stage.until(lambda: source.open, "a request")
        await pane.remove()
        assert not source.open


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("size", [(2, 2), (20, 8), (47, 18), (108, 38), (300, 100)])
def test_what_is_in_sight_fits(shape: tuple[int, int, int], size: tuple[int, int]) -> None:
    layout = Layout.fitting(*size, shape[0], shape[2])
    assert layout.columns >= 1
    assert layout.rows >= 1
    if size > (10, 10):
        assert layout.columns * layout.width - 1 <= size[0]
        assert layout.rows * layout.height - 1 <= size[1] or layout.rows == 1
    assert layout.side <= shape[2]


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_pictures_show_the_weights_and_the_responses(shape: tuple[int, int, int]) -> None:
    layer = layer_of(*shape)
    values = filter_values(layer, 2)
    assert values.shape == shape[1:2] * 2
    small = filter_image(layer, 2, (6, 3)).array
    assert small.shape == (6, 6)
    assert np.array_equal(small[:: 6 // shape[1], :: 6 // shape[1]], values)
    assert map_image(layer, 2, 10).array.shape == (10, 10)


def test_weak_responses_are_brightened_and_keep_their_order() -> None:
    values = np.arange(0, 128, dtype=np.uint8)[:100].reshape(1, 10, 10)
    layer = FirstLayer(
        filters=bytes(9), filter_shape=(1, 3, 3), maps=values.tobytes(), map_shape=(1, 10, 10)
    )
    shown, full = (map_image(layer, 0, 10, is_full=is_full).array for is_full in (False, True))
    for picture in (shown, full):
        assert np.all(np.diff(picture.ravel().astype(int)) >= 0)
        assert np.all(picture >= values[0])
        assert picture[0, 0] == 0
    assert full.max() == 255
    assert shown.max() < 255


@pytest.mark.parametrize("side", [3, 6])
@pytest.mark.parametrize(("name", "make"), PATTERNS)
def test_each_pattern_is_known_by_its_name(name: str, make, side: int) -> None:  # type: ignore[no-untyped-def]
    x, y = np.meshgrid(np.linspace(-1, 1, side), np.linspace(-1, 1, side))
    weights = make(x, y)
    noise = np.random.default_rng(1).normal(0, 0.1, weights.shape)
    values = np.clip(128 + 90 * (weights / abs(weights).max() + noise), 0, 255).astype(np.uint8)
    found, likeness = nearest_pattern(values)
    assert found == name
    assert likeness >= CLOSELY


def test_a_filter_of_nothing_is_like_nothing() -> None:
    assert nearest_pattern(np.full((3, 3), 128, np.uint8))[1] == 0


async def test_a_network_without_a_convolution_of_the_image_is_said_to_have_no_filters() -> None:
    source = ScriptedSource(results=RESULTS)
    pane = InsidePane(source)
    async with alone(pane) as stage:
        await stage.until(lambda: source.open, "a request")
        source.answer(3)
        await stage.sees("No convolution of this network takes the image")
        await stage.sees("predicted as 3")
        await stage.pilot.press("right", "pagedown", "end", "full_stop")
        await stage.until(lambda: source.open, "a request about the next image")


ODD = ((4, (1, 1), (28, 28)), (6, (28, 28), (1, 1)), (5, (28, 3), (1, 26)), (3, (2, 7), (9, 30)))


@pytest.mark.parametrize(("count", "filters", "maps"), ODD, ids=str)
@pytest.mark.parametrize("size", [(80, 22), (140, 43)])
async def test_filters_and_responses_of_any_size_are_shown_in_line(
    count: int, filters: tuple[int, int], maps: tuple[int, int], size: tuple[int, int]
) -> None:
    draw = np.random.default_rng(0)
    layer = FirstLayer(
        filters=draw.integers(0, 256, count * filters[0] * filters[1], np.uint8).tobytes(),
        filter_shape=(count, *filters),
        maps=draw.integers(1, 256, count * maps[0] * maps[1], np.uint8).tobytes(),
        map_shape=(count, *maps),
    )
    source = ScriptedSource(results=RESULTS)
    pane = InsidePane(source)
    async with alone(pane, size) as stage:
        await stage.until(lambda: source.open, "a request")
        source.answer(3, inside=layer)
        await stage.sees("▸1")
        grid = grid_of(pane)
        layout, strips = grid.grid, grid.draw(*grid.content_size)
        assert len(strips) == layout.rows * layout.height
        row = [strip.cell_length for strip in strips[: layout.height - 1]]
        assert len(set(row)) == 1, "each line of a row is as long as the others"
        await stage.pilot.press("end")
        await stage.sees(f"filter {count}")
