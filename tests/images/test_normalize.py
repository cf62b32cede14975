"""Handwriting in MNIST's form."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray
from PIL import Image

from mnist_tui.data.sample import load_sample
from mnist_tui.images.normalize import (
    center_of_mass,
    fit,
    is_mnist_form,
    to_mnist_form,
)

DIGITS = load_sample().validation.images[::10]
"""100 real digits of MNIST, (100, 28, 28)."""


def scaled(digit: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    return np.asarray(Image.fromarray(digit).resize((side, side)))


def on_ground(
    ink: NDArray[np.uint8], shape: tuple[int, int], top: int, left: int
) -> NDArray[np.uint8]:
    page = np.zeros(shape, np.uint8)
    page[top : top + ink.shape[0], left : left + ink.shape[1]] = ink
    return page


def likeness(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """The correlation of two images."""
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])


def test_digits_of_mnist_stay_as_they_are_to_the_last_bit() -> None:
    for digit in DIGITS:
        assert is_mnist_form(digit)
        np.testing.assert_array_equal(to_mnist_form(digit), digit)
        np.testing.assert_array_equal(to_mnist_form(digit.astype(np.float64)), digit)


def test_digits_elsewhere_on_a_larger_ground_come_back_the_same() -> None:
    for digit in DIGITS:  # but for the faintest of their edges
        assert likeness(to_mnist_form(on_ground(digit, (90, 70), 50, 3)), digit) > 0.99


def test_scaled_digits_come_back_much_the_same() -> None:
    likenesses = [likeness(to_mnist_form(scaled(digit, 200)), digit) for digit in DIGITS]
    assert np.mean(likenesses) > 0.93
    assert min(likenesses) > 0.7


def test_an_empty_canvas_gives_no_ink() -> None:
    fitted = fit(np.zeros((28, 28)))
    assert not fitted.image.any()
    assert fitted.image.dtype == np.uint8
    assert fitted.done == ("there is no ink",)
    assert not to_mnist_form(np.zeros((0, 5))).any()


@pytest.mark.parametrize(("shape"), [(9, 3), (3, 9), (200, 30), (1, 1), (28, 1), (500, 499)])
def test_the_longer_side_becomes_20_and_the_aspect_is_kept(shape: tuple[int, int]) -> None:
    page = on_ground(np.full(shape, 200, np.uint8), (600, 600), 7, 60)
    rows, columns = (np.flatnonzero(to_mnist_form(page).any(axis=axis)) for axis in (1, 0))
    height, width = shape
    scale = 20 / max(shape)
    assert len(rows) == max(1, round(scale * height))
    assert len(columns) == max(1, round(scale * width))


def test_the_center_of_mass_comes_to_the_middle() -> None:
    seven = np.zeros((60, 60), np.uint8)
    seven[10:14, 5:30] = 255  # heavy above
    seven[10:50, 26:30] = 255
    row, column = center_of_mass(to_mnist_form(seven))
    assert 13.5 <= row < 14.5
    assert 13.5 <= column < 14.5


def test_ink_whose_mass_is_at_one_end_is_not_pushed_out() -> None:
    ink = np.zeros((200, 200), np.uint8)
    ink[:60, :] = 255
    ink[:, :10] = 130
    fitted = to_mnist_form(ink)
    assert np.ptp(np.flatnonzero(fitted.any(axis=1))) + 1 == 20


def test_faint_ink_becomes_as_strong_as_mnists() -> None:
    page = np.zeros((50, 50))
    page[5:40, 20:24] = 30.0
    assert to_mnist_form(page).max() == 255


def test_specks_are_left_out_with_a_note() -> None:
    page = on_ground(scaled(DIGITS[0], 200), (300, 400), 40, 60)
    clean = to_mnist_form(page)
    page[290, 390] = page[3, 5] = page[150, 20] = 255
    fitted = fit(page)
    assert "specks left out" in fitted.done
    np.testing.assert_array_equal(fitted.image, clean)


def test_a_dot_alone_is_ink() -> None:
    page = np.zeros((28, 28))
    page[3, 4] = 255
    assert to_mnist_form(page).any()


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(
    arrays.arrays(
        np.float32,
        st.tuples(st.integers(1, 40), st.integers(1, 40)),
        elements=st.floats(width=32),
        fill=st.just(0.0),
    )
)
def test_any_numbers_give_an_image(ink: NDArray[np.float32]) -> None:
    image = to_mnist_form(ink)
    assert image.shape == (28, 28)
    assert image.dtype == np.uint8
    assert image.any() == bool((np.nan_to_num(ink, posinf=255) >= 0.5).any())
