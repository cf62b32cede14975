"""What a checkpoint makes of pictures, against what `evaluate` makes of the same digits."""

import random
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from mnist_tui.config import recipe_config
from mnist_tui.data.sample import load_sample
from mnist_tui.errors import CheckpointError, UsageError
from mnist_tui.images.image import BadPicture
from mnist_tui.inference import predict
from mnist_tui.inference.evaluate import evaluate_checkpoint
from mnist_tui.inference.predict import Prediction, predict_pictures
from tests.images.files import digit, encode
from tests.training_helpers import train

DIGITS = load_sample().validation
COUNT = len(DIGITS)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network that has learned from the sample for a moment."""
    config = recipe_config("fast", dataset="sample", epochs=2, checkpoint_every_s=0.0)
    run = train(config, tmp_path_factory.mktemp("runs"))
    return run.directory.path / "checkpoints" / "last.pt"


def predictions(checkpoint: Path, folder: Path) -> list[Prediction]:
    found = list(predict_pictures(checkpoint, [str(folder)], "cpu"))
    assert [each for each in found if isinstance(each, BadPicture)] == []
    return [each for each in found if isinstance(each, Prediction)]


@pytest.mark.slow
def test_digits_written_as_png_files_get_the_predictions_of_evaluate(
    checkpoint: Path, tmp_path: Path
) -> None:
    for number, image in enumerate(DIGITS.images):
        Image.fromarray(image).save(tmp_path / f"{number:04d}.png")
    found = predictions(checkpoint, tmp_path)
    confusion = np.zeros((10, 10), int)
    np.add.at(confusion, (DIGITS.labels, np.array([each.predicted for each in found])), 1)
    evaluated = evaluate_checkpoint(checkpoint, None, None, "cpu")
    assert evaluated.accuracy > 0.85
    assert np.abs(confusion - evaluated.confusion).sum() <= 2 * 0.01 * COUNT


@pytest.mark.slow
def test_the_same_digits_large_on_white_pages_get_much_the_same_predictions(
    checkpoint: Path, tmp_path: Path
) -> None:
    chance = random.Random(0)
    plain, pages = tmp_path / "plain", tmp_path / "pages"
    plain.mkdir()
    pages.mkdir()
    for number, image in enumerate(DIGITS.images[::8]):
        small = Image.fromarray(image)
        small.save(plain / f"{number:04d}.png")
        width, height = chance.randint(230, 500), chance.randint(230, 500)
        page = Image.new("L", (width, height), 255)
        place = chance.randint(5, width - 205), chance.randint(5, height - 205)
        page.paste(ImageOps.invert(small.resize((200, 200))), place)
        page.save(pages / f"{number:04d}.png")
    pairs = zip(predictions(checkpoint, plain), predictions(checkpoint, pages), strict=True)
    equal = [small.predicted == large.predicted for small, large in pairs]
    assert np.mean(equal) >= 0.95


@pytest.mark.slow
def test_a_prediction_has_ten_probabilities_and_their_greatest(
    checkpoint: Path, tmp_path: Path
) -> None:
    digit().save(tmp_path / "digit.png")
    [found] = predictions(checkpoint, tmp_path)
    assert sum(found.probabilities) == pytest.approx(1)
    assert len(found.probabilities) == 10
    assert found.probability == max(found.probabilities) == found.probabilities[found.predicted]
    assert found.probabilities[found.second] == sorted(found.probabilities)[-2]
    assert found.picture.name == str(tmp_path / "digit.png")
    assert found.picture.done == ("already in MNIST's form",)


@pytest.mark.slow
def test_no_confidence_is_claimed_for_a_picture_with_warnings(
    checkpoint: Path, tmp_path: Path
) -> None:
    for number, image in enumerate(DIGITS.images[:20]):
        page = np.full((400, 300), 255, np.uint8)
        page[60:340, 10:290] -= np.asarray(Image.fromarray(image).resize((280, 280)))
        Image.fromarray(page).save(tmp_path / f"{number:02d}-whole.png")
        Image.fromarray(page[:250]).save(tmp_path / f"{number:02d}-cut.png")
    answers = predict_pictures(checkpoint, [str(tmp_path)], "cpu")
    found = [each for each in answers if isinstance(each, Prediction)]
    whole = [each for each in found if each.picture.name.endswith("whole.png")]
    cut = [each for each in found if each not in whole]
    assert len(cut) >= 10
    assert max(each.probability for each in whole) > 0.9
    assert max(each.probability for each in cut) < 0.5
    for each in cut:
        assert "cut off by the frame" in each.warnings
        assert sum(each.probabilities) == pytest.approx(1)
        assert each.probability == max(each.probabilities) == each.probabilities[each.predicted]


def test_bad_pictures_stay_in_their_places_among_the_good(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(predict, "BATCH_SIZE", 3)
    good = encode(digit())
    contents = [b"", good, b"x", good, good, good[:60], b"", b"", b"", good]
    for number, content in enumerate(contents):
        (tmp_path / f"{number}.png").write_bytes(content)
    answers = list(predict_pictures(checkpoint, [str(tmp_path)], "cpu"))
    assert [isinstance(each, Prediction) for each in answers] == [c == good for c in contents]
    names = [each.picture.name if isinstance(each, Prediction) else each.name for each in answers]
    assert names == [str(tmp_path / f"{number}.png") for number in range(len(contents))]


def test_a_missing_checkpoint_is_reported_before_any_answer(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError):
        predict_pictures(tmp_path / "none.pt", [], "cpu")


def test_a_missing_device_is_reported(checkpoint: Path) -> None:
    with pytest.raises(UsageError, match="cuda:99"):
        predict_pictures(checkpoint, [], "cuda:99")
