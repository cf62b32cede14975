"""Names of classes where there is little room."""

from itertools import product

import pytest
from rich.cells import cell_len

from mnist_tui.data.registry import SPECS
from mnist_tui.tui.insight.widgets.class_bars import short_names

NUMBERED = tuple(f"class {number}" for number in range(47))


@pytest.mark.parametrize(("name", "width"), list(product(SPECS, (2, 3, 7))))
def test_the_classes_of_every_dataset_are_distinct_in_a_few_columns(name: str, width: int) -> None:
    short = short_names(SPECS[name].classes, width)
    assert len(set(short)) == len(short)
    assert max(map(cell_len, short)) <= width


def test_names_that_begin_alike_are_distinguished_by_their_ends() -> None:
    short = short_names(NUMBERED, 3)
    assert (short[7], short[12], short[46]) == ("cs7", "c12", "c46")
    assert len(set(short_names(NUMBERED, 2))) == 47


def test_a_name_that_fits_stays_as_it_is_and_double_width_counts_twice() -> None:
    assert short_names(("Bag", "お o", "Ankle boot"), 4) == ("Bag", "お o", "Ankl")
    assert short_names(("お o", "き k"), 3) == ("お", "き")


def test_names_that_no_few_columns_distinguish_are_cut() -> None:
    assert short_names(("ab", "ac", "bb"), 1) == ("b", "c", "b")
