"""The pane of the images that are tracked through the epochs, under a pilot."""

from dataclasses import replace
from functools import partial

import pytest

from mnist_tui.run.validation import ValidationResults
from mnist_tui.tui.insight.panes import learning
from mnist_tui.tui.insight.panes.learning import LearningPane, condensed
from mnist_tui.tui.insight.widgets.gallery import Gallery, Portrait
from mnist_tui.tui.insight.widgets.text_lines import Notes
from tests.tui.insight.fake_insight import insight_of, results_of_classes
from tests.tui.insight.pane_harness import SIZES, Mouse, ShownPane, shown_alone

watching = partial(shown_alone, LearningPane)


def predictions(shown: ShownPane[LearningPane]) -> list[int]:
    """The predicted classes after the epoch in view."""
    return [int(tile.predicted or -1) for tile in shown.gallery.tiles]


def predictions_after(insight: ValidationResults, epoch: int) -> list[int]:
    """The likeliest class of each tracked image."""
    known = insight.epochs[epoch - 1]
    rows = [known.probabilities(place) for place in range(20)]
    return [row.index(max(row)) for row in rows]


async def test_before_the_first_epoch_one_sentence_says_what_will_be_here() -> None:
    async with watching(ValidationResults()) as shown:
        assert "After the first epoch is validated" in shown.stage.text
        assert "Play" not in shown.stage.footer
        await shown.press("left", "right", "home", "end", "up", "down", "enter", "p")
        assert "After the first epoch is validated" in shown.stage.text


async def test_all_twenty_are_in_sight_at_80x24() -> None:
    async with watching(insight_of(3)) as shown:
        assert shown.gallery.grid.count >= 20
        assert sum(shown.stage.text.count(mark) for mark in "✓✗") == 20


async def test_each_epoch_shows_its_own_predictions() -> None:
    insight = insight_of(4)
    async with watching(insight) as shown:
        assert predictions_after(insight, 1) != predictions_after(insight, 4)
        for key, epoch in (("", 4), ("left", 3), ("comma", 2), ("home", 1), ("right", 2)):
            await shown.press(*([key] if key else []))
            assert predictions(shown) == predictions_after(insight, epoch)
            assert f"epoch {epoch}" in shown.first_line
        await shown.press("full_stop", "end")
        assert "epoch 4 (latest)" in shown.first_line


async def test_the_wheel_and_the_arrows_in_the_line_go_through_the_epochs() -> None:
    async with watching(insight_of(4)) as shown:
        for wheel, seen in ((Mouse.WHEEL_UP, "3 of 4"), (Mouse.WHEEL_DOWN, "4 (latest)")):
            await Mouse(shown.stage).send(wheel, 9, 9)
            await shown.stage.sees(f"epoch {seen}")
        await shown.stage.pilot.click("ActionLine", offset=(0, 0))
        await shown.stage.sees("epoch 3 of 4")
        await shown.stage.pilot.click("ActionLine", offset=(shown.first_line.index("▸") - 1, 0))
        await shown.stage.sees("epoch 4 (latest)")


async def test_the_footer_offers_only_epochs_that_there_are() -> None:
    async with watching(insight_of(2)) as shown:
        assert "← Epoch before" in shown.stage.footer
        assert "→ Epoch after" not in shown.stage.footer
        await shown.press("left")
        assert "← Epoch before" not in shown.stage.footer
        assert "→ Epoch after" in shown.stage.footer


@pytest.mark.slow
async def test_p_plays_from_the_first_epoch_to_the_latest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learning, "PLAY_INTERVAL_S", 0.01)
    async with watching(insight_of(4)) as shown:
        seen: list[str] = []
        show = shown.pane.show_choice

        def spy() -> None:
            show()
            seen.append(shown.pane.choice.epoch.parts(shown.pane.results)[1][0])

        monkeypatch.setattr(shown.pane, "show_choice", spy)
        await shown.press("p")
        await shown.stage.until(lambda: not shown.pane.is_playing, "the latest epoch")
        assert seen == ["epoch 1 of 4", "epoch 2 of 4", "epoch 3 of 4", "epoch 4 (latest)"]


async def test_a_key_or_p_itself_stops_playing() -> None:
    async with watching(insight_of(4)) as shown:
        for key in ("p", "left"):
            await shown.press("p")
            assert shown.pane.is_playing
            await shown.press(key)
            assert not shown.pane.is_playing


async def test_up_and_down_and_a_click_choose_an_image() -> None:
    async with watching(insight_of(3)) as shown:
        await shown.press("down", "down", "up")
        assert shown.gallery.chosen == 1
        assert "▸ label 0: " in shown.stage.text
        grid = shown.gallery.grid
        await shown.stage.pilot.click(Gallery, offset=(2 * (grid.side + 1) + 3, grid.height + 1))
        await shown.stage.pilot.pause()
        assert shown.gallery.chosen == grid.columns + 2
        label = insight_of(3).tracked[grid.columns + 2].label
        assert f"▸ label {label}: " in shown.stage.text


async def test_the_latest_of_many_epochs_is_in_the_curve_at_80_columns() -> None:
    async with watching(insight_of(60)) as shown:
        [line] = [line for line in shown.stage.text.splitlines() if " by epoch " in line]
        assert line[79] == " ", "the curve ends before the edge"
        facts = shown.pane.query_one(Notes).facts[0]
        [latest] = [text for text, tone in facts if tone == "accent"]
        assert line.rstrip().endswith(latest)


async def test_enter_shows_the_ten_probabilities_of_the_chosen_one() -> None:
    insight = insight_of(3)
    async with watching(insight) as shown:
        portrait = shown.pane.query_one(Portrait)
        assert not portrait.display
        await shown.press("enter")
        await shown.stage.until(lambda: portrait.content_size.height, "the large one")
        for digit, value in enumerate(insight.epochs[-1].probabilities(0)):
            line = next(line for line in shown.stage.text.splitlines() if f"{digit} ━" in line
                        or f"{digit} ╸" in line or f"{digit} ─" in line)  # fmt: skip
            assert f"{100 * value:.1f} %" in line
        await shown.press("enter")
        await shown.stage.until(lambda: not portrait.display, "room for the others")


async def test_a_step_back_hides_the_large_image_and_then_has_nothing_to_close() -> None:
    async with watching(insight_of(3)) as shown:
        portrait = shown.pane.query_one(Portrait)
        assert not shown.pane.step_back()
        assert "Hide large" not in shown.stage.footer
        await shown.press("enter")
        await shown.stage.until(lambda: portrait.display, "the large one")
        assert "Hide large" in shown.stage.footer
        assert shown.pane.step_back()
        await shown.stage.until(lambda: not portrait.display, "room for the others")
        assert not shown.pane.step_back()


async def test_where_there_is_room_the_chosen_one_is_large_without_being_asked_for() -> None:
    async with watching(insight_of(3), (140, 43)) as shown:
        assert shown.pane.query_one(Portrait).display


async def test_a_wrong_prediction_has_a_mark() -> None:
    insight = insight_of(1)
    wrong = sum(a != d.label for a, d in zip(predictions_after(insight, 1), insight.tracked,
                                             strict=True))  # fmt: skip
    async with watching(insight) as shown:
        assert shown.stage.text.count("✗") == wrong > 0
        assert f"{20 - wrong} of 20 correct" in shown.first_line


async def test_a_new_epoch_is_followed_and_an_old_one_stays() -> None:
    async with watching(insight_of(2)) as shown:
        shown.pane.show_results(insight_of(3))
        await shown.stage.sees("epoch 3 (latest)")
        await shown.press("left")
        shown.pane.show_results(insight_of(4))
        await shown.stage.sees("epoch 2 of 4")


async def test_images_that_are_lost_are_explained() -> None:
    async with watching(replace(insight_of(3), tracked=())) as shown:
        assert "not in this run's directory" in shown.stage.text
        await shown.press("left", "down", "enter")


async def test_what_was_chosen_is_handed_on() -> None:
    async with watching(insight_of(4)) as shown:
        await shown.press("down", "down", "left")
        memory = shown.pane.remember()
    async with watching(insight_of(4), memory=memory) as shown:
        assert shown.gallery.chosen == 2
        assert "epoch 3 of 4" in shown.first_line


@pytest.mark.slow
async def test_any_size_is_survived() -> None:
    async with watching(insight_of(3)) as shown:
        for size in SIZES:
            await shown.stage.pilot.resize_terminal(*size)
            await shown.press("left", "down", "enter", "p")
            assert len(shown.stage.text.splitlines()) == size[1]


def test_a_curve_has_a_column_for_each_epoch_and_the_mean_where_there_are_more() -> None:
    assert condensed([0.0, 0.5, 1.0], 2, 28) == ([0.0, 0.5, 1.0], 2)
    assert condensed([0.0] * 50 + [1.0] * 50, 99, 10) == ([0.0] * 5 + [1.0] * 5, 9)
    assert condensed([], 0, 10) == ([], 0)


@pytest.mark.parametrize("count", [3, 47])
async def test_other_classes_have_their_names_everywhere(count: int) -> None:
    results, names = results_of_classes(count)
    async with watching(results, (140, 43), names=names) as shown:
        assert "of 6 correct" in shown.first_line if count == 3 else "of 94 correct"
        await shown.press("end", *["down"] * 3)
        example = results.tracked[3]
        assert f"▸ label {names[example.label]}: predicted as " in shown.stage.text
        assert f"probability of {names[example.label]} by epoch" in shown.stage.text
        lines = shown.stage.text.splitlines()
        assert sum(line.endswith(" %") for line in map(str.rstrip, lines)) >= min(count, 10)
