"""The digits themselves."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnist_tui.data import Dataset, Split, data_folder, load_dataset, read_mnist
from mnist_tui.data.idx import read_idx
from mnist_tui.data.registry import MNIST
from mnist_tui.data.sample import load_sample
from mnist_tui.data.spec import FILES, DatasetSpec
from mnist_tui.errors import DataError


def test_the_sample_is_split_by_class_and_always_the_same() -> None:
    digits = load_dataset("sample")
    assert np.bincount(digits.train.labels).tolist() == [400] * 10
    assert np.bincount(digits.validation.labels).tolist() == [100] * 10
    assert digits.train.images.shape == (4000, 28, 28)
    assert digits.train.images.dtype == np.uint8
    assert digits.fingerprint == load_sample().fingerprint
    assert digits.notice == ""


def test_no_validation_digit_is_trained_on() -> None:
    digits = load_sample()
    trained = {image.tobytes() for image in digits.train.images}
    assert not [image for image in digits.validation.images if image.tobytes() in trained]


def test_the_full_mnist_is_known_by_its_fingerprint(full_mnist: Path) -> None:
    digits = load_dataset("mnist", str(full_mnist))
    assert (len(digits.train), len(digits.validation)) == (60_000, 10_000)
    assert digits.fingerprint == MNIST.fingerprint
    assert digits.notice == ""
    assert digits.validation.labels[:5].tolist() == [7, 2, 1, 0, 4]


def test_another_set_under_that_name_has_a_notice(few_digits: Path) -> None:
    assert "not the official MNIST" in read_mnist(few_digits).notice


def test_labels_are_those_of_the_dataset_s_own_classes() -> None:
    split = Split(np.zeros((3, 28, 28), np.uint8), np.array([0, 1, 2]))
    spec = DatasetSpec(name="shapes", title="shapes", classes=("disc", "square", "cross"))
    assert Dataset.of(spec, "here", split, split).title == "shapes, 3 + 3 images"
    spec = replace(spec, classes=spec.classes[:2])
    with pytest.raises(DataError, match="labels other than 0 to 1"):
        Dataset.of(spec, "here", split, split)


@pytest.mark.parametrize(
    ("classes", "problem"),
    [
        (("one",), "has 1 class: 2 to 62 can be trained on"),
        (tuple(map(str, range(63))), "has 63 classes"),
        (("a", "b", "a"), "two classes named 'a'"),
    ],
)
def test_classes_that_cannot_be_trained_on_are_refused(
    classes: tuple[str, ...], problem: str
) -> None:
    with pytest.raises(DataError, match=problem):
        DatasetSpec(name="shapes", title="shapes", classes=classes)


def test_the_data_folder_is_the_option_then_the_environment_then_the_cache(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert data_folder().name == "mnist-tui"
    monkeypatch.setenv("MNIST_TUI_DATA", "~/digits")
    assert data_folder() == Path.home() / "digits"
    assert data_folder("here") == Path("here")


@given(data=st.data())
def test_a_spoiled_idx_file_is_refused_or_read_whole(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory, few_digits: Path
) -> None:
    good = (few_digits / "MNIST" / "raw" / FILES[2]).read_bytes()
    content = bytearray(good[: data.draw(st.integers(0, len(good)))])
    for _ in range(data.draw(st.integers(0, 3))):
        if content:
            where = data.draw(st.integers(0, min(len(content) - 1, 20)))
            content[where] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("idx") / "file"
    path.write_bytes(bytes(content))
    try:
        images = read_idx(path, (28, 28))
    except DataError as error:
        said = str(error)
    else:
        said = f"{path}"
        assert images.nbytes + 16 == len(content)
    assert said.startswith(str(path))
    assert "\n" not in said
