"""A step without autograd is the step by autograd, to the last bit."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from mnist_tui.config import TrainConfig, recipe_config
from mnist_tui.engine.optimizers import build_optimizer
from mnist_tui.engine.steps.base import AutogradStep, Step
from mnist_tui.engine.steps.direct import DirectStep
from mnist_tui.engine.steps.select import select_step
from mnist_tui.models.mnist_net import MnistNet
from mnist_tui.models.registry import Net, build_model

CPU = torch.device("cpu")
MakeStep = Callable[[MnistNet, torch.optim.Optimizer, TrainConfig, torch.device], Step]


def left_by(
    make: MakeStep, config: TrainConfig, batches: list[tuple[Tensor, Tensor]]
) -> dict[str, Tensor]:
    """All that steps on `batches` leave, by name."""
    torch.manual_seed(0)
    model = build_model("mnist_net")
    assert isinstance(model, MnistNet)
    step = make(model, build_optimizer(model, config), config, CPU, config.precision)
    left = {}
    for number, (images, labels) in enumerate(batches):
        loss, output = step(images, labels, 0.01)
        left |= {f"loss {number}": loss, f"output {number}": output}
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None
        left |= {name: parameter.detach(), f"gradient of {name}": parameter.grad}
    return left | {"generator": torch.get_rng_state()}


def batch(size: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(size)
    images = torch.rand(size, 1, 28, 28, generator=generator)
    return images, torch.randint(0, 10, (size,), generator=generator)


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adamw"])
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("threads", [1, 2])
def test_every_bit_is_autograds(optimizer: str, precision: str, threads: int) -> None:
    config = recipe_config(optimizer=optimizer, precision=precision)
    batches = [batch(size) for size in (32, 32, 5, 1, 33)]
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        found = left_by(DirectStep, config, batches)
        wanted = left_by(AutogradStep, config, batches)
    finally:
        torch.set_num_threads(before)
    assert found.keys() == wanted.keys()
    for name, tensor in wanted.items():
        assert tensor.dtype == found[name].dtype, name
        assert torch.equal(found[name], tensor), name


def test_what_is_not_a_number_is_seen_in_the_loss() -> None:
    images, labels = batch(4)
    images[2, 0, 14, 14] = torch.nan
    found = left_by(DirectStep, recipe_config(), [(images, labels)])
    assert found["loss 0"].isnan()


@pytest.mark.parametrize(
    ("recipe", "smoothing", "kind"),
    [
        ("tutorial", 0.0, DirectStep),
        ("tutorial", 0.1, AutogradStep),
        ("fast", 0.0, AutogradStep),
    ],
)
def test_a_cpu_does_without_autograd_where_it_can(
    recipe: str, smoothing: float, kind: type[Step]
) -> None:
    config = recipe_config(recipe, label_smoothing=smoothing)
    model: Net = build_model(config.model)
    step = select_step(model, build_optimizer(model, config), config, CPU, config.precision, print)
    assert type(step) is kind
