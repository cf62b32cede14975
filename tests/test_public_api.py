"""What a program that imports the package may use."""

from pathlib import Path

import pytest

import mnist_tui
from tests.training_helpers import few_config, train


@pytest.mark.slow
def test_a_checkpoint_of_either_network_is_used_by_the_public_names(
    few_digits: Path, tmp_path: Path
) -> None:
    for recipe, network in (("tutorial", mnist_tui.MnistNet), ("fast", mnist_tui.FastNet)):
        config = few_config(few_digits, recipe=recipe, model=MODELS[recipe], epochs=1)
        train(config, tmp_path, recipe)
        path = f"{tmp_path}/{recipe}/checkpoints/last.pt"
        network().load_state_dict(mnist_tui.read_checkpoint(path).model)


def test_every_public_name_is_there() -> None:
    assert all(hasattr(mnist_tui, name) for name in mnist_tui.__all__)


MODELS = {"tutorial": "mnist_net", "fast": "fast_net"}
