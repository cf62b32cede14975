"""Events as plain values, and which epoch is the best."""

import math
from dataclasses import asdict

import pytest

from mnist_tui.run.events import EpochRow, StateChanged, best_of
from mnist_tui.run.state import State
from tests.run.values import epoch_row


def scored(epoch: int, accuracy: float, loss: float) -> EpochRow:
    return epoch_row(epoch, val_accuracy=accuracy, val_loss=loss)


def test_events_become_one_line_of_json() -> None:
    event = StateChanged(state=State.PAUSED, previous=State.RUNNING)
    assert event.to_dict() == {
        "event": "state_changed",
        "state": "paused",
        "previous": "running",
        "reason": "",
    }


def test_the_best_epoch_is_the_most_accurate_and_then_the_one_of_least_loss() -> None:
    rows = [scored(1, 0.9, 0.3), scored(2, 0.9, 0.2), scored(3, 0.8, 0.1), scored(4, 0.9, 0.2)]
    assert best_of(rows) == rows[1]
    assert best_of([]) is None


def test_an_epoch_without_a_loss_is_worse_than_one_with_any() -> None:
    rows = [scored(1, 0.5, math.nan), scored(2, 0.5, 9.0), scored(3, 0.4, 0.1)]
    assert best_of(rows) == rows[1]
    assert best_of(rows[:1]) == rows[0]


def test_a_row_is_read_from_its_columns_and_no_others() -> None:
    row = epoch_row(3)
    assert EpochRow.from_dict(asdict(row)) == row
    assert EpochRow.from_dict({**asdict(row), "grad_norm": [1]}) == row
    assert math.isnan(EpochRow.from_dict({**asdict(row), "val_loss": None}).val_loss)


@pytest.mark.parametrize("value", ["3", True, [3], {}])
def test_a_row_with_what_is_no_number_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        EpochRow.from_dict({**asdict(epoch_row(3)), "seconds": value})


def test_a_row_without_one_of_its_columns_is_refused() -> None:
    values = asdict(epoch_row(3))
    del values["seconds"]
    with pytest.raises(TypeError):
        EpochRow.from_dict(values)
