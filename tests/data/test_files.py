"""MNIST on disk in the forms in which people have it."""

import gzip
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from mnist_tui.data import load_dataset, read_mnist
from mnist_tui.data.files import find_files
from mnist_tui.data.spec import FILES
from mnist_tui.errors import DataError


def dots(raw: Path, folder: Path) -> Path:
    for name in FILES:
        shutil.copy(raw / name, folder / name.replace("-idx", ".idx"))
    return folder


def packed(raw: Path, folder: Path) -> Path:
    (folder / "MNIST" / "raw").mkdir(parents=True)
    for name in FILES:
        (folder / "MNIST" / "raw" / f"{name}.gz").write_bytes(
            gzip.compress((raw / name).read_bytes())
        )
    return folder


def as_kaggle_has_them(raw: Path, folder: Path) -> Path:
    for name in FILES:
        (folder / name).mkdir()
        shutil.copy(raw / name, folder / name / name)
    return folder


def some_packed(raw: Path, folder: Path) -> Path:
    for name in FILES[:2]:
        shutil.copy(raw / name, folder)
    for name in FILES[2:]:
        (folder / f"{name}.gz").write_bytes(gzip.compress((raw / name).read_bytes()))
    return folder


FORMS: tuple[Callable[[Path, Path], Path], ...] = (
    dots,
    packed,
    as_kaggle_has_them,
    some_packed,
    lambda raw, folder: Path(shutil.copytree(raw, folder / "flat")),
    lambda raw, folder: Path(shutil.copytree(raw.parent, folder / "new\nline ü")),
    lambda raw, folder: shutil.copytree(raw.parents[1], folder / "pytorch").parent,
    lambda raw, folder: raw.parent,
    lambda raw, folder: raw,
)


@pytest.mark.parametrize("make", FORMS)
def test_mnist_is_found_in_any_form(
    few_digits: Path, tmp_path: Path, make: Callable[[Path, Path], Path]
) -> None:
    folder = make(few_digits / "MNIST" / "raw", tmp_path)
    before = sorted(tmp_path.rglob("*"))
    assert find_files(folder).is_complete
    found = load_dataset("mnist", str(folder))
    assert found.fingerprint == read_mnist(few_digits).fingerprint
    assert sorted(tmp_path.rglob("*")) == before, "nothing is written"


def test_what_is_missing_is_named(few_digits: Path, tmp_path: Path) -> None:
    raw = Path(shutil.copytree(few_digits / "MNIST" / "raw", tmp_path / "MNIST" / "raw"))
    (raw / FILES[3]).unlink()
    said = f"MNIST is not complete in {raw} ({FILES[3]} missing)"
    with pytest.raises(DataError) as caught:
        read_mnist(tmp_path)
    assert str(caught.value) == said
    with pytest.raises(DataError) as caught:
        load_dataset("mnist", str(tmp_path), should_stop=lambda: True)
    assert str(caught.value).startswith(said)


def test_a_download_that_another_process_is_at_is_not_taken(
    few_digits: Path, tmp_path: Path
) -> None:
    shutil.copytree(few_digits, tmp_path / ".download-abc")
    assert not find_files(tmp_path).is_complete


def test_the_form_of_old_versions_of_torchvision_is_named(tmp_path: Path) -> None:
    path = tmp_path / "MNIST" / "processed" / "training.pt"
    path.parent.mkdir(parents=True)
    path.touch()
    with pytest.raises(DataError, match=r"only as .*training.pt, in which old versions of"):
        read_mnist(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("spoil", "word"),
    [
        (lambda content: gzip.compress(content)[:-9], "cannot be unpacked"),
        (lambda content: b"not gzip", "cannot be unpacked"),
        (lambda content: gzip.compress(content[:-1]), "is not 8"),
        (lambda content: gzip.compress(content + b"x"), "more than that"),
        (lambda content: gzip.compress(content + bytes(10**8)), "more than that"),
        (lambda content: gzip.compress(content[:6]), "only 6 bytes"),
    ],
)
def test_a_damaged_packed_file_is_refused(
    few_digits: Path, tmp_path: Path, spoil: Callable[[bytes], bytes], word: str
) -> None:
    folder = packed(few_digits / "MNIST" / "raw", tmp_path)
    path = folder / "MNIST" / "raw" / f"{FILES[2]}.gz"
    content = gzip.decompress(path.read_bytes())
    path.write_bytes(spoil(content))
    with pytest.raises(DataError, match="damaged") as caught:
        read_mnist(folder)
    assert word.replace("is not 8", f"is not {len(content)}") in str(caught.value)
