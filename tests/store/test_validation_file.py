"""What a run's validations showed, on disk."""

import io
import pickle
import random
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mnist_tui.errors import DataError
from mnist_tui.run.validation import (
    MAX_EPOCHS,
    EpochResults,
    Example,
    TrackedExample,
    ValidationResults,
)
from mnist_tui.store.validation_file import read_validation, validation_bytes


def some_insight() -> ValidationResults:
    image = bytes(range(256)) * 3 + bytes(16)
    given = np.full((20, 10), 0.125, "<f2").tobytes()
    confusion = tuple(tuple(range(10 * row, 10 * row + 10)) for row in range(10))
    mistake = Example(
        index=9_999,
        label=4,
        predicted=9,
        probability=0.75,
        label_probability=0.25,
        loss=1.5,
        image=image,
    )
    return ValidationResults(
        tracked=tuple(TrackedExample(index=i, label=i // 2, image=image) for i in range(20)),
        epochs=tuple(
            EpochResults(epoch=epoch, confusion=confusion, tracked=given) for epoch in (1, 2, 4)
        ),
        mistakes=(mistake, mistake),
        least_confident=(mistake,),
    )


@pytest.mark.parametrize("insight", [ValidationResults(), some_insight()])
def test_what_was_written_is_read(insight: ValidationResults, tmp_path: Path) -> None:
    path = tmp_path / "insight.npz"
    path.write_bytes(validation_bytes(insight))
    assert read_validation(path) == insight


def test_a_file_of_an_older_version_with_every_epoch_of_a_long_run_is_read(tmp_path: Path) -> None:
    known = some_insight()
    epochs = tuple(replace(known.epochs[0], epoch=1 + epoch) for epoch in range(2_000))
    with np.load(io.BytesIO(validation_bytes(replace(known, epochs=epochs)))) as arrays:
        np.savez_compressed(tmp_path / "insight.npz", **arrays)
    found = read_validation(tmp_path / "insight.npz")
    assert len(found.epochs) <= MAX_EPOCHS
    assert found.last == epochs[-1]
    assert (found.tracked, found.mistakes) == (known.tracked, known.mistakes)


def test_no_file_is_nothing_known(tmp_path: Path) -> None:
    assert read_validation(tmp_path / "insight.npz") == ValidationResults()


def test_a_damaged_file_is_refused_and_never_read_as_another(tmp_path: Path) -> None:
    path, good, chance = (
        tmp_path / "insight.npz",
        validation_bytes(some_insight()),
        random.Random(0),
    )
    for _ in range(200):
        damaged = bytearray(good)
        if chance.random() < 0.5:
            damaged[chance.randrange(len(good))] ^= 1 << chance.randrange(8)
        else:
            del damaged[chance.randrange(len(good)) :]
        path.write_bytes(damaged)
        with suppress(DataError):
            assert read_validation(path) == some_insight(), "a checksum was not looked at"


def test_code_in_the_file_is_not_run(tmp_path: Path) -> None:
    class Code:
        def __reduce__(self) -> object:
            return (Path.touch, (tmp_path / "ran",))

    path = tmp_path / "insight.npz"
    buffer = io.BytesIO()
    np.savez(buffer, epochs=np.array([Code()], dtype=object))
    for content in (buffer.getvalue(), pickle.dumps(Code())):
        path.write_bytes(content)
        with pytest.raises(DataError):
            read_validation(path)
    assert not (tmp_path / "ran").exists()
