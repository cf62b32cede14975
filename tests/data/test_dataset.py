"""The digits themselves."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnist_tui.data import data_folder, load_dataset, read_mnist
from mnist_tui.data.dataset import MNIST_FINGERPRINT
from mnist_tui.data.files import FILES
from mnist_tui.data.idx import read_idx
from mnist_tui.data.sample import load_sample
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
    assert digits.fingerprint == MNIST_FINGERPRINT
    assert digits.notice == ""
    assert digits.validation.labels[:5].tolist() == [7, 2, 1, 0, 4]


def test_another_set_under_that_name_has_a_notice(few_digits: Path) -> None:
    assert "not the official MNIST" in read_mnist(few_digits).notice


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
