"""Networks from checkpoints and from the state dicts of other programs."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from mnist_tui.errors import CheckpointError
from mnist_tui.inference.load import read_model
from mnist_tui.models.registry import MNIST_CLASSES, build_model
from mnist_tui.store.checkpoint import read_checkpoint
from tests.training_helpers import few_config, train

State = Mapping[str, Tensor]


def under(prefix: str) -> Callable[[State], Any]:
    return lambda state: {f"{prefix}{name}": tensor for name, tensor in state.items()}


WAYS: tuple[Callable[[State], Any], ...] = (
    lambda state: state,
    lambda state: {"state_dict": state, "epoch": 3},
    lambda state: {"model_state_dict": state, "optimizer_state_dict": {}, "loss": 0.1},
    lambda state: {"model": state},
    under("module."),
    under("_orig_mod."),
    under("module._orig_mod."),
    lambda state: {"pytorch-lightning_version": "2.5", "state_dict": under("model.")(state)},
    lambda state: {name: tensor.half().float().double() for name, tensor in state.items()},
)


@pytest.mark.parametrize("name", ["mnist_net", "fast_net"])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("is_zip", [True, False])
def test_a_state_dict_that_fits_is_read(
    tmp_path: Path, name: str, way: Callable[[State], Any], is_zip: bool
) -> None:
    network = build_model(name, MNIST_CLASSES).module.eval()
    path = tmp_path / "weights.pt"
    torch.save(way(network.state_dict()), path, _use_new_zipfile_serialization=is_zip)
    loaded = read_model(path)
    assert type(loaded.classifier.module) is type(network)
    assert loaded.checkpoint is None
    assert "of another program" in loaded.notice
    image = torch.rand(1, 1, 28, 28)
    with torch.inference_mode():
        assert torch.allclose(loaded.classifier(image), network(image), atol=1e-2)


def test_a_checkpoint_saved_again_by_hand_can_still_be_evaluated(
    few_digits: Path, tmp_path: Path
) -> None:
    path = train(few_config(few_digits, epochs=1), tmp_path).directory.last
    before = read_model(path)
    assert before.checkpoint is not None
    assert before.notice == ""
    torch.save(torch.load(path, weights_only=True), path)
    again = read_model(path)
    assert "saved again by another program" in again.notice
    weights = again.classifier.module.state_dict()
    assert all(
        torch.equal(tensor, weights[name]) for name, tensor in before.checkpoint.model.items()
    )
    with pytest.raises(CheckpointError, match="no run can resume from it"):
        read_checkpoint(path)


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"conv1.weight": torch.zeros(64, 3, 7, 7)}, "another network, 1 tensors, the first"),
        ({"state_dict": {"a": 1}, "pytorch-lightning_version": "2"}, "PyTorch Lightning"),
        ({"epoch": 3, "loss": 0.1}, "a dict of 'epoch', 'loss'"),
        ({}, "a dict of nothing"),
        (torch.zeros(3), "it is a tensor"),
        ([1, 2], "it is a list"),
    ],
)
def test_weights_that_do_not_fit_are_called_what_they_are(
    tmp_path: Path, values: Any, word: str
) -> None:
    path = tmp_path / "other.pt"
    torch.save(values, path)
    with pytest.raises(CheckpointError) as caught:
        read_model(path)
    assert word in str(caught.value)


def test_weights_that_are_not_numbers_are_refused(tmp_path: Path) -> None:
    state = build_model("mnist_net", MNIST_CLASSES).module.state_dict()
    state["fc1.bias"].fill_(float("nan"))
    torch.save(state, tmp_path / "nan.pt")
    with pytest.raises(CheckpointError, match=r"fc1\.bias has values that are not numbers"):
        read_model(tmp_path / "nan.pt")
