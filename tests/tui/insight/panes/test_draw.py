"""Drawing with the mouse and with keys, and what is sent and shown at each stroke."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from mnist_tui.errors import MnistTuiError
from mnist_tui.images.image import read_picture, read_whole
from mnist_tui.images.normalize import to_mnist_form
from mnist_tui.run.validation import ValidationResults
from mnist_tui.tui.insight.panes.draw import DrawPane
from mnist_tui.tui.insight.panes.inside import FilterSelection, InsidePane
from mnist_tui.tui.insight.panes.pane import InsightPane
from mnist_tui.tui.insight.widgets.bitmap import Bitmap
from mnist_tui.tui.insight.widgets.canvas import Canvas, scale_for
from tests.images.files import encode, page
from tests.tui.app_harness import Stage
from tests.tui.insight.pane_harness import Mouse, ScriptedSource, alone, sure_of

# The canvas's first pixel is in this cell: the pane's padding and the frame come before.
LEFT, TOP = 2, 1


def cell(x: float, y: float, scale: int = 1) -> tuple[int, int]:
    """The cell of a pixel."""
    return int(LEFT + x * scale), int(TOP + y * scale / 2)


def ink_of(pane: DrawPane) -> NDArray[np.uint8]:
    """What is drawn."""
    return pane.query_one(Canvas).drawing.ink


async def draw_a_one(stage: Stage, **options: int) -> None:
    await Mouse(stage).drag(cell(14, 4), cell(14, 12), cell(14, 24), **options)


def bars(stage: Stage) -> dict[int, str]:
    """Each class's bar as it is on the screen."""
    lines = [line.rstrip() for line in stage.text.splitlines()]
    tails = [line[61:] for line in lines[1:11]]
    return {int(tail.split("▸")[-1].split()[0]): tail for tail in tails}


async def test_a_stroke_of_the_mouse_is_seen_sent_and_answered() -> None:
    source, pane = ScriptedSource(), None
    pane = DrawPane(source)
    async with alone(pane) as stage:
        await stage.sees("Draw a digit.")
        await draw_a_one(stage)
        assert ink_of(pane)[4:24, 14].min() == 255
        assert not ink_of(pane)[:, :10].any()
        await stage.until(lambda: source.sent, "a request")
        source.answer(1, 0.97)
        await stage.sees("97 %")
        assert bars(stage)[1].startswith("▸ 1 ")
        assert [digit for digit, line in bars(stage).items() if "▸" in line] == [1]
        assert "Predicted as 1: 97 %" in stage.text
        assert "model at epoch 3, batch 120" in stage.text


async def test_the_model_gets_the_drawing_in_mnists_form_and_that_is_shown() -> None:
    source = ScriptedSource()
    pane = DrawPane(source)
    async with alone(pane) as stage:
        # Small, in a corner.
        await Mouse(stage).drag(cell(3, 3), cell(3, 9))
        wanted = to_mnist_form(ink_of(pane))
        assert np.ptp(np.flatnonzero(wanted.any(axis=1))) + 1 >= 19  # it has grown

        def newest_is_sent() -> bool:
            if source.open:
                source.answer(1)
            return source.request.images == wanted.tobytes()

        await stage.until(lambda: source.sent and newest_is_sent(), "a request with all of it")
        shown = pane.query_one(Bitmap).image
        assert shown is not None
        assert shown.pixels == wanted.tobytes()


@pytest.mark.slow
async def test_the_right_button_erases_and_the_middle_one_does_nothing() -> None:
    source = ScriptedSource()
    pane = DrawPane(source)
    async with alone(pane) as stage:
        await draw_a_one(stage)
        before = ink_of(pane)
        await draw_a_one(stage, button=Mouse.MIDDLE)
        assert np.array_equal(ink_of(pane), before)
        await Mouse(stage).drag(cell(14, 2), cell(14, 12), button=Mouse.RIGHT)
        assert not ink_of(pane)[:12].any()
        assert ink_of(pane)[18:24].any()
        await draw_a_one(stage, button=Mouse.RIGHT)
        assert not ink_of(pane).any()
        await stage.sees("Draw a digit.")
        assert not source.open


async def test_where_the_terminal_reports_pixels_the_stroke_follows_them() -> None:
    pane = DrawPane(ScriptedSource())
    async with alone(pane) as stage:
        # Cells of 10 by 20: ten pixels to the right is one of the drawing, ten down one too.
        def at(x: float, y: float) -> tuple[int, int]:
            return round(10 * (LEFT + x)), round(10 * (2 * TOP + y))

        await Mouse(stage, cell=(10, 20)).drag(at(5.7, 9.1), at(5.7, 19.9))
        ink = ink_of(pane)
        assert ink[9:20, 5].min() == 255  # its upper half of a line, too
        assert ink[6].max() < ink[8].max()
        assert 0 < ink[14, 7] < ink[14, 4] < ink[14, 5]


async def test_cells_alone_give_no_gap_between_two_events() -> None:
    pane = DrawPane(ScriptedSource())
    async with alone(pane) as stage:
        await Mouse(stage).drag(cell(2, 2), cell(25, 25))
        assert min(ink_of(pane)[i, i] for i in range(4, 24)) > 150


async def test_a_stroke_may_leave_the_canvas_and_come_back() -> None:
    pane = DrawPane(ScriptedSource())
    async with alone(pane) as stage:
        await Mouse(stage).drag(cell(20, 8), (60, TOP + 4), cell(20, 20))
        assert ink_of(pane)[8, 20:].min() > 200
        assert ink_of(pane)[:, :18].max() == 0


async def test_a_button_let_go_outside_the_terminal_ends_the_stroke() -> None:
    pane = DrawPane(ScriptedSource())
    async with alone(pane) as stage:
        mouse = Mouse(stage)
        await mouse.send(Mouse.LEFT, *cell(5, 5))
        await mouse.send(35, *cell(20, 20))  # moves without a button
        await mouse.send(35, *cell(5, 20))
        assert not ink_of(pane)[18:, :].any()
        assert stage.app.mouse_captured is None


@pytest.mark.slow
async def test_keys_draw_erase_clear_and_undo() -> None:
    source = ScriptedSource()
    pane = DrawPane(source)
    async with alone(pane) as stage:
        press = stage.pilot.press
        await press("left", "up")  # the pen is up
        assert not ink_of(pane).any()
        await press("space")
        await stage.sees("drawing")
        await press(*["down"] * 5)
        await press("space")
        assert "drawing" not in stage.text
        drawn = ink_of(pane)
        assert drawn[13:19, 13].min() == 255
        await press("right", "shift+right")
        assert np.array_equal(ink_of(pane), drawn)
        await press("shift+left", "left", "e")
        await stage.sees("erasing")
        await press("up", "up", "backspace")
        assert not ink_of(pane)[17:].any()
        assert ink_of(pane)[13].any()
        await press("c")
        assert not ink_of(pane).any()
        await press("u", "u")
        assert np.array_equal(ink_of(pane), drawn)
        await press("delete", "u", "u")
        assert not ink_of(pane).any()
        await press("u")
        assert not ink_of(pane).any()


@pytest.mark.slow
async def test_the_pen_stays_on_the_canvas_and_ticks_show_where_it_is() -> None:
    pane = DrawPane(ScriptedSource())
    async with alone(pane) as stage:
        await stage.pilot.press(*["shift+left"] * 9, *["shift+up"] * 9)
        lines = stage.text.splitlines()
        assert lines[0][1:].startswith("╭┬──")
        assert lines[TOP][1] == "├"
        await stage.pilot.press(*["shift+right"] * 9, *["shift+down"] * 9)
        lines = stage.text.splitlines()
        assert lines[0][1:31].endswith("──┬╮")
        assert lines[TOP + 13][30] == "┤"


async def test_undo_in_the_middle_of_a_stroke_takes_all_of_it_back() -> None:
    pane = DrawPane(ScriptedSource())
    async with alone(pane) as stage:
        await stage.pilot.press("space", "down", "down", "u")
        assert not ink_of(pane).any()
        assert "drawing" not in stage.text
        await stage.pilot.press("down")
        assert not ink_of(pane).any()


async def test_the_footer_shows_only_what_can_be_done() -> None:
    pane = DrawPane(ScriptedSource())
    async with alone(pane) as stage:
        await stage.until(lambda: "space Draw" in stage.footer, "the keys")
        assert "Clear" not in stage.footer
        assert "Undo" not in stage.footer
        await draw_a_one(stage)
        await stage.until(lambda: "Undo" in stage.footer, "the key u")
        assert "c Clear" in stage.footer
        await stage.pilot.press("c")
        await stage.until(lambda: "Clear" not in stage.footer, "no key c")
        assert "Undo" in stage.footer


async def test_why_there_is_no_result_is_one_line() -> None:
    source = ScriptedSource()
    async with alone(DrawPane(source)) as stage:
        await draw_a_one(stage)
        await stage.until(lambda: source.sent, "a request")
        source.refuse(MnistTuiError("there is no model yet; start a run"))
        await stage.sees("there is no model yet; start a run")
        assert "%" not in stage.text


async def test_an_unsure_prediction_is_called_one() -> None:
    source = ScriptedSource()
    async with alone(DrawPane(source)) as stage:
        await draw_a_one(stage)
        await stage.until(lambda: source.sent, "a request")
        source.answer(4, 0.31)
        await stage.sees("Unsure, perhaps 4: 31 %")


async def test_a_validation_repeats_the_request() -> None:
    source = ScriptedSource()
    pane = DrawPane(source)
    async with alone(pane) as stage:
        pane.show_results(ValidationResults())
        assert not source.sent  # nothing is drawn
        await draw_a_one(stage)
        await stage.until(lambda: source.sent, "a request")
        source.answer(1)
        await stage.until(lambda: source.open or "%" in stage.text, "a result")
        while source.open:
            source.answer(1)
            await stage.pilot.pause()
        sent = len(source.sent)
        pane.show_results(ValidationResults())
        assert len(source.sent) == sent + 1


async def test_leaving_cancels_the_request() -> None:
    source = ScriptedSource()
    pane = DrawPane(source)
    async with alone(pane) as stage:
        await draw_a_one(stage)
        await stage.until(lambda: source.open, "a request")
        await pane.remove()
        assert not source.open
        assert source.sent[-1][1].cancelled()


@pytest.mark.slow
async def test_the_drawing_is_there_when_one_comes_back() -> None:
    source = ScriptedSource()
    pane = DrawPane(source)
    async with alone(pane) as stage:
        await draw_a_one(stage)
        drawn, memory = ink_of(pane), pane.remember()
        await pane.remove()
        again = DrawPane(source)
        again.memory = memory
        await stage.app.mount(again)
        await stage.pilot.pause()
        assert np.array_equal(ink_of(again), drawn)
        await stage.until(lambda: source.open, "a request about it")
        again.focus()
        await stage.pilot.press("u")
        assert not ink_of(again).any()
        await stage.pilot.press("space", "down")
        assert ink_of(again).any()


async def test_a_step_back_lifts_the_pen_and_then_there_is_nothing_left_to_undo() -> None:
    pane = DrawPane(ScriptedSource())
    async with alone(pane) as stage:
        assert not pane.step_back()
        await stage.pilot.press("space", "down")
        assert pane.step_back()
        drawn = ink_of(pane)
        await stage.pilot.press("down", "down")
        assert np.array_equal(ink_of(pane), drawn)
        assert not pane.step_back()


@pytest.mark.parametrize("count", [3, 47])
async def test_a_model_with_other_classes_shows_the_likeliest_of_them(count: int) -> None:
    names = tuple(f"class {label}" for label in range(count))
    source = ScriptedSource(classes=names)
    async with alone(DrawPane(source)) as stage:
        await draw_a_one(stage)
        await stage.until(lambda: source.open, "a request")
        source.answer(count - 2, 0.83)
        await stage.sees(f"Predicted as class {count - 2}: 83 %")
        assert any("▸ clas" in line and "83 %" in line for line in stage.text.splitlines())
        assert sum(" % " in f"{line} " for line in stage.text.splitlines()) == min(count, 14) + 1


async def test_enter_hands_the_drawing_to_the_pane_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    pane = DrawPane(ScriptedSource())
    opened: list[InsightPane.Opened] = []
    async with alone(pane) as stage:
        monkeypatch.setattr(
            type(stage.app), "on_insight_pane_opened", lambda _, event: opened.append(event), False
        )
        await stage.pilot.press("enter")
        assert not opened
        await draw_a_one(stage)
        await stage.pilot.press("enter")
        await stage.until(lambda: opened, "the message")
        drawing = to_mnist_form(ink_of(pane)).tobytes()
    assert opened[0].title == InsidePane.TITLE
    assert opened[0].memory == FilterSelection(example=-1, drawing=drawing)


@pytest.mark.parametrize(
    ("size", "scale", "sees"),
    [((80, 22), 1, True), ((140, 42), 2, True), ((200, 56), 3, True), ((60, 22), 1, False)],
)
async def test_the_canvas_is_as_large_as_there_is_room_for(
    size: tuple[int, int], scale: int, sees: bool
) -> None:
    pane = DrawPane(ScriptedSource())
    async with alone(pane, size) as stage:
        canvas = pane.query_one(Canvas)
        await stage.until(lambda: canvas.scale == scale and canvas.size.width == 28 * scale + 2)
        assert canvas.size.height == 14 * scale + 2
        assert ("the model sees" in stage.text) is sees
        await Mouse(stage).drag(cell(14, 4, scale), cell(14, 24, scale))
        assert ink_of(pane)[5:24, 14].min() == 255
        assert ink_of(pane)[1].max() == 0


def test_a_canvas_is_never_smaller_than_a_cell_for_two_pixels() -> None:
    assert scale_for(3, 3) == 1


def test_probabilities_of_the_script_are_probabilities() -> None:
    assert sum(sure_of(3)) == pytest.approx(1)


@pytest.mark.slow
async def test_an_image_file_whose_path_is_pasted_is_read_in_place_of_the_drawing(
    tmp_path: Path,
) -> None:
    file = tmp_path / "a photograph.png"
    file.write_bytes(encode(page()))
    source = ScriptedSource()
    pane = DrawPane(source)
    async with alone(pane) as stage:
        await stage.paste(f"'{file}' ")
        await stage.until(lambda: source.sent, "a request")
        expected = read_picture(file.read_bytes(), file.name)
        assert source.request.images == expected.pixels
        source.answer(3)
        await stage.sees("Predicted as 3")
        assert "photograph" in stage.text
        assert "cropped" in stage.text
        assert "inverted: dark on light" in stage.text
        await stage.pilot.press("c")
        await stage.sees("Draw a digit.")
        assert "cropped" not in stage.text


async def test_where_images_are_no_handwriting_pictures_are_taken_whole_and_none_is_drawn(
    tmp_path: Path,
) -> None:
    file = tmp_path / "shoe.png"
    file.write_bytes(encode(page()))
    source = ScriptedSource(classes=("Bag", "Ankle boot", "Shirt"), is_handwriting=False)
    pane = DrawPane(source)
    async with alone(pane) as stage:
        await stage.sees("Open an image file.")
        assert not pane.query_one(Canvas).display
        assert "Draw" not in stage.text.splitlines()[-1]
        await stage.pilot.press("space", "right", "down")
        assert pane.query_one(Canvas).drawing.is_empty
        await stage.paste(str(file))
        await stage.until(lambda: source.sent, "a request")
        whole = read_whole(file.read_bytes(), file.name)
        assert source.request.images == whole.pixels
        source.answer(1)
        await stage.sees("Predicted as Ankle boot")
        assert "photograph" in stage.text
        assert "cropped" not in stage.text
        await stage.pilot.press("c")
        await stage.sees("Open an image file.")


async def test_letters_are_drawn_and_called_characters() -> None:
    async with alone(DrawPane(ScriptedSource(classes=tuple("ABC")))) as stage:
        await stage.sees("Draw a character.")


async def test_what_is_doubtful_about_a_picture_is_shown_with_its_prediction(
    tmp_path: Path,
) -> None:
    (tmp_path / "cut.png").write_bytes(encode(page().crop((0, 0, 300, 150))))
    source = ScriptedSource()
    pane = DrawPane(source)
    async with alone(pane) as stage:
        pane.open_image(tmp_path / "cut.png")
        await stage.until(lambda: source.sent, "a request")
        source.answer(7)
        await stage.sees("cut off by the frame")


async def test_a_path_can_be_typed_and_a_bad_file_is_named(tmp_path: Path) -> None:
    source = ScriptedSource()
    pane = DrawPane(source)
    async with alone(pane) as stage:
        await stage.pilot.press("o", *"nowhere", "enter")
        await stage.sees("nowhere is not there")
        assert not source.sent
        assert pane.has_focus
