"""The pane of the mistakes, under a pilot."""

from dataclasses import replace
from functools import partial

import pytest

from mnist_tui.run.validation import ValidationResults
from mnist_tui.tui.insight.panes.mistakes import MistakesChoice, MistakesPane
from mnist_tui.tui.insight.selection import ExampleFilter
from mnist_tui.tui.insight.widgets.gallery import Gallery, Portrait
from tests.tui.insight.fake_insight import insight_of, results_of_classes
from tests.tui.insight.pane_harness import SIZES, Mouse, ShownPane, shown_alone

mistakes = partial(shown_alone, MistakesPane)


def pairs(shown: ShownPane[MistakesPane]) -> set[tuple[int, int]]:
    """True and predicted class of all that are let through."""
    return {(int(tile.label), int(tile.predicted or -1)) for tile in shown.gallery.tiles}


async def test_before_the_first_epoch_one_sentence_says_what_will_be_here() -> None:
    async with mistakes(ValidationResults()) as shown:
        assert "After the first epoch is validated" in shown.stage.text
        assert "Unsure" not in shown.stage.footer
        await shown.press("h", "r", "g", "a", "pagedown", "enter", "left", "down", "end")
        assert "After the first epoch is validated" in shown.stage.text


async def test_the_worst_comes_first_and_is_shown_large() -> None:
    insight = insight_of(3)
    async with mistakes(insight) as shown:
        worst = insight.mistakes[0]
        assert shown.gallery.tiles[0].image == worst.image
        assert shown.pane.query_one(Portrait).image == worst.image
        assert f"✗ predicted as {worst.predicted}" in shown.stage.text
        assert f"loss {worst.loss:.4f}" in shown.stage.text
        assert f"✗ {worst.label}→{worst.predicted} 97%" in shown.stage.text


async def test_h_shows_the_correct_but_unsure_ones_and_goes_back() -> None:
    insight = insight_of(3)
    async with mistakes(insight) as shown:
        assert "Unsure" in shown.stage.footer
        await shown.press("h")
        assert len(shown.gallery.tiles) == len(insight.least_confident)
        assert "✓ predicted correctly" in shown.stage.text
        assert "Mistakes" in shown.stage.footer
        await shown.press("h")
        assert len(shown.gallery.tiles) == len(insight.mistakes)


@pytest.mark.slow
async def test_r_and_g_filter_by_true_and_predicted_class() -> None:
    async with mistakes(insight_of(3)) as shown:
        await shown.press("r", "r", "r", "r", "r")
        assert {label for label, _ in pairs(shown)} == {4}
        await shown.press("G")
        assert pairs(shown) == {(4, 9)}
        assert "label 4" in shown.first_line
        assert "predicted 9" in shown.first_line
        assert "mistakes of class 4 predicted as 9 in epoch 3" in shown.stage.text
        await shown.press("R", "R", "R", "R", "R")
        assert {predicted for _, predicted in pairs(shown)} == {9}
        assert len(pairs(shown)) > 1
        await shown.press("g")
        assert len(pairs(shown)) > 10


async def test_a_shows_all_again() -> None:
    async with mistakes(insight_of(3)) as shown:
        assert "All" not in shown.stage.footer
        await shown.press("r", "a")
        assert len(shown.gallery.tiles) == len(insight_of(3).mistakes)


async def test_of_the_correct_ones_label_and_prediction_are_filtered_as_one() -> None:
    async with mistakes(insight_of(3)) as shown:
        await shown.press("h", "r", "r")
        assert pairs(shown) == {(1, 1)}
        await shown.press("h")
        assert {label for label, _ in pairs(shown)} == {1}
        assert len(pairs(shown)) > 1


async def test_the_words_in_the_first_line_can_be_clicked() -> None:
    async with mistakes(insight_of(3)) as shown:
        click = shown.stage.pilot.click
        for word, seen in (
            ("correct but unsure", "✓ predicted correctly"),
            ("mistakes", "✗ predicted as"),
            ("label", "mistakes of class 0"),
            ("predicted", "mistakes of class 0 predicted as 0"),
        ):
            at = shown.first_line.index(word) - 1
            await click("ActionLine", offset=(at + 1, 0))
            await shown.stage.sees(seen)


async def test_a_filter_that_lets_nothing_through_says_so() -> None:
    async with mistakes(insight_of(3)) as shown:
        await shown.press("r", "g")
        assert "No mistakes of class 0 predicted as 0" in shown.stage.text
        assert "All" in shown.stage.footer


@pytest.mark.slow
async def test_pages_are_turned_by_keys_the_wheel_and_the_mouse() -> None:
    async with mistakes(insight_of(1)) as shown:
        pages, page = shown.gallery.pages, shown.gallery.grid.count
        assert f"1 of {pages}" in shown.first_line
        await shown.press("pagedown", "pagedown")
        assert shown.gallery.chosen == 2 * page
        assert f"3 of {pages}" in shown.first_line
        await shown.press("pageup")
        for wheel, number in ((Mouse.WHEEL_DOWN, 3), (Mouse.WHEEL_UP, 2)):
            await Mouse(shown.stage).send(wheel, 9, 9)
            await shown.stage.sees(f"{number} of {pages}")
        await shown.stage.pilot.click("ActionLine", offset=(shown.first_line.index("▸") - 1, 0))
        await shown.stage.sees(f"3 of {pages}")
        await shown.stage.pilot.click("ActionLine", offset=(shown.first_line.index("◂") - 1, 0))
        await shown.stage.sees(f"2 of {pages}")
        await shown.press("end", "pagedown")
        assert shown.gallery.chosen == len(shown.gallery.tiles) - 1
        await shown.press("home", "pageup")
        assert shown.gallery.chosen == 0


async def test_the_arrows_choose_and_turn_the_page_where_it_ends() -> None:
    async with mistakes(insight_of(1)) as shown:
        grid = shown.gallery.grid
        await shown.press("left", "up")
        assert shown.gallery.chosen == 0
        await shown.press("right", "down")
        assert shown.gallery.chosen == 1 + grid.columns
        await shown.press(*["down"] * (grid.rows - 1))
        assert shown.gallery.page == 1
        example = insight_of(1).mistakes[shown.gallery.chosen]
        assert shown.pane.query_one(Portrait).image == example.image


async def test_a_click_chooses_an_image() -> None:
    async with mistakes(insight_of(3)) as shown:
        grid = shown.gallery.grid
        x, y = grid.side + 1 + 3, grid.height + 2
        await shown.stage.pilot.click(Gallery, offset=(x, y))
        await shown.stage.pilot.pause()
        assert shown.gallery.chosen == grid.columns + 1
        example = insight_of(3).mistakes[grid.columns + 1]
        assert shown.pane.query_one(Portrait).image == example.image


async def test_enter_makes_room_for_the_others() -> None:
    async with mistakes(insight_of(1), (110, 22)) as shown:
        before = shown.gallery.grid
        assert "⏎ Hide large" in shown.stage.footer
        await shown.press("enter")
        await shown.stage.until(lambda: shown.gallery.grid.side > before.side, "larger ones")
        assert not shown.pane.query_one(Portrait).display
        assert "⏎ Large" in shown.stage.footer
        assert not shown.pane.step_back(), "it shows the large image unasked"
        await shown.press("enter")
        await shown.stage.until(lambda: shown.gallery.grid == before, "the large one")


async def test_the_chosen_one_stays_chosen_when_an_epoch_brings_others() -> None:
    insight = insight_of(3)
    async with mistakes(insight) as shown:
        await shown.press("r", "r", "right")
        chosen = shown.pane.query_one(Portrait).image
        fewer = tuple(
            example for example in insight.mistakes if example.label != 1 or example.image == chosen
        )
        shown.pane.show_results(replace(insight, mistakes=fewer))
        assert chosen is not None
        assert shown.pane.query_one(Portrait).image == chosen
        assert "label 1" in shown.first_line


async def test_images_that_are_lost_are_explained() -> None:
    lost = replace(insight_of(3), mistakes=(), least_confident=())
    async with mistakes(lost) as shown:
        assert "not in this run's directory" in shown.stage.text


async def test_no_mistakes_at_all_are_distinguished_from_lost_ones() -> None:
    insight = insight_of(1)
    table = tuple(tuple(10 * (i == j) for j in range(10)) for i in range(10))
    perfect = replace(insight, epochs=(replace(insight.epochs[0], confusion=table),), mistakes=())
    async with mistakes(perfect) as shown:
        assert "got all validation images right" in shown.stage.text


async def test_the_filter_that_another_pane_opens_it_with_is_taken_up() -> None:
    wanted = ExampleFilter(label=4, predicted=4, is_correct=True)
    async with mistakes(insight_of(3), memory=MistakesChoice(filter=wanted)) as shown:
        assert pairs(shown) == {(4, 4)}
        await shown.press("right")
        memory, chosen = shown.pane.remember(), shown.gallery.chosen
    async with mistakes(insight_of(3), memory=memory) as shown:
        assert (pairs(shown), shown.gallery.chosen) == ({(4, 4)}, chosen)


@pytest.mark.slow
async def test_any_size_is_survived() -> None:
    async with mistakes(insight_of(3)) as shown:
        for size in SIZES:
            await shown.stage.pilot.resize_terminal(*size)
            await shown.press("right", "pagedown", "h", "enter")
            assert len(shown.stage.text.splitlines()) == size[1]


async def test_how_many_mistakes_there_were_is_said_where_not_all_images_are_kept() -> None:
    results = insight_of(3)
    total = results.epochs[-1].confusion[4][9]
    kept = sum((one.label, one.predicted) == (4, 9) for one in results.mistakes)
    assert kept < total
    choice = MistakesChoice(filter=ExampleFilter(4, 9))
    async with mistakes(results, memory=choice) as shown:
        assert f"{kept} of {total} mistakes of class 4 predicted as 9" in shown.stage.text


@pytest.mark.parametrize("count", [3, 47])
async def test_other_classes_have_their_names_everywhere(count: int) -> None:
    results, names = results_of_classes(count)
    async with mistakes(results, names=names) as shown:
        wrong = results.mistakes[0]
        label, predicted = names[wrong.label], names[wrong.predicted]
        arrow = " → " if count == 3 else "→"  # few images are large
        assert f"✗ {label}{arrow}{predicted}" in shown.stage.text
        assert f"label {label}" in shown.stage.text
        assert f"✗ predicted as {predicted}" in shown.stage.text
        await shown.press("R")
        assert f"No mistakes of class {names[-1]}" in shown.stage.text
        await shown.press("r", "r")
        assert f"mistakes of class {names[0]} in epoch 2" in shown.stage.text
