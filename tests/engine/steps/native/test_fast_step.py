"""FastNet's step by native C kernels is the step by autograd, but for rounding.

It is compared with autograd in float64: over a batch, PyTorch's batch normalization in float32
makes a hundred times the error, enough to turn a ReLU on or off in most batches.
"""

import copy
import ctypes
import logging
import shutil
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional as F

from mnist_tui.config import recipe_config
from mnist_tui.engine.optimizers import build_optimizer
from mnist_tui.engine.steps.base import AutogradStep
from mnist_tui.engine.steps.native import library
from mnist_tui.engine.steps.native.fast_step import FastStep
from mnist_tui.engine.steps.select import select_step
from mnist_tui.models.classifier import Classifier
from mnist_tui.models.fast_net import FastNet
from tests.engine.steps.native.test_mnist_step import CLOSE, CPU, batch, forget

pytestmark = pytest.mark.skipif(
    not any(shutil.which(name) for name in library.COMPILERS), reason="there is no C compiler"
)
SMOOTHING = 0.1


@pytest.fixture(autouse=True)
def _load_anew() -> None:
    forget()


def make_net(seed: int = 0, classes: int = 10) -> FastNet:
    torch.manual_seed(seed)
    net = FastNet(classes)
    with torch.no_grad():  # at the start all are 1 and 0, which hides mistakes
        for norm in (net.norm1, net.norm2):
            norm.weight.uniform_(0.5, 1.5)
            norm.bias.uniform_(-0.5, 0.5)
    return net


def make_step(net: FastNet, optimizer: str = "adamw", precision: str = "fp32") -> FastStep:
    config = recipe_config(
        "fast", optimizer=optimizer, precision=precision, label_smoothing=SMOOTHING
    )
    return FastStep(net, build_optimizer(net, config), config, precision)


def by_autograd(net: FastNet, images: Tensor, labels: Tensor) -> tuple[Tensor, FastNet]:
    """The loss in float64, and a network with its gradients and running statistics."""
    twin = copy.deepcopy(net).double()
    output = twin(images.double())
    loss = F.nll_loss(output, labels)
    ((1 - SMOOTHING) * loss - SMOOTHING * output.mean()).backward()
    return loss.detach(), twin


def assert_close(net: FastNet, twin: FastNet, limit: float = CLOSE) -> None:
    for (name, parameter), exact in zip(net.named_parameters(), twin.parameters(), strict=True):
        assert parameter.grad is not None
        assert exact.grad is not None
        if name in ("conv1.bias", "conv2.bias"):
            assert not parameter.grad.any()
            assert exact.grad.norm() < 1e-12
        else:
            distance = float((parameter.grad - exact.grad).norm() / exact.grad.norm())
            assert distance <= limit, f"{name}: {distance:.1e}"


@pytest.mark.parametrize("size", [1, 2, 5, 32, 33, 256])
def test_every_gradient_is_autograds(size: int) -> None:
    net = make_net()
    images, labels, _ = batch(size)
    exact_loss, twin = by_autograd(net, images, labels)
    loss, _ = make_step(net).learn(images, labels, 1.0)
    assert float(loss) == pytest.approx(float(exact_loss), rel=1e-6)
    assert_close(net, twin)


@pytest.mark.parametrize("size", [1, 32])
def test_the_running_statistics_are_pytorchs(size: int) -> None:
    net = make_net()
    images, labels, _ = batch(size)
    step, twin = make_step(net), copy.deepcopy(net).double()
    for _ in range(2):
        step.learn(images, labels, 1.0)
        twin(images.double())
    for (name, buffer), exact in zip(net.named_buffers(), twin.buffers(), strict=True):
        torch.testing.assert_close(buffer.double(), exact.double(), rtol=1e-6, atol=1e-7, msg=name)


@pytest.mark.slow
def test_batches_may_grow_and_shrink() -> None:
    net = make_net()
    step = make_step(net)
    for size in (300, 7, 400, 256):  # more than the recipe's 256, too
        images, labels, _ = batch(size, size)
        _, twin = by_autograd(net, images, labels)
        step.learn(images, labels, 1.0)
        assert_close(net, twin)


def test_there_may_be_other_classes_than_ten() -> None:
    net = make_net(classes=47)
    images, _, _ = batch(32)
    labels = torch.arange(32) + 15
    _, twin = by_autograd(net, images, labels)
    make_step(net).learn(images, labels, 1.0)
    assert_close(net, twin)


def steps_taken(threads: int) -> list[Tensor]:
    """Weights, running statistics and the last loss after some steps on so many threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        net = make_net()
        step = make_step(net)
        for number, size in enumerate((64, 64, 7)):
            images, labels, _ = batch(size, number)
            loss, _ = step(images, labels, 0.01)
    finally:
        torch.set_num_threads(before)
    return [*(value.clone() for value in net.state_dict().values()), loss]


@pytest.mark.parametrize("threads", [1, 2, 3, 20])
def test_every_run_has_the_same_bits(threads: int) -> None:
    for one, other in zip(steps_taken(threads), steps_taken(threads), strict=True):
        assert torch.equal(one, other)


def test_bf16_is_as_close_as_rounding_lets_it_be() -> None:
    if not ctypes.c_long.in_dll(library.load("fast_net"), "HAS_BF16").value:
        pytest.skip("this processor does not compute in bfloat16")
    net = make_net()
    images, labels, _ = batch(64)
    _, twin = by_autograd(net, images, labels)
    make_step(net, precision="bf16").learn(images, labels, 1.0)
    assert_close(net, twin, limit=0.2)
    assert net.conv1.weight.grad is not None
    assert twin.conv1.weight.grad is not None
    assert not torch.allclose(net.conv1.weight.grad.double(), twin.conv1.weight.grad, rtol=1e-4)


def test_what_is_not_a_number_is_seen_in_the_loss() -> None:
    images, labels, _ = batch(4)
    images[2, 0, 14, 14] = torch.nan
    loss, _ = make_step(make_net()).learn(images, labels, 0.01)
    assert loss.isnan()


def selected(net: nn.Module) -> object:
    config = recipe_config("fast")
    return select_step(Classifier(net), build_optimizer(net, config), config, CPU, "fp32", print)


@pytest.mark.parametrize("seed", range(5))
def test_a_cpu_takes_the_native_kernels_where_they_are_right(seed: int) -> None:
    net = make_net(seed)
    before = copy.deepcopy(net.state_dict())
    assert isinstance(selected(net), FastStep)
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    assert net.training


@pytest.mark.slow
def test_a_wrong_kernel_is_found_before_it_trains(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    wrong = Path(shutil.copytree(library.FOLDER, tmp_path / "sources")) / "fast_net.c"
    right = wrong.read_text("utf-8")
    wrong.write_text(right.replace("- slope[c] * norm->mean[c]", "+ slope[c]"), "utf-8")
    assert wrong.read_text("utf-8") != right
    monkeypatch.setattr(library, "FOLDER", wrong.parent)
    with caplog.at_level(logging.INFO):
        assert type(selected(make_net())) is AutogradStep
    assert "falls back to PyTorch's kernels: conv1.weight" in caplog.text


def test_a_subclass_may_compute_something_else_and_so_takes_pytorchs() -> None:
    class Other(FastNet):
        pass

    assert type(selected(Other())) is AutogradStep


def has_near_ties(net: FastNet, images: Tensor) -> bool:
    """Whether rounding alone decides somewhere what is pooled, or whether ReLU passes it on."""
    twin = copy.deepcopy(net).double()
    with torch.no_grad():
        first = twin.norm1(twin.conv1((images.double() - 0.1307) / 0.3081))
        convolved = twin.conv2(F.relu(first))
        fours = F.unfold(convolved.flatten(0, 1)[:, None], 2, stride=2)  # (B * 32, 4, 25)
        most, next_, *_ = fours.sort(dim=1, descending=True).values.unbind(1)
        second = twin.norm2(F.max_pool2d(convolved, 2))
        hidden = twin.fc1(F.relu(second).flatten(1))
        gap = most - next_
        is_tie = ((gap < 2e-6) & (gap > 1e-12)).any()  # what is black ties to the last bit
        return bool(is_tie) or any(bool((x.abs() < 2e-6).any()) for x in (first, second, hidden))


@pytest.mark.slow
@settings(
    max_examples=100, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow]
)
@given(st.integers(1, 12), st.integers(0, 1_000_000))
def test_a_hundred_batches_are_autograds(size: int, seed: int) -> None:
    net = make_net(seed)
    images, labels, _ = batch(size, seed)
    assume(not has_near_ties(net, images))
    _, twin = by_autograd(net, images, labels)
    make_step(net).learn(images, labels, 1.0)
    assert_close(net, twin)
