"""The names of a dataset's classes, in the order of its labels."""

from collections.abc import Sequence
from typing import Any, Final

DIGITS: Final = tuple("0123456789")
"""The classes of MNIST, and of every run and checkpoint that does not say otherwise."""

FEWEST_CLASSES: Final = 2
MOST_CLASSES: Final = 62
"""As many as EMNIST distinguishes: digits, capital and small letters."""


def are_digits(classes: Sequence[str]) -> bool:
    """Whether the classes are the ten digits, so that they may be called that."""
    return tuple(classes) == DIGITS


def classes_noun(classes: Sequence[str]) -> str:
    """What one of the classes is called: `digit` or `class`."""
    return "digit" if are_digits(classes) else "class"


def images_noun(classes: Sequence[str]) -> str:
    """What the images are called: `digits` or `images`."""
    return "digits" if are_digits(classes) else "images"


def classes_in(record: Any) -> tuple[str, ...]:
    """The names in a list that was read from a file; DIGITS where it is not one of names."""
    if not isinstance(record, list | tuple) or not all(isinstance(name, str) for name in record):
        return DIGITS
    return tuple(record) if FEWEST_CLASSES <= len(record) <= MOST_CLASSES else DIGITS
