"""Datasets that cannot be trained on."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mnist_tui.data.spec import FILES
from tests.cli.damage import damage
from tests.cli.done import Run, assert_one_line


@pytest.mark.parametrize("dataset", ["auto", "mnist"])
@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda content: b"", "0 bytes"),
        (lambda content: content[:3], "3 bytes"),
        (lambda content: content[:-1], "bytes long"),
        (lambda content: content + b"x", "bytes long"),
        (lambda content: b"\x1f\x8b" + content[2:], "1f8b"),
        (lambda content: content[:4] + b"\xff\xff\xff\xff" + content[8:], "4294967295"),
        (lambda content: content[:4] + b"\x00\x00\x00\x00" + content[8:], "0 items"),
    ],
)
def test_a_damaged_data_file_is_named(
    run: Run,
    few_digits: Path,
    tmp_path: Path,
    file: str,
    change: Callable[[bytes], bytes],
    word: str,
    dataset: str,
) -> None:
    data_dir = damage(few_digits, tmp_path, file, change)
    done = run("train", "--headless", "--dataset", dataset, "--data-dir", data_dir)
    assert_one_line(done, 3, file, word, "damaged")


def test_images_of_another_size_are_named(run: Run, few_digits: Path, tmp_path: Path) -> None:
    def change(content: bytes) -> bytes:
        return content[:8] + (32).to_bytes(4, "big") + content[12:]

    data_dir = damage(few_digits, tmp_path, FILES[0], change)
    done = run("train", "--headless", "--data-dir", data_dir)
    assert_one_line(done, 3, FILES[0], "32 by 28")


def test_labels_above_nine_are_named(run: Run, few_digits: Path, tmp_path: Path) -> None:
    data_dir = damage(few_digits, tmp_path, FILES[3], lambda content: content[:-1] + b"\x0a")
    assert_one_line(run("train", "--headless", "--data-dir", data_dir), 3, "labels")


def test_images_without_labels_are_named(run: Run, few_digits: Path, tmp_path: Path) -> None:
    def change(content: bytes) -> bytes:
        count = int.from_bytes(content[4:8], "big") - 1
        return content[:4] + count.to_bytes(4, "big") + content[8:-1]

    data_dir = damage(few_digits, tmp_path, FILES[1], change)
    assert_one_line(run("train", "--headless", "--data-dir", data_dir), 3, "82", "81")


def test_a_data_file_that_is_a_folder_is_named(run: Run, few_digits: Path, tmp_path: Path) -> None:
    data_dir = damage(few_digits, tmp_path, FILES[0], lambda content: content)
    path = data_dir / "MNIST" / "raw" / FILES[0]
    path.unlink()
    path.mkdir()
    assert_one_line(run("train", "--headless", "--data-dir", data_dir), 3, FILES[0])
