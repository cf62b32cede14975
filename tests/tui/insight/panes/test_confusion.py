"""The pane of the confusion matrix, under a pilot."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from mnist_tui.run.classes import DIGITS
from mnist_tui.run.validation import Confusion, EpochResults, ValidationResults
from mnist_tui.tui.insight.panes.confusion import ConfusionPane, worst_cell
from mnist_tui.tui.insight.panes.mistakes import MistakesChoice
from mnist_tui.tui.insight.panes.pane import InsightPane
from mnist_tui.tui.insight.selection import ExampleFilter
from mnist_tui.tui.insight.widgets.matrix import Matrix
from mnist_tui.tui.insight.widgets.matrix_layout import Counts
from tests.tui.app_harness import Stage
from tests.tui.insight.fake_insight import insight_of, results_of_classes
from tests.tui.insight.pane_harness import SIZES, Alone, Mouse, ScriptedSource


class Listening(Alone):
    """Keeps which pane was opened."""

    opened: InsightPane.Opened | None = None

    def on_insight_pane_opened(self, event: InsightPane.Opened) -> None:
        """Remember it."""
        self.opened = event


@asynccontextmanager
async def confusion(
    insight: ValidationResults,
    size: tuple[int, int] = (80, 22),
    names: tuple[str, ...] = DIGITS,
) -> AsyncIterator[tuple[Stage, Listening]]:
    """The pane by itself."""
    app = Listening(ConfusionPane(ScriptedSource(results=insight, classes=names)))
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield Stage(app, pilot), app  # type: ignore[arg-type]


def cell_of(app: Listening) -> tuple[int, int]:
    """The chosen cell."""
    return app.query_one(Matrix).cell


def at(app: Listening, label: int, predicted: int) -> tuple[int, int]:
    """Where a cell is, from the matrix's corner."""
    arrangement = app.query_one(Matrix).arrangement
    assert arrangement is not None
    return 1 + predicted * arrangement.columns.size + 2, 2 + label * arrangement.rows.size


def table_of(**cells: int) -> Confusion:
    """A matrix of 10 correct ones of each class, and `t4g9=3`: three 4s predicted as 9."""
    rows = [[10 if predicted == label else 0 for predicted in range(10)] for label in range(10)]
    for name, count in cells.items():
        rows[int(name[1])][int(name[3])] = count
    return tuple(tuple(row) for row in rows)


def learned(*tables: Confusion) -> ValidationResults:
    """Epochs with these matrices, and nothing else."""
    return ValidationResults(
        epochs=tuple(
            EpochResults(epoch=epoch, confusion=table, tracked=b"")
            for epoch, table in enumerate(tables, 1)
        )
    )


async def test_before_the_first_epoch_one_sentence_says_what_will_be_here() -> None:
    async with confusion(ValidationResults()) as (stage, app):
        assert "After the first epoch is validated" in stage.text
        assert "Images" not in stage.footer
        await stage.pilot.press("enter", "left", "comma", "full_stop", "home", "end")
        assert app.opened is None


async def test_the_counts_are_in_rows_of_the_true_class() -> None:
    async with confusion(learned(table_of(t4g9=3))) as (stage, _app):
        row = next(line for line in stage.text.splitlines() if line.strip().startswith("4 "))
        assert row.replace("▸", " ").split()[:11] == ["4", *"····", "10", *"····", "3"]


async def test_the_most_frequent_mistake_is_chosen_until_the_user_chooses() -> None:
    async with confusion(learned(table_of(t4g9=3, t5g3=2))) as (stage, app):
        assert cell_of(app) == (4, 9)
        pane = app.query_one(ConfusionPane)
        pane.show_results(learned(table_of(), table_of(t5g3=7)))
        assert cell_of(app) == (5, 3)
        await stage.pilot.press("up")
        pane.show_results(learned(table_of(), table_of(), table_of(t9g0=9)))
        assert cell_of(app) == (4, 3)


async def test_the_figures_of_a_class_and_their_change_are_those_of_the_counts() -> None:
    now, before = table_of(t4g9=10), table_of()
    async with confusion(learned(before, now)) as (stage, _app):
        row = next(line for line in stage.text.splitlines() if line.strip().startswith("4 "))
        # Of 20 fours 10 are found; nothing else is predicted as one.
        assert "50.0▾ 50" in row
        assert "66.7▾ 33" in row
        assert "▴▾ since epoch 1" in stage.text


async def test_the_first_epoch_has_nothing_to_be_compared_with() -> None:
    async with confusion(learned(table_of())) as (stage, _app):
        assert "since" not in stage.text
        assert "▴" not in stage.text


async def test_the_chosen_cell_is_described() -> None:
    async with confusion(learned(table_of(t4g9=1), table_of(t4g9=3))) as (stage, _app):
        assert "4 predicted as 9: 3 of 13 (23.08 %), +2 since epoch 1" in stage.text
        await stage.pilot.press("left", "left", "left", "left", "left")
        assert "4 predicted correctly: 10 of 13 (76.92 %), as many as after epoch 1" in stage.text


@pytest.mark.slow
async def test_the_arrows_choose_a_cell_and_stop_at_the_edges() -> None:
    async with confusion(insight_of(3)) as (stage, app):
        await stage.pilot.press(*["right"] * 10, *["down"] * 10)
        assert cell_of(app) == (9, 9)
        await stage.pilot.press("left", "up", "up")
        assert cell_of(app) == (7, 8)


def classes_in_sight(stage: Stage) -> list[int]:
    """The true classes whose rows are on the screen, from the top."""
    cells = [line.replace("▸", " ").split() for line in stage.text.splitlines()]
    return [int(row[0]) for row in cells if len(row) > 2 and len(row[0]) == 1 and "·" in row[1:]]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("size", "rows"),
    [((40, 10), 6), ((50, 10), 6), ((44, 11), 7), ((60, 12), 8), ((80, 14), 10), ((60, 22), 10)],
)
async def test_in_few_lines_the_rows_around_the_chosen_one_come_before_the_explanation(
    size: tuple[int, int], rows: int
) -> None:
    async with confusion(learned(table_of(t4g9=3)), size) as (stage, _app):
        assert len(classes_in_sight(stage)) == rows
        assert 4 in classes_in_sight(stage)
        assert "▸ 4 predicted as 9: 3" in stage.text
        for chosen in (*range(5, 10), *range(8, -1, -1)):
            await stage.pilot.press("down" if chosen > _first_line_chosen(stage) else "up")
            seen = classes_in_sight(stage)
            assert seen == list(range(seen[0], seen[0] + rows))
            assert _first_line_chosen(stage) == chosen


def _first_line_chosen(stage: Stage) -> int:
    """The true class of the row with the mark, by what is on the screen."""
    marked = (line for line in stage.text.splitlines()[1:] if "▸" in line.strip()[1:])
    return int(next(marked).strip()[0])


async def test_in_few_columns_the_chosen_one_is_in_sight() -> None:
    async with confusion(learned(table_of(t4g9=3)), (24, 14)) as (stage, app):
        heads = stage.text.splitlines()[1].split()
        assert heads == ["3", "4", "5", "6", "7", "8", "9"]
        await stage.pilot.press(*["left"] * 9)
        assert cell_of(app) == (4, 0)
        assert stage.text.splitlines()[1].split() == ["0", "1", "2", "3", "4", "5", "6"]


async def test_where_not_all_cells_are_in_sight_the_mouse_moves_none_of_them() -> None:
    async with confusion(learned(table_of(t4g9=3)), (24, 10)) as (stage, app):
        rows = classes_in_sight(stage)
        for place in (5, 0):
            await stage.pilot.hover(Matrix, offset=(1 + 3 * place + 1, 1 + place))
            await stage.pilot.pause()
            assert cell_of(app) == (rows[place], 3 + place)
            assert classes_in_sight(stage) == rows


@pytest.mark.slow
async def test_an_explanation_that_does_not_fit_ends_with_a_sentence() -> None:
    for height in range(13, 24):
        async with confusion(learned(table_of(t4g9=3)), (60, height)) as (stage, _app):
            shown = stage.text.splitlines()[:-1]
            assert len(classes_in_sight(stage)) == min(height - 4, 10)
            last = next(line.strip() for line in reversed(shown) if line.strip())
            assert last.endswith(".") or last.startswith("▸ 4 predicted as 9")


@pytest.mark.parametrize("size", [(80, 22), (140, 43), (60, 30)])
async def test_the_mouse_chooses_the_cell_under_it_and_a_click_opens_it(
    size: tuple[int, int],
) -> None:
    async with confusion(insight_of(3), size) as (stage, app):
        await stage.pilot.hover(Matrix, offset=at(app, 6, 0))
        await stage.pilot.pause()
        assert cell_of(app) == (6, 0)
        assert app.opened is None
        await stage.pilot.click(Matrix, offset=at(app, 7, 2))
        await stage.pilot.pause()
        assert cell_of(app) == (7, 2)
        assert app.opened is not None
        assert app.opened.memory == MistakesChoice(filter=ExampleFilter(7, 2))


async def test_a_click_beside_the_cells_chooses_none() -> None:
    async with confusion(insight_of(3)) as (stage, app):
        before = cell_of(app)
        for offset in ((0, 0), (5, 1), (60, 5), (0, 6)):
            await stage.pilot.click(Matrix, offset=offset)
        assert cell_of(app) == before
        assert app.opened is None


async def test_enter_opens_the_mistakes_of_the_cell() -> None:
    async with confusion(learned(table_of(t4g9=3))) as (stage, app):
        await stage.pilot.press("enter")
        await stage.pilot.pause()
        assert app.opened is not None
        assert app.opened.title == "Mistakes"
        assert app.opened.memory == MistakesChoice(filter=ExampleFilter(4, 9))


async def test_enter_on_the_diagonal_opens_the_correct_but_unsure_ones() -> None:
    async with confusion(learned(table_of(t4g5=3))) as (stage, app):
        await stage.pilot.press("left", "enter")
        await stage.pilot.pause()
        assert app.opened is not None
        assert app.opened.memory == MistakesChoice(filter=ExampleFilter(4, 4, is_correct=True))


async def test_comma_and_full_stop_go_through_the_epochs() -> None:
    async with confusion(insight_of(4)) as (stage, _app):
        assert "epoch 4 (latest)" in stage.text
        assert "Epoch before" in stage.footer
        assert "Epoch after" not in stage.footer
        await stage.pilot.press("comma")
        assert "epoch 3 of 4" in stage.text
        assert "Epoch after" in stage.footer
        await stage.pilot.press("home")
        assert "epoch 1 of 4" in stage.text
        assert "Epoch before" not in stage.footer
        await stage.pilot.press("comma", "full_stop")
        assert "epoch 2 of 4" in stage.text
        await stage.pilot.press("end")
        assert "epoch 4 (latest)" in stage.text


async def test_the_wheel_and_the_arrows_in_the_line_go_through_the_epochs() -> None:
    async with confusion(insight_of(4)) as (stage, _app):
        await Mouse(stage).send(Mouse.WHEEL_UP, 20, 8)
        assert "epoch 3 of 4" in stage.text
        await Mouse(stage).send(Mouse.WHEEL_DOWN, 20, 8)
        assert "epoch 4 (latest)" in stage.text
        await stage.pilot.click("ActionLine", offset=(0, 0))
        assert "epoch 3 of 4" in stage.text
        await stage.pilot.click("ActionLine", offset=(stage.text.splitlines()[0].index("▸") - 1, 0))
        assert "epoch 4 (latest)" in stage.text


async def test_the_newest_epoch_is_followed_and_an_old_one_stays() -> None:
    async with confusion(insight_of(2)) as (stage, app):
        pane = app.query_one(ConfusionPane)
        pane.show_results(insight_of(3))
        await stage.pilot.pause()
        assert "epoch 3 (latest)" in stage.text
        await stage.pilot.press("comma")
        pane.show_results(insight_of(4))
        await stage.pilot.pause()
        assert "epoch 2 of 4" in stage.text


async def test_a_lost_epoch_is_gone_over() -> None:
    whole = insight_of(4)
    holed = replace(whole, epochs=(whole.epochs[0], whole.epochs[3]))
    async with confusion(holed) as (stage, _app):
        assert "since epoch 1" in stage.text
        await stage.pilot.press("comma")
        assert "epoch 1 of 4" in stage.text


async def test_what_was_chosen_is_handed_on() -> None:
    source = ScriptedSource(results=insight_of(4))
    async with confusion(insight_of(4)) as (stage, app):
        await stage.pilot.press("up", "comma")
        memory, cell = app.query_one(ConfusionPane).remember(), cell_of(app)
    pane = ConfusionPane(source)
    pane.memory = memory
    again = Listening(pane)
    async with again.run_test(size=(80, 22)) as pilot:
        await pilot.pause()
        assert cell_of(again) == cell
        assert "epoch 3 of 4" in Stage(again, pilot).text  # type: ignore[arg-type]


@pytest.mark.slow
async def test_any_size_is_survived() -> None:
    async with confusion(insight_of(3)) as (stage, _app):
        for size in SIZES:
            await stage.pilot.resize_terminal(*size)
            await stage.pilot.press("left", "comma")
            assert len(stage.text.splitlines()) == size[1]


def test_one_mistake_among_many_is_seen_and_most_of_all_the_greatest() -> None:
    counts = Counts(table_of(t4g9=50, t9g4=1), DIGITS)
    assert counts.heat(4, 9) == 1.0
    assert 0.03 < counts.heat(9, 4) < 0.2
    assert counts.heat(0, 1) == 0.0


def test_a_matrix_without_mistakes_has_a_worst_cell_too() -> None:
    assert worst_cell(table_of()) == (0, 1)
    assert Counts(table_of(), DIGITS).most_mistakes == 1


@pytest.mark.slow
@pytest.mark.parametrize("size", [(80, 22), (140, 43)])
@pytest.mark.parametrize("count", [3, 47])
async def test_any_number_of_classes_is_legible_and_can_be_reached(
    count: int, size: tuple[int, int]
) -> None:
    results, names = results_of_classes(count)
    async with confusion(results, size, names) as (stage, app):
        layout = app.query_one(Matrix).arrangement
        assert layout is not None
        assert "#" not in stage.text, "a count that does not fit into its cell"
        if count == 3:
            assert (layout.rows.shown, layout.columns.shown) == (3, 3)
            assert "precision" in stage.text
        await stage.pilot.press(*["up"] * count, *["left"] * count)
        assert cell_of(app) == (0, 0)
        assert f"▸ {names[0]} predicted correctly: " in stage.text
        await stage.pilot.press(*["down"] * count, *["right"] * count)
        assert cell_of(app) == (count - 1, count - 1)
        assert f"▸ {names[-1]} predicted correctly: " in stage.text
        heads = stage.text.splitlines()[2 if count == 3 else 1 : 3]
        assert any(names[-1] in line for line in heads)
        if count == 47:
            assert f"-{count} of {count}" in stage.text


async def test_long_names_of_classes_are_cut_in_the_heads_and_whole_in_words() -> None:
    results, _ = results_of_classes(3)
    names = ("T-shirt/top", "Trouser", "Ankle boot")
    async with confusion(results, names=names) as (stage, _app):
        assert "T-shirt" in stage.text.splitlines()[2]
        fact = next(line for line in stage.text.splitlines() if "▸ T-shirt/top" in line)
        assert fact.strip() == "▸ T-shirt/top predicted as Trouser: 3 of 383 (0.78 %)"
        await stage.pilot.press("left", "left", "up", "up")
        assert "▸ T-shirt/top predicted correctly" in stage.text
