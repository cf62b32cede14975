"""Loss and accuracy, their changes and the best."""

import pytest

from mnist_tui.run.log import Scores
from mnist_tui.run.progress import Progress
from mnist_tui.tui.dashboard.scoreboard import BOARD_WIDTH, scoreboard
from mnist_tui.tui.widgets.lines import width_of
from tests.run.values import epoch_row
from tests.tui.app_harness import plain


@pytest.mark.parametrize("width", [1, 10, 26, 40, 54, 100])
def test_the_scoreboard_fits_its_width_in_whole_columns(width: int) -> None:
    scores = Scores(epoch_row(5), epoch_row(4), epoch_row(5))
    progress = Progress(epoch=6, epochs=19, train_loss=0.1, train_accuracy=0.97)
    lines = scoreboard(progress, scores, width)
    assert len(lines) == 3
    if width >= 26:
        assert all(width_of(line) <= width for line in lines)


def test_the_scoreboard_shows_changes_with_their_direction() -> None:
    scores = Scores(epoch_row(2), epoch_row(1), epoch_row(2))
    progress = Progress(epoch=3, epochs=19, train_loss=0.2, train_accuracy=0.95)
    heading, loss, accuracy = map(plain, scoreboard(progress, scores, BOARD_WIDTH))
    assert "★ epoch 2" in heading
    assert "0.2000 ▼0.0850" in loss
    assert "0.1350 ▼0.0750" in loss
    assert "95.00 % ▲3.50" in accuracy
    assert accuracy.rstrip().endswith("96.10 %")


def test_a_change_that_is_too_long_for_its_columns_loses_decimals_and_never_its_size() -> None:
    scores = Scores(epoch_row(2), epoch_row(1), epoch_row(2))
    for loss, change in ((19.2, "▲18.915"), (5_432.1, "▲5431.8"), (1.9e11, "▲2e+11")):
        progress = Progress(epoch=3, epochs=19, train_loss=loss, train_accuracy=0.95)
        _, line, _ = map(plain, scoreboard(progress, scores, BOARD_WIDTH))
        assert f" {change} " in line
        assert len(line) == BOARD_WIDTH
