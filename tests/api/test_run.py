"""A run on disk as an object."""

from pathlib import Path

import numpy as np
import pytest
import torch

import mnist_tui
from mnist_tui.api.run import every_loss, to_pixels
from mnist_tui.errors import CheckpointError, DataError, UsageError
from mnist_tui.run.history import LossHistory
from tests.training_helpers import few_config, train


@pytest.fixture(scope="module")
def run(few_digits: Path, tmp_path_factory: pytest.TempPathFactory) -> mnist_tui.Run:
    folder = tmp_path_factory.mktemp("runs")
    train(few_config(few_digits, epochs=3, lr=0.2), folder, "shown")
    return mnist_tui.load_run("shown", folder)


def test_a_run_is_found_by_folder_by_name_and_as_the_newest(run: mnist_tui.Run) -> None:
    for path in (run.path, str(run.path)):
        assert mnist_tui.load_run(path).path == run.path
    assert mnist_tui.load_run(runs_dir=run.path.parent).path == run.path
    with pytest.raises(UsageError, match="there is no run named other"):
        mnist_tui.load_run("other", run.path.parent)


def test_a_run_describes_itself(run: mnist_tui.Run) -> None:
    best = max(row.val_accuracy for row in run.rows)
    assert repr(run) == f"<Run 'shown': finished, 3 epochs, best validation accuracy {best:.4f}>"


def test_every_batch_has_a_loss_however_long_the_run_was() -> None:
    history = LossHistory(recent=8, buckets=4)
    history.extend(float(i) for i in range(21))
    losses = every_loss(history.snapshot())
    assert losses.shape == (21,)
    assert losses[-8:].tolist() == [float(i) for i in range(13, 21)]
    assert losses[:8].tolist() == pytest.approx([3.5] * 8)


def test_the_evaluation_is_that_of_the_last_epoch(run: mnist_tui.Run) -> None:
    assert run.evaluate().accuracy == pytest.approx(run.rows[-1].val_accuracy)
    best = max(row.val_accuracy for row in run.rows)
    assert run.evaluate(best=True).accuracy == pytest.approx(best)


def test_predictions_are_the_models_own(run: mnist_tui.Run, few_digits: Path) -> None:
    images = mnist_tui.load_dataset("mnist", str(few_digits)).validation.images
    predictions = run.predict(images)
    with torch.inference_mode():
        expected = run.model(torch.from_numpy(images / np.float32(255))[:, None])
    assert len(predictions) == len(images)
    assert predictions.labels.tolist() == expected.argmax(dim=1).tolist()
    np.testing.assert_allclose(predictions.probabilities, expected.exp().numpy(), atol=1e-5)
    # The same images in other forms.
    as_floats = run.predict(torch.from_numpy(images / np.float32(255)))
    np.testing.assert_array_equal(as_floats.probabilities, predictions.probabilities)
    assert run.predict(images[0]).labels[0] == predictions.labels[0]


@pytest.mark.parametrize(
    ("images", "words"),
    [
        (np.zeros((2, 27, 28), np.uint8), r"shape \(N, 28, 28\), not \(2, 27, 28\)"),
        (np.zeros((0, 28, 28), np.uint8), "shape"),
        (np.full((1, 28, 28), 7.0), "within 0 and 1"),
        (np.full((1, 28, 28), np.nan), "finite"),
        (np.zeros((1, 28, 28), np.int64), "int64"),
    ],
)
def test_images_of_another_form_are_refused(images: np.ndarray, words: str) -> None:
    with pytest.raises(DataError, match=words):
        to_pixels(images)


def test_a_run_without_a_checkpoint_says_so(run: mnist_tui.Run, tmp_path: Path) -> None:
    folder = tmp_path / "new"
    folder.mkdir()
    (folder / "config.json").write_bytes((run.path / "config.json").read_bytes())
    new = mnist_tui.load_run(folder)
    assert (new.rows, new.state) == ((), "ready")
    with pytest.raises(CheckpointError, match=r"run new has no last\.pt"):
        _ = new.losses
