"""The curves of a run's batches, on disk."""

import io
import math
import random
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnist_tui.errors import DataError
from mnist_tui.run.events import LearningRateChanged
from mnist_tui.run.history import LossHistory
from mnist_tui.store.history_file import BatchCurves, history_bytes, read_history

RATES = (LearningRateChanged(lr=0.1 / 3, previous=0.01, epoch=2, global_batch=1_000_000_007),)


def curves(batches: int, bad: float = math.inf) -> BatchCurves:
    """Those of a run of so many batches, one of whose losses is no number."""
    history = LossHistory(recent=16, buckets=8)
    history.extend(1 / (1 + batch) if batch != 5 else bad for batch in range(batches))
    return BatchCurves(history.snapshot(), RATES)


@pytest.mark.parametrize("batches", [0, 1, 7, 8, 100, 1_000])
def test_what_was_written_is_read(batches: int, tmp_path: Path) -> None:
    path = tmp_path / "history.npz"
    path.write_bytes(history_bytes(curves(batches)))
    assert repr(read_history(path)) == repr(curves(batches)), "compared as text for nan's sake"


def test_without_a_file_there_are_no_curves(tmp_path: Path) -> None:
    assert read_history(tmp_path / "history.npz") is None


@given(st.integers(0, 2**32), st.integers(1, 30))
def test_no_damage_does_harm(tmp_path_factory: pytest.TempPathFactory, seed: int, n: int) -> None:
    dice = random.Random(seed)
    content = bytearray(history_bytes(curves(100)))
    for _ in range(n):
        content[dice.randrange(len(content))] = dice.randrange(256)
    path = tmp_path_factory.getbasetemp() / "damaged.npz"
    path.write_bytes(content)
    with suppress(DataError):
        found = read_history(path)
        assert found is not None
        LossHistory().restore(found.losses)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("width_and_count", [1, 101]),
        ("width_and_count", [0, 100]),
        ("width_and_count", [3, 100]),
        ("buckets", np.zeros((0, 6))),
        ("recent", np.zeros(101)),
        ("rates", [[1.0, 2.0]]),
    ],
)
def test_what_no_run_can_have_been_is_refused(tmp_path: Path, name: str, value: object) -> None:
    with np.load(io.BytesIO(history_bytes(curves(100)))) as arrays:
        changed = {**arrays, name: np.array(value)}
    np.savez(tmp_path / "history.npz", **changed)
    with pytest.raises(DataError, match="cannot be read"):
        read_history(tmp_path / "history.npz")
