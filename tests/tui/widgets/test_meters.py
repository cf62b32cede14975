"""Bars."""

import pytest

from mnist_tui.tui.widgets.lines import width_of
from mnist_tui.tui.widgets.meters import bar
from tests.tui.app_harness import plain


@pytest.mark.parametrize("fraction", [-1.0, 0.0, 0.1, 0.5, 0.999, 1.0, 2.0])
@pytest.mark.parametrize("width", [0, 1, 7, 40])
def test_a_bar_is_exactly_as_wide_as_asked(fraction: float, width: int) -> None:
    assert width_of(bar(fraction, width)) == width


def test_a_bar_is_distinguished_from_its_rest_without_color() -> None:
    assert plain(bar(0.5, 10)) == "━━━━━─────"
