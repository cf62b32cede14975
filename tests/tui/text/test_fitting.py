"""Words made to fit into columns."""

import pytest
from rich.cells import cell_len

from mnist_tui.tui.text.fitting import shorten_middle


@pytest.mark.parametrize(
    ("width", "fitted"),
    [(9, "lr=0.1,s2"), (8, "lr=…1,s2"), (5, "lr…s2"), (3, "l…2"), (2, "l…"), (1, "…"), (0, "")],
)
def test_a_name_keeps_its_beginning_and_its_end(width: int, fitted: str) -> None:
    assert shorten_middle("lr=0.1,s2", width) == fitted


def test_characters_of_two_columns_are_counted_as_such() -> None:
    assert shorten_middle("手書き数字", 6) == "手…字"
    assert cell_len(shorten_middle("手書き数字", 9)) == 9
