"""Networks and data that a script hands over itself."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import mnist_tui
from mnist_tui.errors import DataError, UsageError
from mnist_tui.run.events import EpochFinished, Event

SETTINGS: dict[str, Any] = {"epochs": 1, "lr": 0.05, "quiet": True}


class Small(nn.Module):
    """Scores, by one layer."""

    def __init__(self, num_classes: int = 10) -> None:
        super().__init__()
        self.layer = nn.Linear(784, num_classes)

    def forward(self, images: Tensor) -> Tensor:
        """(N, 1, 28, 28) to (N, num_classes)."""
        return self.layer(images.flatten(1))


def arrays(classes: int = 3, count: int = 90) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Images of which each class has its own bright rows."""
    labels = np.arange(count) % classes
    images = np.random.default_rng(0).integers(0, 60, (count, 28, 28)).astype(np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[8 * label : 8 * label + 8] += 150
    return images, labels, ["low", "mid", "top"][:classes]


def test_a_class_is_trained_and_its_file_kept(few_digits: Path, tmp_path: Path) -> None:
    run = mnist_tui.train(
        Small, "mnist", data_dir=str(few_digits), runs_dir=tmp_path, name="a", **SETTINGS
    )
    assert run.config.model == "test_own.py:Small"
    assert (tmp_path / "a/source/test_own.py").read_bytes() == Path(__file__).read_bytes()
    assert isinstance(run.model, Small)
    assert run.evaluate().accuracy == pytest.approx(run.rows[-1].val_accuracy)
    again = mnist_tui.load_run("a", tmp_path, model=Small)
    assert torch.equal(again.model.state_dict()["layer.bias"], run.model.state_dict()["layer.bias"])


def test_a_class_is_resumed_exactly(few_digits: Path, tmp_path: Path) -> None:
    given = {**SETTINGS, "epochs": 2, "data_dir": str(few_digits), "runs_dir": tmp_path}

    def stop(event: Event) -> None:
        if isinstance(event, EpochFinished):
            raise StopIteration

    whole = mnist_tui.train(Small, "mnist", **given)
    with pytest.raises(StopIteration):
        mnist_tui.train(Small, "mnist", name="cut", on_event=stop, **given)
    resumed = mnist_tui.resume("cut", model=Small, runs_dir=tmp_path, quiet=True)
    for name, tensor in whole.model.state_dict().items():
        assert torch.equal(tensor, resumed.model.state_dict()[name])
    with pytest.raises(UsageError, match="is not what run cut was trained with"):
        mnist_tui.resume("cut", model=Other, runs_dir=tmp_path, epochs=3, quiet=True)


class Other(Small):
    """Another one."""


def test_a_network_that_is_made_begins_with_its_own_weights(tmp_path: Path) -> None:
    network = Small(3)
    before = network.layer.weight.clone()
    run = mnist_tui.train(network, arrays(), runs_dir=tmp_path, **{**SETTINGS, "lr": 1e-12})
    assert torch.allclose(run.model.state_dict()["layer.weight"], before)
    assert torch.equal(network.layer.weight, before), "the script's own is left alone"


def test_arrays_are_trained_on_with_the_names_of_their_classes(tmp_path: Path) -> None:
    images, labels, names = arrays()
    given = {**SETTINGS, "epochs": 20, "batch_size": 8}
    run = mnist_tui.train(Small, (images, labels, names), runs_dir=tmp_path, **given)
    predictions = run.predict(images[:6])
    assert predictions.probabilities.shape == (6, 3)
    assert predictions.classes == ("low", "mid", "top")
    assert predictions.names == ["low", "mid", "top"] * 2
    [kept] = (tmp_path / ".data").iterdir()
    mnist_tui.train(Small, {"images": images, "labels": labels, "classes": names},
                    runs_dir=tmp_path, **SETTINGS)  # fmt: skip
    assert list((tmp_path / ".data").iterdir()) == [kept], "the same content, the same file"
    assert mnist_tui.load_run(run.path, model=Small).evaluate().samples == 18


@pytest.mark.parametrize(
    ("model", "data", "error", "words"),
    [
        (3, None, UsageError, r"model must be a torch\.nn\.Module"),
        (lambda width: Small(width), None, UsageError, "cannot be made without width"),
        (Small, 5, DataError, "data must be a name"),
        (Small, (np.zeros((3, 5, 5)), np.zeros(3, int)), DataError, "not N x 28 x 28"),
    ],
)
def test_what_cannot_be_used_is_refused(
    tmp_path: Path, model: Any, data: Any, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        mnist_tui.train(model, data, runs_dir=tmp_path, **SETTINGS)
