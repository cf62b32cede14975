"""Networks and data that a script hands over itself."""

import runpy
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import mnist_tui
from mnist_tui.api.arrays import keep_arrays
from mnist_tui.cli import main
from mnist_tui.data import load_dataset
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


@pytest.mark.slow
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


@pytest.mark.slow
def test_the_files_that_a_script_imports_are_kept_and_the_command_finds_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "lesson"
    (folder / "parts").mkdir(parents=True)
    (folder / "parts/__init__.py").write_text("from torch.nn import Linear\n")
    (folder / "sizes.py").write_text("PIXELS = 784\n")
    (folder / "lesson.py").write_text(LESSON)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(folder))
    trains = {"data": "sample", "name": "a", **SETTINGS}
    run = runpy.run_path(str(folder / "lesson.py"), init_globals={"trains": trains})["run"]
    kept = {path.relative_to(run.path / "source").as_posix() for path in sources(run.path)}
    assert kept == {"lesson.py", "sizes.py", "parts/__init__.py"}
    for name in ("parts", "sizes"):  # as in another process
        del sys.modules[name]
    monkeypatch.setattr(sys, "path", [path for path in sys.path if path != str(folder)])
    with pytest.raises(SystemExit) as ended:
        main(["evaluate", "a"])
    assert not ended.value.code
    assert "model       Net, the end of epoch 1" in capsys.readouterr().out


LESSON = """
import mnist_tui
from torch import nn
from parts import Linear
from sizes import PIXELS

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = Linear(PIXELS, 10)

    def forward(self, x):
        return self.layer(x.flatten(1))

if "trains" in globals():
    run = mnist_tui.train(Net, **trains)
"""


def sources(run: Path) -> list[Path]:
    return list((run / "source").rglob("*.py"))


def test_a_network_that_is_made_begins_with_its_own_weights(tmp_path: Path) -> None:
    network = Small(3)
    before = network.layer.weight.clone()
    run = mnist_tui.train(network, arrays(), runs_dir=tmp_path, **{**SETTINGS, "lr": 1e-12})
    assert torch.allclose(run.model.state_dict()["layer.weight"], before)
    assert torch.equal(network.layer.weight, before), "the script's own is left alone"


@pytest.mark.slow
def test_a_network_that_was_made_with_arguments_is_resumed_by_its_script_alone(
    few_digits: Path, tmp_path: Path
) -> None:
    given = {**SETTINGS, "data_dir": str(few_digits), "runs_dir": tmp_path}
    mnist_tui.train(Deep(width=5), "mnist", name="a", **given)
    with pytest.raises(UsageError, match=r"makes another network .*its 1.weight is \(5, 784\)"):
        mnist_tui.resume("a", runs_dir=tmp_path, epochs=2, quiet=True)
    run = mnist_tui.resume("a", model=Deep(width=5), runs_dir=tmp_path, epochs=2, quiet=True)
    assert len(run.rows) == 2


class Deep(nn.Sequential):
    """Two layers."""

    def __init__(self, width: int = 3) -> None:
        super().__init__(nn.Flatten(), nn.Linear(784, width), nn.Linear(width, 10))


@pytest.mark.slow
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
        (
            Small,
            (np.zeros((20, 28, 28)), np.zeros(3, int)),
            DataError,
            "^the arrays cannot be trained on: 20 images but 3 labels$",
        ),
    ],
)
def test_what_cannot_be_used_is_refused(
    tmp_path: Path, model: Any, data: Any, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        mnist_tui.train(model, data, runs_dir=tmp_path, **SETTINGS)
    assert not list(tmp_path.iterdir()), "what is refused leaves nothing behind"


def test_arrays_are_called_so_and_known_by_what_is_in_them(tmp_path: Path) -> None:
    kept = keep_arrays(arrays(), tmp_path)
    data = load_dataset(str(kept))
    assert (data.title, data.name) == ("arrays, 72 + 18 images", str(kept))
    own = kept.rename(tmp_path / f"{kept.stem}.npz")
    named = load_dataset(str(own))
    assert named.title.startswith(f"{kept.stem}, ")
    assert named.fingerprint == data.fingerprint
