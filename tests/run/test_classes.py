"""The names of classes, and what they are called."""

from typing import Any

import pytest

from mnist_tui.run.classes import DIGITS, are_digits, classes_in, classes_noun, images_noun

LETTERS = tuple("abc")


def test_digits_are_called_so_and_nothing_else_is() -> None:
    assert are_digits(list("0123456789"))
    assert not are_digits("012345678")
    assert (classes_noun(DIGITS), images_noun(DIGITS)) == ("digit", "digits")
    assert (classes_noun(LETTERS), images_noun(LETTERS)) == ("class", "images")


def test_names_are_read_from_a_list_of_them() -> None:
    assert classes_in(["Bag", "Ankle boot"]) == ("Bag", "Ankle boot")


@pytest.mark.parametrize(
    "record", [None, "ab", 7, [], ["one"], ["a", 1], [str(i) for i in range(63)]]
)
def test_whatever_else_a_file_says_means_the_ten_digits(record: Any) -> None:
    assert classes_in(record) == DIGITS
