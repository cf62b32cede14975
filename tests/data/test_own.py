"""Data of the user's own: a folder of images, and a file of arrays."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mnist_tui.config import SETTINGS, TrainConfig, recipe_config
from mnist_tui.data import Dataset, load_dataset
from mnist_tui.data.sample import load_sample
from mnist_tui.errors import ConfigError, DataError
from tests.data.other_sets import write_images
from tests.engine.test_resume import assert_same_run
from tests.training_helpers import train, train_in_two_processes

SAMPLE = load_sample().validation


def of_class(dataset: Dataset, label: int) -> set[bytes]:
    splits = (dataset.train, dataset.validation)
    return {i.tobytes() for s in splits for i in s.images[s.labels == label]}


def test_a_folder_per_class_is_a_dataset_whose_images_are_the_files(tmp_path: Path) -> None:
    found = load_dataset(str(write_images(tmp_path / "words")))
    assert found.title == "words, 24 + 6 images"
    assert found.classes == ("nought", "one", "two")
    assert found.name == found.source == str(tmp_path / "words")
    assert found.spec.is_handwriting, "they are in MNIST's form"
    for label in range(3):
        images = SAMPLE.images[SAMPLE.labels == label][:10]
        assert of_class(found, label) == {image.tobytes() for image in images}


@pytest.mark.parametrize("name", ["words", "words.npz"])
def test_data_in_a_closed_folder_are_one_line(closed_folder: Path, name: str) -> None:
    with pytest.raises(DataError, match=f"cannot read .*{name}: Permission denied") as raised:
        load_dataset(str(closed_folder / name))
    assert raised.value.remedy.settings == {"dataset": None}


def test_the_split_depends_on_the_contents_alone(tmp_path: Path) -> None:
    first = load_dataset(str(write_images(tmp_path / "first")))
    for place, path in enumerate(sorted((tmp_path / "first").rglob("*.png"), reverse=True)):
        new = tmp_path / "second" / path.parent.name / "deeper" / f"{place}.png"
        new.parent.mkdir(parents=True, exist_ok=True)
        new.write_bytes(path.read_bytes())
    again = load_dataset(str(tmp_path / "second"))
    assert again.fingerprint == first.fingerprint
    assert not of_class(first, 0) & of_class(first, 1)


def test_a_copy_of_an_image_is_never_in_both_splits(tmp_path: Path) -> None:
    folder = write_images(tmp_path)
    for path in list(folder.rglob("*.png")):
        path.with_stem(f"copy-{path.stem}").write_bytes(path.read_bytes())
    found = load_dataset(str(folder))
    assert (len(found.train), len(found.validation)) == (24, 6)


def test_a_folder_that_is_split_already_keeps_its_split(tmp_path: Path) -> None:
    write_images(tmp_path / "train", 7)
    write_images(tmp_path / "val", 3)
    found = load_dataset(str(tmp_path))
    assert (len(found.train), len(found.validation)) == (21, 9)
    (tmp_path / "val" / "two").rename(tmp_path / "val" / "three")
    with pytest.raises(DataError, match=r"have different folders \(three is in one of them only"):
        load_dataset(str(tmp_path))


def test_pictures_of_any_size_and_kind_are_fitted_whole_on_a_dark_ground(tmp_path: Path) -> None:
    for name, color in (("light", 40), ("dark", 215)):
        (tmp_path / name).mkdir()
        for place in range(5):
            image = Image.new("L", (200, 100), 255 - color)
            image.paste(color, (50 + place, 25, 150, 75))
            image.convert("RGB").save(tmp_path / name / f"{place}.jpg", quality=95)
    found = load_dataset(str(tmp_path))
    assert not found.spec.is_handwriting
    ground = found.train.images[:, 0, 0]
    middle = found.train.images[:, 14, 14]
    assert (ground < 60).all()
    assert (middle > 200).all()


def test_files_that_cannot_be_read_are_listed_and_left_out(tmp_path: Path) -> None:
    folder = write_images(tmp_path)
    (folder / "one" / "broken.png").write_bytes((folder / "one" / "000.png").read_bytes()[:90])
    (folder / "two" / "empty.png").touch()
    (folder / "two" / "notes.txt").write_text("no image, and not meant as one")
    found = load_dataset(str(folder))
    assert len(found.train) + len(found.validation) == 30
    assert found.notice.startswith("2 left out: ")
    assert "broken.png is" in found.notice
    assert "empty.png is empty" in found.notice
    assert "notes" not in found.notice


def test_classes_are_in_the_order_in_which_one_counts(tmp_path: Path) -> None:
    for label in (10, 9, 2, 0):
        (tmp_path / f"shape {label}").mkdir()
        for place in range(2):
            image = np.full((9, 9), 20 * label + place, np.uint8)
            Image.fromarray(image).save(tmp_path / f"shape {label}" / f"{place}.png")
    assert load_dataset(str(tmp_path)).classes == ("shape 0", "shape 2", "shape 9", "shape 10")


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda path: None, "has no folders: put the images of each class into a folder"),
        (lambda path: (path / "a").mkdir(), "has 1 class: 2 to 62 can be trained on"),
        (lambda path: [(path / name).mkdir() for name in "ab"], "a is a folder without images"),
        (lambda path: write_images(path, 1), "class 'nought' has one image; each needs two"),
    ],
)
def test_a_folder_that_is_no_dataset_is_refused_in_one_line(
    tmp_path: Path, make: Any, problem: str
) -> None:
    make(tmp_path)
    with pytest.raises(DataError, match=problem) as caught:
        load_dataset(str(tmp_path))
    assert "\n" not in str(caught.value)
    assert caught.value.remedy is not None


def save(path: Path, **arrays: Any) -> str:
    np.savez(path, **arrays)
    return str(path)


IMAGES, LABELS = SAMPLE.images[::5], SAMPLE.labels[::5]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["folder", "file"])
def test_a_run_is_resumed_exactly_in_mid_epoch_in_another_process(
    kind: str, tmp_path: Path
) -> None:
    data = (
        str(write_images(tmp_path / "words", 30))
        if kind == "folder"
        else save(tmp_path / "own.npz", images=IMAGES, labels=LABELS)
    )
    config = recipe_config(dataset=data, epochs=2, batch_size=16, lr=0.05)
    train(config, tmp_path, "whole")
    train_in_two_processes(config, tmp_path, "parts", 3)
    assert_same_run(tmp_path / "whole", tmp_path / "parts")


@pytest.mark.parametrize(
    "images",
    [
        IMAGES,
        IMAGES.reshape(-1, 784),
        IMAGES[:, None],
        IMAGES[..., None].astype(np.int64),
        IMAGES.astype(np.float32) / 255,
        IMAGES.astype(np.float64),
    ],
)
def test_arrays_of_images_are_taken_in_all_their_usual_forms(images: Any, tmp_path: Path) -> None:
    found = load_dataset(save(tmp_path / "own.npz", images=images, labels=LABELS))
    assert found.title == "own, 160 + 40 digits"
    assert of_class(found, 3) == {image.tobytes() for image in IMAGES[LABELS == 3]}


def test_names_of_classes_are_taken_from_the_file(tmp_path: Path) -> None:
    names = np.array(list("abcdefghij"))
    found = load_dataset(save(tmp_path / "o.npz", images=IMAGES, labels=LABELS, classes=names))
    assert found.classes == tuple("abcdefghij")


@pytest.mark.parametrize(
    ("arrays", "problem"),
    [
        ({"x_train": IMAGES}, "has no images and no labels, but x_train"),
        ({"images": IMAGES, "labels": LABELS[1:]}, "200 images but 199 labels"),
        ({"images": IMAGES[:, :27], "labels": LABELS}, "images are 200 x 27 x 28, not N x 28 x 28"),
        ({"images": IMAGES - 300.0, "labels": LABELS}, "values from -300 to -45"),
        ({"images": IMAGES * np.nan, "labels": LABELS}, "values from nan"),
        ({"images": IMAGES, "labels": LABELS / 2}, "labels are 200 of float64"),
        ({"images": IMAGES, "labels": LABELS - 1}, "labels begin at -1"),
        ({"images": IMAGES, "labels": LABELS * 99}, "has 892 classes: 2 to 62"),
        ({"images": IMAGES, "labels": LABELS, "classes": ["a", "b"]}, "up to 9, but 2 names"),
        ({"images": IMAGES, "labels": LABELS * 2}, "class '1' has no images"),
        ({"images": np.array([None]), "labels": LABELS}, "it holds Python objects"),
        ({"images": IMAGES[:0], "labels": LABELS[:0]}, "there are no images"),
    ],
)
def test_other_arrays_are_refused_in_one_line(
    arrays: dict[str, Any], problem: str, tmp_path: Path
) -> None:
    path = save(tmp_path / "own.npz", **arrays)
    with pytest.raises(DataError, match=problem) as caught:
        load_dataset(path)
    assert "\n" not in str(caught.value)
    assert path in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"no arrays at all" * 99])
def test_a_file_of_another_kind_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "own.npz").write_bytes(content)
    with pytest.raises(DataError, match=r"cannot be read as an \.npz file"):
        load_dataset(str(tmp_path / "own.npz"))
    with pytest.raises(DataError, match="is not there"):
        load_dataset(str(tmp_path / "other.npz"))


def test_an_image_in_place_of_a_folder_is_said_to_be_one(tmp_path: Path) -> None:
    path = next(write_images(tmp_path).rglob("*.png"))
    said = rf"{path} is an image; name a folder that has one folder of images for each class"
    with pytest.raises(DataError, match=said):
        load_dataset(str(path))


@pytest.mark.parametrize(("kept", "found"), [(0, "no images"), (1, "one image")])
def test_a_class_with_fewer_than_two_images_is_refused(
    kept: int, found: str, tmp_path: Path
) -> None:
    first = min(path for path in write_images(tmp_path).iterdir() if path.is_dir())
    for path in sorted(first.iterdir())[kept:]:
        path.unlink()
    with pytest.raises(DataError, match=f"has {found}; each needs two different ones"):
        load_dataset(str(first.parent))


def test_a_path_is_stored_in_full_and_a_name_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shapes").mkdir()
    (tmp_path / "mnist").mkdir()
    rule = SETTINGS["dataset"].rule
    assert rule.parse("mnist") == "mnist", "a name comes first"
    assert rule.parse("./mnist") == str(tmp_path / "mnist")
    assert rule.parse("shapes") == str(tmp_path / "shapes")
    assert rule.parse("~/a.npz") == str(Path.home() / "a.npz")
    assert TrainConfig(dataset=r"C:\data\shapes").dataset == r"C:\data\shapes"
    with pytest.raises(ConfigError, match=r"one of auto, mnist, sample, fashion,.*'fashoin'"):
        TrainConfig(dataset="fashoin")


def test_a_home_that_nobody_has_is_named_in_one_line() -> None:
    with pytest.raises(DataError, match="nobody-of-that-name"):
        load_dataset("~nobody-of-that-name/digits")
