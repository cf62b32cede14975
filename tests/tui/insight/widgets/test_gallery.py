"""How images are laid out, captioned and cut."""

import numpy as np
import pytest

from mnist_tui.tui.insight.widgets.gallery import Grid, Tile, thumbnail


@pytest.mark.parametrize(
    ("width", "height", "wanted", "side"),
    [(48, 18, 12, 10), (78, 18, 20, 10), (108, 40, 12, 20), (5, 3, 12, 10), (20, 11, 1, 20)],
)
def test_images_are_as_large_as_the_wanted_number_allows(
    width: int, height: int, wanted: int, side: int
) -> None:
    assert Grid.of(width, height, wanted).side == side


def test_a_caption_distinguishes_right_from_wrong_without_color() -> None:
    wrong, right = Tile(b"", "4", "9", 0.873), Tile(b"", "4", "4", 1.0)
    assert wrong.caption(20)[0] == "✗ 4 → 9  87 %"
    assert wrong.caption(10)[0] == "✗ 4→9 87%"
    assert right.caption(10)[0] == "✓ 4 100%"
    assert Tile(b"", "4").caption(10)[0] == "4"


def test_of_a_long_caption_the_percentage_is_left_out_first() -> None:
    tile = Tile(b"", "Coat", "Shirt", 0.873)
    assert tile.caption(20)[0] == "✗ Coat → Shirt  87 %"
    assert tile.caption(16)[0] == "✗ Coat→Shirt 87%"
    assert tile.caption(12)[0] == "✗ Coat→Shirt"


def image_with_ink(side: int) -> bytes:
    pixels = np.zeros((28, 28), np.uint8)
    pixels[2 : 2 + side, 3 : 3 + side] = 255
    return pixels.tobytes()


def test_margins_are_cut_where_the_ink_is_as_small_as_mnists() -> None:
    assert thumbnail(image_with_ink(20), 20).array.min() == 255


def test_an_image_with_more_ink_is_shown_whole() -> None:
    whole = thumbnail(image_with_ink(24), 14).array
    assert whole[1:13, 2:13].min() > 200
    assert whole[0].max() == 0
