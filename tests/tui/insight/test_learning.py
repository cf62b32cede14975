"""The pane of the digits that are followed through the epochs, under a pilot."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from textual import events

from mnist_tui.run.validation import ValidationResults
from mnist_tui.tui.insight.panes import learning
from mnist_tui.tui.insight.panes.learning import LearningPane, sparkline
from mnist_tui.tui.insight.widgets.gallery import Gallery
from mnist_tui.tui.insight.widgets.portrait import Portrait
from tests.tui.app_harness import Stage
from tests.tui.insight.fake_insight import insight_of
from tests.tui.insight.pane_harness import Alone, ScriptedSource


class Shown:
    """The pane, and what a test asks of it."""

    def __init__(self, stage: Stage, pane: LearningPane) -> None:
        self.stage, self.pane = stage, pane
        self.gallery = pane.query_one(Gallery)
        self.press = stage.pilot.press

    @property
    def first_line(self) -> str:
        """The line with the epoch."""
        return self.stage.text.splitlines()[0]

    @property
    def guesses(self) -> list[int | None]:
        """What the watched digits are taken for after the epoch in view."""
        return [tile.guess for tile in self.gallery.tiles]


@asynccontextmanager
async def watching(
    insight: ValidationResults, size: tuple[int, int] = (80, 22), memory: object = None
) -> AsyncIterator[Shown]:
    """The pane by itself."""
    pane = LearningPane(ScriptedSource(insight=insight))
    pane.memory = memory
    app = Alone(pane)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        await pilot.pause()
        yield Shown(Stage(app, pilot), pane)  # type: ignore[arg-type]


def guesses_after(insight: ValidationResults, epoch: int) -> list[int]:
    """The likeliest class of each watched digit."""
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


async def test_each_epoch_shows_its_own_guesses() -> None:
    insight = insight_of(4)
    async with watching(insight) as shown:
        assert guesses_after(insight, 1) != guesses_after(insight, 4)
        for key, epoch in (("", 4), ("left", 3), ("comma", 2), ("home", 1), ("right", 2)):
            await shown.press(*([key] if key else []))
            assert shown.guesses == guesses_after(insight, epoch)
            assert f"epoch {epoch}" in shown.first_line
        await shown.press("full_stop", "end")
        assert "epoch 4, the newest" in shown.first_line


async def test_the_wheel_and_the_arrows_in_the_line_go_through_the_epochs() -> None:
    async with watching(insight_of(4)) as shown:
        for kind, seen in ((events.MouseScrollUp, "3 of 4"), (events.MouseScrollDown, "4, the")):
            await shown.stage.pilot._post_mouse_events([kind], widget=shown.pane, offset=(9, 9))
            await shown.stage.sees(f"epoch {seen}")
        await shown.stage.pilot.click("ActionLine", offset=(0, 0))
        await shown.stage.sees("epoch 3 of 4")
        await shown.stage.pilot.click("ActionLine", offset=(shown.first_line.index("▸") - 1, 0))
        await shown.stage.sees("epoch 4, the newest")


async def test_the_footer_offers_only_epochs_that_there_are() -> None:
    async with watching(insight_of(2)) as shown:
        assert "← Epoch before" in shown.stage.footer
        assert "→ Epoch after" not in shown.stage.footer
        await shown.press("left")
        assert "← Epoch before" not in shown.stage.footer
        assert "→ Epoch after" in shown.stage.footer


async def test_p_plays_from_the_first_epoch_to_the_newest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learning, "PLAY_INTERVAL_S", 0.01)
    async with watching(insight_of(4)) as shown:
        seen: list[object] = []
        go = shown.pane._go

        def spy(by: int) -> None:
            go(by)
            known = shown.pane._known
            seen.append(known.epoch if known else None)

        shown.pane._go = spy  # type: ignore[method-assign]
        await shown.press("p")
        await shown.stage.until(lambda: 4 in seen, "the newest epoch")
        assert seen == [1, 2, 3, 4]
        assert shown.pane._playing is None


async def test_a_key_or_p_itself_stops_playing() -> None:
    async with watching(insight_of(4)) as shown:
        for key in ("p", "left"):
            await shown.press("p")
            assert shown.pane._playing is not None
            await shown.press(key)
            assert shown.pane._playing is None


async def test_up_and_down_and_a_click_choose_a_digit() -> None:
    async with watching(insight_of(3)) as shown:
        await shown.press("down", "down", "up")
        assert shown.gallery.chosen == 1
        assert "▸ a 0: " in shown.stage.text
        grid = shown.gallery.grid
        await shown.stage.pilot.click(Gallery, offset=(2 * (grid.side + 1) + 3, grid.height + 1))
        await shown.stage.pilot.pause()
        assert shown.gallery.chosen == grid.columns + 2
        label = insight_of(3).tracked[grid.columns + 2].label
        assert f"▸ a {label}: " in shown.stage.text


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


async def test_an_eight_has_the_article_that_one_speaks() -> None:
    async with watching(insight_of(2)) as shown:
        await shown.press(*["down"] * 16)
        await shown.stage.sees("▸ an 8: taken for")
        await shown.press("enter")
        await shown.stage.sees("how surely an 8, by epoch")


async def test_where_there_is_room_the_chosen_one_is_large_without_being_asked_for() -> None:
    async with watching(insight_of(3), (140, 43)) as shown:
        assert shown.pane.query_one(Portrait).display


async def test_a_wrong_guess_is_told_by_a_mark() -> None:
    insight = insight_of(1)
    wrong = sum(a != d.label for a, d in zip(guesses_after(insight, 1), insight.tracked,
                                             strict=True))  # fmt: skip
    async with watching(insight) as shown:
        assert shown.stage.text.count("✗") == wrong > 0
        assert f"{20 - wrong} of 20 right" in shown.first_line


async def test_a_new_epoch_is_followed_and_an_old_one_stays() -> None:
    async with watching(insight_of(2)) as shown:
        shown.pane.show_insight(insight_of(3))
        await shown.stage.sees("epoch 3, the newest")
        await shown.press("left")
        shown.pane.show_insight(insight_of(4))
        await shown.stage.sees("epoch 2 of 4")


async def test_digits_that_are_not_there_are_missed_in_words() -> None:
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


@pytest.mark.parametrize(
    "size", [(80, 22), (60, 22), (40, 14), (20, 6), (5, 3), (2, 2), (1, 1), (300, 100)]
)
async def test_any_size_is_survived(size: tuple[int, int]) -> None:
    async with watching(insight_of(3), size) as shown:
        await shown.press("left", "down", "enter", "p")
        assert len(shown.stage.text.splitlines()) == size[1]


def test_a_curve_has_a_column_for_each_epoch_and_the_mean_where_there_are_more() -> None:
    assert sparkline([0.0, 0.5, 1.0], 2, 28) == ("▁▅█", 2)
    curve, at = sparkline([0.0] * 50 + [1.0] * 50, 99, 10)
    assert (curve, at) == ("▁▁▁▁▁█████", 9)
    assert sparkline([], 0, 10) == ("", 0)
