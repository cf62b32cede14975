"""Photographs of handwriting, one kind of trouble each: what is found is what was written."""

from collections.abc import Iterator
from io import BytesIO

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from devtools.photographs import KINDS, photographs
from mnist_tui.data.sample import load_sample
from mnist_tui.errors import DataError
from mnist_tui.images.image import Picture, read_digits, read_picture
from tests.images.files import encode

DIGITS = load_sample().validation.images
BLANK = [kind for kind, shot in KINDS.items() if shot.is_blank]
SINGLE = [kind for kind, shot in KINDS.items() if not shot.is_blank and not shot.beside]


LEAST = {"tilted": 0.45, "thick": 0.5, "marker": 0.6}
"""Likeness to what was written before it was turned, or written with a thick pen."""

FOUND = {"two shadows": 0.6, "pen's cap": 0.85}
"""The fraction of digits that are found where that is hard."""


def likeness(picture: Picture, digit: NDArray[np.uint8]) -> float:
    """The correlation with the digit that was written, shifted by up to two pixels."""
    found = np.frombuffer(picture.pixels, np.uint8).reshape(28, 28)
    shifts = [(y, x) for y in range(-2, 3) for x in range(-2, 3)]
    return max(
        float(np.corrcoef(np.roll(found, shift, (0, 1)).ravel(), digit.ravel())[0, 1])
        for shift in shifts
    )


def likenesses(kind: str, digits: NDArray[np.uint8]) -> Iterator[float]:
    """How much alike each digit and what is read of its photograph are; 0 where it is refused."""
    for content, digit in zip(photographs(kind, digits), digits, strict=True):
        try:
            yield likeness(read_picture(content, "photograph.jpg"), digit)
        except DataError:
            yield 0.0


@pytest.mark.slow
@pytest.mark.parametrize("kind", SINGLE[::13])
def test_a_digit_is_found_in_a_photograph(kind: str) -> None:
    assert min(likenesses(kind, DIGITS[[3, 450]])) > LEAST.get(kind, 0.7)


@pytest.mark.parametrize("kind", BLANK[::3])
def test_where_nothing_is_written_nothing_is_found(kind: str) -> None:
    for content in photographs(kind, DIGITS[:1]):
        with pytest.raises(DataError, match="blank"):
            read_picture(content, "photograph.jpg")


@pytest.mark.slow
@pytest.mark.parametrize("kind", SINGLE)
def test_most_digits_are_found_in_every_kind_of_photograph(kind: str) -> None:
    found = list(likenesses(kind, DIGITS[::40]))
    assert np.mean(np.array(found) > LEAST.get(kind, 0.7)) >= FOUND.get(kind, 0.92)


@pytest.mark.slow
@pytest.mark.parametrize("kind", BLANK)
def test_hardly_any_blank_sheet_gets_a_digit(kind: str) -> None:
    found = 0
    for content in photographs(kind, DIGITS[:25]):
        try:
            read_picture(content, "photograph.jpg")
        except DataError:
            continue
        found += 1
    assert found <= 1


@pytest.mark.slow
def test_digits_beside_each_other_are_never_read_as_one_without_a_warning() -> None:
    for content in photographs("three", DIGITS[:3]):
        assert read_picture(content, "photograph.jpg").warnings


@pytest.mark.slow
def test_a_digit_that_goes_on_beyond_the_frame_has_a_warning() -> None:
    for content in photographs("plain", DIGITS[:2]):
        picture = read_picture(content, "photograph.jpg")
        middle = picture.box.top + picture.box.height // 2
        with Image.open(_file(content)) as whole:
            cut = whole.crop((0, 0, whole.width, middle))
        assert "cut off by the frame" in read_picture(encode(cut), "cut.png").warnings


def test_a_large_light_digit_on_a_board_is_no_sheet_of_paper() -> None:
    board = np.full((600, 500), 50.0)
    cv2.ellipse(board, (250, 300), (150, 190), 10, 0, 360, 220.0, 60)
    board += np.random.default_rng(0).normal(0, 3, board.shape)
    picture = read_picture(encode(Image.fromarray(board.clip(0, 255).astype(np.uint8))), "0.png")
    assert picture.warnings == ()
    assert "cut to the sheet" not in picture.done
    assert picture.box.width > 300


def test_what_was_found_on_a_page_without_a_digit_is_named() -> None:
    page = np.full((400, 300), 235, np.uint8)
    page[:, :60] = 60
    with pytest.raises(DataError, match="no digit found, only what touches the frame"):
        read_picture(encode(Image.fromarray(page)), "page.png")


@pytest.mark.slow
def test_no_part_of_thick_strokes_becomes_background() -> None:
    digits = DIGITS[[5, 245, 605]]
    for content, digit in zip(photographs("marker", digits), digits, strict=True):
        picture = read_picture(content, "photograph.jpg")
        assert picture.warnings == ()
        assert likeness(picture, digit) > 0.7


@pytest.mark.slow
def test_the_box_is_where_the_digit_is_in_the_photograph_itself() -> None:
    [content] = photographs("plain", DIGITS[:1])
    with Image.open(_file(content)) as small:
        large = small.resize((3 * small.width, 3 * small.height))
    one, other = (read_picture(each, "x").box for each in (content, encode(large, "JPEG")))
    for name in ("left", "top", "width", "height"):
        assert getattr(other, name) == pytest.approx(3 * getattr(one, name), abs=20)


def test_digits_of_a_sheet_come_line_by_line_from_left_to_right() -> None:
    rng = np.random.default_rng(0)
    sheet = np.full((900, 1200), 235.0)
    written = DIGITS[rng.permutation(len(DIGITS))[:20]]
    for number, digit in enumerate(written):
        row, column = divmod(number, 5)
        top, left = 40 + 210 * row + rng.integers(-15, 15), 50 + 230 * column
        ink = np.asarray(Image.fromarray(digit).resize((140, 140)), float) / 255
        sheet[top : top + 140, left : left + 140] -= 190 * ink
    sheet += rng.normal(0, 3, sheet.shape)
    content = encode(Image.fromarray(sheet.clip(0, 255).astype(np.uint8)), "JPEG")
    found = read_digits(content, "sheet.jpg")
    assert [(each.place, each.count) for each in found] == [(i, 20) for i in range(1, 21)]
    pairs = [likeness(each, digit) for each, digit in zip(found, written, strict=True)]
    assert min(pairs) > 0.75


def test_steps_are_shown_from_the_photograph_to_what_was_cropped() -> None:
    [content] = photographs("lines", DIGITS[:1])
    picture = read_picture(content, "photograph.jpg")
    images = [step.image for step in picture.steps if step.image is not None]
    assert len(images) == 3
    assert all(max(image.shape) <= 112 for image in images)
    assert [step for step in picture.done if "printed lines taken out" in step]


def _file(content: bytes) -> BytesIO:
    return BytesIO(content)
