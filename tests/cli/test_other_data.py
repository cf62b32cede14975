"""Training on datasets other than MNIST, and what is said of them in words and in JSON."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from mnist_tui.data.registry import EMNIST_LETTERS, FASHION
from mnist_tui.data.sample import load_sample
from mnist_tui.store.checkpoint import read_checkpoint
from tests.cli.done import Run, assert_one_line
from tests.data.other_sets import write_set
from tests.images.files import digit, encode

SAMPLE = load_sample()
QUICK = ("--headless", "--epochs", "1", "--recipe", "fast", "--name", "a")


@pytest.fixture
def letters(run: Run, tmp_path: Path) -> Path:
    """The folder of a run on the first ten letters, drawn as digits."""
    data = write_set("emnist-letters", tmp_path / "data")
    done = run("train", *QUICK, "--dataset", "emnist-letters", "--data-dir", data)
    assert done.code == 0, done.err
    return tmp_path / "runs" / "a"


@pytest.fixture
def words(tmp_path: Path) -> Path:
    """A folder with pictures of two classes that are not in MNIST's form."""
    for label, name in ((0, "a nought"), (1, "a very long name of a one")):
        folder = tmp_path / "words" / name
        folder.mkdir(parents=True)
        for place, image in enumerate(SAMPLE.train.images[SAMPLE.train.labels == label][:50]):
            Image.fromarray(255 - np.roll(image, 7, axis=0)).save(folder / f"{place}.png")
    return tmp_path / "words"


def test_letters_are_trained_evaluated_and_read_by_their_names(run: Run, letters: Path) -> None:
    saved = read_checkpoint(letters / "checkpoints" / "last.pt")
    assert saved.classes == EMNIST_LETTERS.classes
    assert saved.model["fc2.weight"].shape[0] == 26
    report = json.loads(run("evaluate", "a", "--json").out)
    assert report["dataset"] == "EMNIST letters, 400 + 100 images"
    assert report["classes"][3].keys() == {"class", "precision", "recall", "f1", "support"}
    assert [figures["class"] for figures in report["classes"]] == list(EMNIST_LETTERS.classes)
    assert len(report["confusion"]) == 26
    text = run("evaluate", "a").out
    assert "class  precision" in text
    assert "the most frequent mistakes:" in text
    assert all(len(line) < 80 for line in text.splitlines()[1:])


def test_a_picture_of_a_letter_is_read_as_handwriting(
    run: Run, letters: Path, tmp_path: Path
) -> None:
    (tmp_path / "one.png").write_bytes(encode(digit()))
    answer = json.loads(run("predict", "a", "one.png", "--json").out)
    assert answer["class"] in EMNIST_LETTERS.classes
    assert "digit" not in answer
    assert len(answer["probabilities"]) == 26
    assert answer["done"][-1] == "already in MNIST's form"
    header, row, *_ = run("predict", "a", "one.png").out.splitlines()
    assert header.split() == ["class", "p", "next", "p", "image"]
    assert row.startswith(answer["class"])
    lines = run("predict", "a", "one.png", "--show").out.splitlines()
    assert all(len(line) < 80 for line in lines)


def test_digits_keep_their_number_in_json_beside_their_name(run: Run, checkpoint: Path) -> None:
    report = json.loads(run("evaluate", checkpoint, "--json").out)
    assert [(c["class"], c["digit"]) for c in report["classes"]] == [(str(i), i) for i in range(10)]


def test_a_folder_is_trained_on_and_pictures_are_taken_whole(
    run: Run, words: Path, tmp_path: Path
) -> None:
    done = run("train", *QUICK, "--dataset", "words")
    assert done.code == 0, done.err
    config = json.loads((tmp_path / "runs" / "a" / "config.json").read_text())
    assert config["config"]["dataset"] == str(words)
    assert config["dataset"]["classes"] == ["a nought", "a very long name of a one"]
    assert config["dataset"]["is_handwriting"] is False
    picture = next(words.rglob("*.png"))
    answer = json.loads(run("predict", "a", picture, "--json").out)
    assert answer["done"] == ["light ground made dark"]
    assert answer["box"] == {"left": 0, "top": 0, "width": 28, "height": 28}
    shown = run("predict", "a", picture, "--show").out
    assert "cropped" not in shown
    assert all(len(line) < 80 for line in shown.splitlines()[2:])
    assert "a very long nam…" in shown
    table = run("evaluate", "a").out
    assert "predicted as, class by class:" in table
    assert_one_line(run("predict", "a", picture, "--many"), 2, "was not trained on handwriting")


@pytest.mark.slow
def test_a_run_is_resumed_where_its_data_have_gone_and_on_no_others(
    run: Run, words: Path, tmp_path: Path
) -> None:
    run("train", *QUICK, "--dataset", "words")
    words.rename(tmp_path / "moved")
    longer = ("resume", "a", "--headless", "--epochs", "2")
    assert_one_line(run(*longer), 3, str(words), "is not there", "--dataset")
    assert run(*longer, "--dataset", "moved").code == 0
    next((tmp_path / "moved").rglob("*.png")).unlink()
    more = ("resume", "a", "--headless", "--epochs", "3")
    assert_one_line(run(*more), 3, "are not what run a was trained on", "--dataset")


def test_a_network_for_other_classes_is_not_evaluated(run: Run, letters: Path) -> None:
    done = run("evaluate", "a", "--dataset", "sample")
    assert_one_line(done, 3, "tells 26 classes apart", "sample of MNIST has 10", "--dataset")


def test_weights_of_another_program_for_other_classes_get_numbers_for_names(
    run: Run, letters: Path, tmp_path: Path
) -> None:
    state = torch.load(letters / "checkpoints" / "last.pt", weights_only=True)["model"]
    torch.save(state, tmp_path / "theirs.pt")
    (tmp_path / "one.png").write_bytes(encode(digit()))
    answer = json.loads(run("predict", "theirs.pt", "one.png", "--json").out)
    assert answer["class"] in set(map(str, range(26)))


def test_what_is_no_dataset_is_wrong_usage_and_leaves_no_run(run: Run, tmp_path: Path) -> None:
    done = run("train", "--headless", "--dataset", "fashoin")
    assert_one_line(done, 2, "--dataset", "fashion", "fashoin")
    assert_one_line(run("train", "--headless", "--dataset", "./no.npz"), 3, "is not there")
    assert not (tmp_path / "runs").exists()


@pytest.mark.slow
def test_the_real_fashion_mnist_is_learned(run: Run) -> None:
    if FASHION.files is None or not Path(FASHION.files.installed).exists():
        pytest.skip("Fashion-MNIST is not installed: apt install dataset-fashion-mnist")
    done = run("train", *QUICK, "--dataset", "fashion")
    assert done.code == 0, done.err
    report = json.loads(run("evaluate", "a", "--json").out)
    assert report["accuracy"] >= 0.87
    by_name = {figures["class"]: figures["recall"] for figures in report["classes"]}
    assert min(by_name, key=lambda name: by_name[name]) == "Shirt"
