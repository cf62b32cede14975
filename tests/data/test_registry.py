"""Datasets other than MNIST: found, turned upright, named, and distinguished."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from mnist_tui.config import SETTINGS
from mnist_tui.data import load_dataset
from mnist_tui.data.files import find_files
from mnist_tui.data.registry import EMNIST_BALANCED, FASHION, MNIST, SPECS
from mnist_tui.data.sample import load_sample
from mnist_tui.data.spec import FILES
from mnist_tui.errors import DataError
from mnist_tui.rules import DatasetName
from tests.data.other_sets import write_set

OTHERS = tuple(name for name, spec in SPECS.items() if spec.files and spec is not MNIST)
DEBIAN = Path("/usr/share/datasets/fashion-mnist")


@pytest.fixture
def nothing_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Hide what packages of the system have put on this machine."""
    assert FASHION.files is not None
    elsewhere = tmp_path / "no such folder"
    monkeypatch.setitem(FASHION.files.__dict__, "installed", str(elsewhere))


def test_the_settings_take_all_that_the_registry_has_and_nothing_else() -> None:
    rule = SETTINGS["dataset"].rule
    assert isinstance(rule, DatasetName)
    assert set(rule.names) == {"auto", *SPECS}


@pytest.mark.parametrize("name", OTHERS)
def test_each_is_read_as_the_digits_that_it_was_written_from(name: str, tmp_path: Path) -> None:
    found = load_dataset(name, str(write_set(name, tmp_path)))
    sample = load_sample()
    assert np.array_equal(found.train.images, sample.train.images[::10])
    assert np.array_equal(found.train.labels, sample.train.labels[::10])
    assert np.array_equal(found.validation.images, sample.validation.images[::10])
    assert found.name == name
    assert found.train.images.flags.c_contiguous


def test_classes_have_the_names_of_the_files_own_documentation() -> None:
    balanced = EMNIST_BALANCED.classes
    assert len(balanced) == 47
    assert (balanced[0], balanced[10], balanced[35], balanced[36], balanced[46]) == tuple("0AZat")
    assert len(SPECS["emnist-letters"].classes) == 26
    assert FASHION.classes[6] == "Shirt"
    assert SPECS["kmnist"].classes[0] == "お o"


def test_files_of_another_set_by_the_same_names_are_refused(tmp_path: Path) -> None:
    if not DEBIAN.exists():
        pytest.skip(f"Fashion-MNIST is not in {DEBIAN}: install dataset-fashion-mnist")
    with pytest.raises(DataError, match="is Fashion-MNIST, not MNIST"):
        load_dataset("mnist", str(DEBIAN))


@pytest.mark.usefixtures("nothing_installed")
def test_a_set_that_is_not_the_official_one_has_a_notice(tmp_path: Path) -> None:
    found = load_dataset("fashion", str(write_set("fashion", tmp_path)))
    assert found.notice == (
        f"the dataset in {tmp_path / 'FashionMNIST' / 'raw'} is not the official Fashion-MNIST"
    )
    assert load_dataset("kmnist", str(write_set("kmnist", tmp_path))).notice == ""


@pytest.mark.usefixtures("nothing_installed")
def test_each_set_has_a_folder_of_its_own(few_digits: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(few_digits, tmp_path / "data"))
    assert find_files(folder, MNIST).is_complete
    assert not find_files(folder, FASHION).is_complete
    write_set("fashion", folder)
    assert find_files(folder, FASHION).folder == folder / "FashionMNIST" / "raw"
    assert find_files(folder, MNIST).folder == folder / "MNIST" / "raw"


@pytest.mark.usefixtures("nothing_installed")
def test_what_is_missing_is_said_with_the_size_and_the_ways_out(tmp_path: Path) -> None:
    said: list[str] = []
    with pytest.raises(DataError, match=r"Fashion-MNIST is not in .*dataset-fashion-mnist"):
        load_dataset("fashion", str(tmp_path), on_status=said.append, should_stop=lambda: True)
    assert said == ["trying to download Fashion-MNIST, 31 MB"]
    with pytest.raises(DataError, match="EMNIST letters is not in"):
        load_dataset(
            "emnist-letters", str(tmp_path), on_status=said.append, should_stop=lambda: True
        )
    assert said[1] == "trying to download EMNIST letters, 562 MB"
    with pytest.raises(DataError, match="a run downloads it when it starts"):
        load_dataset("kmnist", str(tmp_path), may_download=False)


def test_debians_fashion_mnist_is_the_official_one() -> None:
    if not DEBIAN.exists():
        pytest.skip(f"Fashion-MNIST is not in {DEBIAN}: install dataset-fashion-mnist")
    found = load_dataset("fashion")
    assert found.title == "Fashion-MNIST, 60,000 + 10,000 images"
    assert (found.notice, found.fingerprint) == ("", FASHION.fingerprint)
    assert not found.spec.is_handwriting
    assert np.bincount(found.validation.labels).tolist() == [1000] * 10


def test_files_packed_and_of_other_names_are_found_as_mnists_are(tmp_path: Path) -> None:
    raw = write_set("kmnist", tmp_path) / "KMNIST" / "raw"
    flat = tmp_path / "flat"
    flat.mkdir()
    for name in FILES:
        shutil.copy(raw / name, flat / name.replace("-idx", ".idx"))
    assert load_dataset("kmnist", str(flat)).title == "Kuzushiji-MNIST, 400 + 100 images"
