"""A step by kernels of our own is the step by autograd. Triton's interpreter runs them here."""

from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from mnist_tui.config import TrainConfig, recipe_config
from mnist_tui.data import read_mnist
from mnist_tui.engine.learner import Learner
from mnist_tui.engine.optimizers import build_optimizer
from mnist_tui.engine.steps import compare as comparison
from mnist_tui.engine.steps import select
from mnist_tui.engine.steps.base import AutogradStep, Step
from mnist_tui.engine.steps.compare import compare
from mnist_tui.engine.steps.select import fused_or, select_step
from mnist_tui.models.classifier import Classifier
from mnist_tui.models.mnist_net import MnistNet
from mnist_tui.models.registry import MNIST_CLASSES, build_model

pytest.importorskip("triton", reason="Triton comes with torch on Linux alone")
from mnist_tui.engine.steps import fused
from mnist_tui.engine.steps.fused import SLICES, FusedStep
from mnist_tui.engine.steps.kernels import backward, forward

pytestmark = pytest.mark.slow
"""Triton's interpreter takes a second for an example."""

CPU = torch.device("cpu")
KEEP = 0.75


@pytest.fixture(autouse=True)
def _compare_few_digits(monkeypatch: pytest.MonkeyPatch) -> None:
    """The interpreter takes a second for each, and five batches of a wrong step would differ."""
    monkeypatch.setattr(comparison, "COMPARED", 1)
    monkeypatch.setattr(comparison, "TRIES", 2)


@pytest.fixture
def net() -> MnistNet:
    """A network with the tutorial's weights at the start."""
    torch.manual_seed(0)
    model = build_model("mnist_net", MNIST_CLASSES).module
    assert isinstance(model, MnistNet)
    return model


def fused_step(net: MnistNet, config: TrainConfig) -> FusedStep:
    return FusedStep(net, build_optimizer(net, config), config, config.precision)


def autograd_step(net: MnistNet, config: TrainConfig) -> AutogradStep:
    return AutogradStep(
        Classifier(net), build_optimizer(net, config), config, CPU, config.precision
    )


def exact(
    net: MnistNet, images: Tensor, labels: Tensor, keep_mask: Tensor, smoothing: float
) -> tuple[Tensor, Tensor, list[Tensor]]:
    """Loss, outputs and gradients in float64, as the tutorial computes them."""
    twin = MnistNet()
    twin.load_state_dict(net.state_dict())
    twin.double()
    x = F.relu(twin.conv2(F.relu(twin.conv1(images.double()))))
    x = F.max_pool2d(x, 2) * keep_mask.double() / KEEP
    output = F.log_softmax(twin.fc2(F.relu(twin.fc1(x.flatten(1)))), dim=1)
    loss = F.nll_loss(output, labels)
    ((1 - smoothing) * loss - smoothing * output.mean()).backward()
    gradients = [parameter.grad for parameter in twin.parameters()]
    return (
        loss.detach(),
        output.detach(),
        [gradient for gradient in gradients if gradient is not None],
    )


def distance(one: Tensor, other: Tensor) -> float:
    return float((one - other).norm() / other.norm())


def test_gradients_are_those_of_float64(net: MnistNet) -> None:
    images, labels = torch.rand(2, 1, 28, 28), torch.tensor([3, 8])
    keep_mask = torch.empty(2, 64, 1, 1).bernoulli_(KEEP)
    config = recipe_config(optimizer="adamw", label_smoothing=0.1)
    loss, output = fused_step(net, config).learn(images, labels, 0.01, keep_mask)
    right_loss, right_output, gradients = exact(net, images, labels, keep_mask, 0.1)
    torch.testing.assert_close(loss.double(), right_loss)
    torch.testing.assert_close(output.double(), right_output, atol=1e-5, rtol=1e-5)
    for parameter, gradient in zip(net.parameters(), gradients, strict=True):
        assert parameter.grad is not None
        assert distance(parameter.grad.double(), gradient) < 1e-5


def test_plain_descent_is_part_of_the_kernels(net: MnistNet) -> None:
    images, labels = torch.rand(2, 1, 28, 28), torch.tensor([0, 9])
    keep_mask = torch.empty(2, 64, 1, 1).bernoulli_(KEEP)
    *_, gradients = exact(net, images, labels, keep_mask, 0.0)
    before = [parameter.detach().double() for parameter in net.parameters()]
    fused_step(net, recipe_config()).learn(images, labels, torch.tensor(0.5), keep_mask)
    for parameter, held, gradient in zip(net.parameters(), before, gradients, strict=True):
        torch.testing.assert_close(parameter.double(), held - 0.5 * gradient)
        assert parameter.grad is None


@pytest.mark.filterwarnings("ignore:All-NaN slice encountered")
@pytest.mark.parametrize("layer", ["fc1", "fc2"])
def test_weights_that_are_no_numbers_are_seen_in_the_loss(net: MnistNet, layer: str) -> None:
    """Of the convolutions they are too, but the interpreter refuses to find their maximum."""
    with torch.no_grad():
        getattr(net, layer).weight.view(-1)[7] = torch.nan
    step, everything = fused_step(net, recipe_config()), torch.ones(1, 64, 1, 1)
    images, labels = torch.ones(1, 1, 28, 28), torch.tensor([0])
    with torch.no_grad():
        assert step._forward(images, labels, everything, 1.0).losses.isnan().all()


def test_more_digits_than_a_tile_has_take_several(net: MnistNet) -> None:
    """Linear layers take 32 digits at a time; with 35 the last tile is nearly empty."""
    batch = 35
    features, labels = torch.rand(batch, 9216), torch.arange(batch) % 10
    hidden, output, losses = torch.empty(batch, 128), torch.empty(batch, 10), torch.empty(batch)
    doutput, dhidden = torch.empty(batch, 16), torch.empty(batch, 128)
    dfeatures, loss, partials = (
        torch.empty(batch, 144, 64),
        torch.empty(()),
        torch.empty(36, batch, 128),
    )
    layers = net.fc1, net.fc2
    w3, b3, w4, b4 = (p.detach() for layer in layers for p in (layer.weight, layer.bias))
    grads = [torch.empty_like(p) for p in (w3, b3, w4, b4)]
    options = {"PRECISION": "ieee"}
    forward.third_layer[(SLICES, 4, 2)](
        features, w3, partials, batch, SLICE=9216 // SLICES, UNITS=32, **options
    )
    forward.head[(batch,)](
        *(partials, b3, w4, b4, labels, hidden, output, losses, doutput, dhidden, batch, 0.0),
        SLICES=SLICES,
    )
    backward.linear_layers[(145,)](
        *(features, hidden, doutput, dhidden, losses, w3, b3, w4, b4, *grads),
        *(torch.tensor(0.0), dfeatures, loss, batch, 1.0),
        UPDATE=False,
        **options,
    )
    x = features.requires_grad_()
    wanted = F.nll_loss(F.log_softmax(net.fc2(F.relu(net.fc1(x))), dim=1), labels)
    wanted.backward()
    torch.testing.assert_close(loss, wanted.detach())
    assert x.grad is not None
    # By place and channel, where the features go by channel and place.
    found = dfeatures.transpose(1, 2).reshape(batch, 9216)
    assert distance(found, x.grad) < 1e-5
    learned = [p.grad for layer in layers for p in (layer.weight, layer.bias)]
    for grad, right in zip(grads, learned, strict=True):
        assert right is not None
        assert distance(grad, right) < 1e-5


def test_training_by_own_kernels_is_training_by_torchs(few_digits: Path) -> None:
    """Dropout drops the same channels, and losses and weights agree."""
    config = recipe_config(batch_size=1, lr=0.05)

    def make(classifier: Classifier, *rest: object) -> Step:
        assert isinstance(classifier.module, MnistNet)
        return fused_step(classifier.module, config)

    def trained(*args: object) -> tuple[list[float], dict[str, Tensor]]:
        learner = Learner(config, read_mnist(few_digits), CPU, None, print, *args)  # type: ignore[arg-type]
        learner.open_epoch(1)
        for batch in range(2):
            learner.train(batch, [0.05])
        return learner.read_back(0, 2).result()[0], learner.capture()["model"]

    losses, model = trained(make)
    right_losses, right_model = trained()
    assert losses == pytest.approx(right_losses, rel=1e-5)
    torch.testing.assert_close(model, right_model)


def test_comparing_leaves_the_model_as_it_was(net: MnistNet) -> None:
    config = recipe_config(batch_size=1)
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    state = torch.get_rng_state()
    apart = compare(fused_step(net, config), autograd_step(net, config), net, config.precision)
    assert apart.keys() == before.keys()
    assert max(apart.values()) < 1e-4
    assert net.training
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(tensor, before[name]) for name, tensor in net.state_dict().items())


class Wrong(FusedStep):
    """Makes its gradients a hundredth too large."""

    def learn(
        self, images: Tensor, labels: Tensor, lr: float | Tensor, keep_mask: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        return super().learn(images, labels, 1.01 * lr, keep_mask)


class NoNumber(FusedStep):
    """Makes one gradient no number, of the layer that comes last."""

    def learn(
        self, images: Tensor, labels: Tensor, lr: float | Tensor, keep_mask: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        result = super().learn(images, labels, lr, keep_mask)
        with torch.no_grad():
            self._parameters[-2][0, 0] = torch.nan
        return result


class Fails(FusedStep):
    """Stops when some of the weights have moved."""

    def learn(self, *batch: object) -> tuple[Tensor, Tensor]:  # type: ignore[override]
        with torch.no_grad():
            self._parameters[-2].zero_()
        raise RuntimeError("out of resource: shared memory")


def test_kernels_that_are_right_are_used(net: MnistNet) -> None:
    config, warnings = recipe_config(), list[str]()
    optimizer = build_optimizer(net, config)
    autograd = autograd_step(net, config)
    step = fused_or(autograd, net, optimizer, config, "fp32", warnings.append)
    assert (step.kernels, warnings) == ("fused kernels", [])


@pytest.mark.parametrize(
    ("kind", "reason"),
    [(Wrong, "1.0% off"), (NoNumber, "nan% off"), (Fails, "shared memory")],
)
def test_kernels_that_are_wrong_are_not_used_and_leave_no_trace(
    net: MnistNet, monkeypatch: pytest.MonkeyPatch, kind: type[FusedStep], reason: str
) -> None:
    config, warnings = recipe_config(), list[str]()
    autograd, optimizer = autograd_step(net, config), build_optimizer(net, config)
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    monkeypatch.setattr(fused, "FusedStep", kind)
    assert fused_or(autograd, net, optimizer, config, "fp32", warnings.append) is autograd
    (warning,) = warnings
    assert reason in warning
    assert net.training
    assert all(torch.equal(tensor, before[name]) for name, tensor in net.state_dict().items())
    assert all(parameter.grad is None for parameter in net.parameters())


def test_kernels_that_cannot_be_compiled_are_named_in_one_line(
    net: MnistNet, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object) -> None:
        raise RuntimeError("a long story\nFailed to find C compiler.")

    monkeypatch.setattr(fused, "FusedStep", fail)
    config = recipe_config()
    autograd, warnings = autograd_step(net, config), list[str]()
    optimizer = build_optimizer(net, config)
    assert fused_or(autograd, net, optimizer, config, "fp32", warnings.append) is autograd
    assert warnings == [
        "training falls back to PyTorch's kernels, which are slower: the fused kernels cannot be "
        "used (Failed to find C compiler.)"
    ]


def test_an_older_gpu_takes_autograds(net: MnistNet, monkeypatch: pytest.MonkeyPatch) -> None:
    config = recipe_config()
    optimizer = build_optimizer(net, config)
    made = object()
    monkeypatch.setattr(select, "AutogradStep", lambda *args: made)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (7, 5))
    gpu = torch.device("cuda", 0)
    assert select_step(Classifier(net), optimizer, config, gpu, "fp32", print) is made
