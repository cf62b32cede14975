"""The training step computes what the tutorial's own step computes."""

import inspect
from pathlib import Path

import pytest
import torch
from torch.nn import functional as F

from devtools.few_digits import write_few_digits
from mnist_tui.config import recipe_config
from mnist_tui.data import read_mnist
from mnist_tui.engine.learner import Learner, epoch_order
from mnist_tui.engine.optimizers import build_optimizer, scheduled_lr
from mnist_tui.engine.steps.base import AutogradStep
from mnist_tui.models.classifier import Classifier
from mnist_tui.models.mnist_net import MnistNet
from tests.training_helpers import few_config

CPU = torch.device("cpu")


class TutorialNet(torch.nn.Module):
    """The network as the tutorial writes it, operation by operation."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = torch.nn.Conv2d(in_channels=1, out_channels=32, kernel_size=3)
        self.conv2 = torch.nn.Conv2d(in_channels=32, out_channels=64, kernel_size=3)
        self.dropout = torch.nn.Dropout2d(0.25)
        self.fc1 = torch.nn.Linear(9216, 128)
        self.fc2 = torch.nn.Linear(128, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.relu(self.conv1(x))
        x = F.relu(self.conv2(x))
        x = self.dropout(F.max_pool2d(x, 2))
        x = F.relu(self.fc1(x.reshape(-1, 9216)))
        return F.log_softmax(self.fc2(x), dim=1)


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adamw"])
def test_a_step_moves_the_weights_as_the_tutorials_step_does(
    optimizer: str, few_digits: Path
) -> None:
    config = recipe_config(optimizer=optimizer, lr=0.01)
    digits = read_mnist(few_digits)
    learner = Learner(config, digits, CPU)
    learner.open_epoch(1)
    for batch in range(learner.batches):
        learner.train(batch, [config.lr])
    losses, correct = learner.read_back(0, learner.batches).result()

    torch.manual_seed(config.seed)
    model = TutorialNet()
    make = {
        "sgd": lambda p: torch.optim.SGD(p, lr=0.01),
        "momentum": lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9),
        "adamw": lambda p: torch.optim.AdamW(p, lr=0.01),
    }
    plain = make[optimizer](list(model.parameters()))
    take_step = torch.no_grad()(inspect.unwrap(type(plain).step))  # without torch's compiler
    model.train()
    expected_losses, expected_correct = [], 0
    for indices in epoch_order(config.seed, 1, learner.samples).split(32):
        images = torch.tensor(digits.train.images[indices]).unsqueeze(1) / 255
        labels = torch.tensor(digits.train.labels[indices])
        plain.zero_grad()
        output = model(images)
        loss = F.nll_loss(output, labels)
        expected_losses.append(loss.item())
        expected_correct += int((output.argmax(1) == labels).sum())
        loss.backward()
        take_step(plain)

    assert losses == pytest.approx(expected_losses, rel=1e-3)
    assert abs(correct - expected_correct) <= 2
    for name, weight in model.state_dict().items():
        difference = (learner.model.state_dict()[name] - weight).norm() / weight.norm()
        assert difference < 1e-3, name


def test_the_checkpointed_weights_load_into_the_tutorials_own_class(few_digits: Path) -> None:
    learner = Learner(recipe_config(), read_mnist(few_digits), CPU)
    weights = learner.capture()["model"]
    TutorialNet().load_state_dict(weights)
    assert all(weight.is_contiguous() for weight in weights.values())


def test_relu_after_pooling_gives_the_tutorials_output_to_the_last_bit_of_its_precision() -> None:
    torch.manual_seed(1)
    ours, theirs = MnistNet().eval(), TutorialNet().eval()
    theirs.load_state_dict(ours.state_dict())
    images = torch.rand(16, 1, 28, 28)
    with torch.no_grad():
        torch.testing.assert_close(ours(images), theirs(images), rtol=0, atol=1e-6)


def test_each_epoch_visits_every_digit_once_in_an_order_of_its_own() -> None:
    first, second = epoch_order(0, 1, 1000), epoch_order(0, 2, 1000)
    assert sorted(first.tolist()) == list(range(1000))
    assert not torch.equal(first, second)
    assert torch.equal(first, epoch_order(0, 1, 1000))
    assert not torch.equal(first, epoch_order(1, 1, 1000))


def test_the_last_batch_of_an_epoch_is_kept_though_it_is_smaller(few_digits: Path) -> None:
    learner = Learner(few_config(few_digits), read_mnist(few_digits), CPU)
    assert learner.batches == 11
    assert learner.samples_up_to(10) == 80
    assert learner.samples_up_to(11) == 82


@pytest.mark.filterwarnings("ignore:Detected call of `lr_scheduler.step")
def test_the_one_cycle_schedule_is_pytorchs() -> None:
    config = recipe_config("fast", lr=0.01)
    for steps in (10, 100, 235):
        weight = torch.nn.Parameter(torch.zeros(1))
        optimizer = torch.optim.SGD([weight], lr=0.01)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.01, total_steps=steps)
        for step in range(steps):
            expected = optimizer.param_groups[0]["lr"]
            assert scheduled_lr(config, step, steps) == pytest.approx(expected, rel=1e-9)
            if step < steps - 1:
                schedule.step()


@pytest.mark.parametrize("steps", [1, 2, 3, 4])
def test_a_very_short_schedule_stays_within_its_bounds(steps: int) -> None:
    config = recipe_config("fast", lr=0.01)
    for step in range(steps + 1):
        assert 0 < scheduled_lr(config, step, steps) <= 0.01


def test_label_smoothing_is_pytorchs_and_the_reported_loss_has_none() -> None:
    config = recipe_config(label_smoothing=0.1)
    torch.manual_seed(0)
    model = MnistNet().eval()  # without dropout
    images, labels = torch.rand(8, 1, 28, 28), torch.randint(10, (8,))
    step = AutogradStep(Classifier(model), build_optimizer(model, config), config, CPU, "fp32")
    loss, output = step.differentiate(images, labels)
    found = [parameter.grad for parameter in model.parameters()]
    assert loss.item() == pytest.approx(F.nll_loss(output, labels).item())
    model.zero_grad()
    F.cross_entropy(model(images), labels, label_smoothing=0.1).backward()
    for gradient, parameter in zip(found, model.parameters(), strict=True):
        torch.testing.assert_close(gradient, parameter.grad)


@pytest.mark.slow
def test_the_fast_recipe_learns_a_few_digits(tmp_path: Path) -> None:
    config = recipe_config("fast", batch_size=32)
    learner = Learner(config, read_mnist(write_few_digits(tmp_path, 330)), CPU)
    for epoch in range(1, 6):
        learner.open_epoch(epoch)
        for batch in range(learner.batches):
            learner.train(batch, [0.005])
    assert learner.validate(lambda batch: None).accuracy > 0.7


@pytest.mark.parametrize(
    ("values", "is_finite"),
    [((), True), ((torch.nan,), False), ((torch.inf,), False), ((torch.inf, -torch.inf), False)],
)
def test_one_weight_that_is_no_number_is_found(
    values: tuple[float, ...], is_finite: bool, few_digits: Path
) -> None:
    learner = Learner(recipe_config(), read_mnist(few_digits), CPU)
    weights = learner.model.get_parameter("fc1.weight").data
    weights[0, 100 : 100 + len(values)] = torch.tensor(values)
    assert learner.has_finite_weights() is is_finite


def test_weights_whose_sum_overflows_are_numbers_all_the_same(few_digits: Path) -> None:
    learner = Learner(recipe_config(), read_mnist(few_digits), CPU)
    learner.model.get_parameter("fc1.weight").data.fill_(3e38)
    assert learner.has_finite_weights()
