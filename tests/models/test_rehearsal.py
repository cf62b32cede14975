"""What is said of networks that are wrong, before they are trained."""

import re
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from mnist_tui.errors import Remedy, UsageError
from mnist_tui.models.classifier import Output
from mnist_tui.models.rehearsal import Conditions, rehearse
from mnist_tui.run.events import Warned
from mnist_tui.run.state import State
from tests.models.code import load, write
from tests.training_helpers import few_config, train

SETTING = Conditions(classes=10, device=torch.device("cpu"), seed=0, batch_size=32, samples=330)


def net(forward: str, layers: str = "self.fc = nn.Linear(784, 10)") -> str:
    """The source of a network by its layers and by what it returns for images x."""
    lines = "".join(f"\n        {line}" for line in ("super().__init__()", *layers.splitlines()))
    return f"""
class Net(nn.Module):
    def __init__(self):{lines}

    def forward(self, x):
        {forward}
"""


REFUSED = (
    (
        "return self.fc(x)",
        {},
        "cannot take images of (8, 1, 28, 28), values from 0 to 1: ",
        "net.py:11: RuntimeError: ",
    ),
    ("raise KeyError('rows')", {}, "cannot take images of", "net.py:11: KeyError: 'rows'"),
    ("return self.fc(x.flatten(1)), x", {}, "gives a tuple, not a tensor of (8, 10)"),
    (
        "return self.fc(x.flatten(1))",
        {"layers": "self.fc = nn.Linear(784, 1000)"},
        "gives 1000 numbers for each image, but there are 10 classes",
    ),
    ("return self.fc(x.flatten(1))[:, :, None]", {}, "gives (8, 10, 1) for 8 images, not (8, 10)"),
    ("return self.fc(x.flatten(1)).squeeze(0)", {}, "gives (10,) for 1 image, not (1, 10)"),
    (
        "return self.fc(x.flatten(1)).argmax(1, keepdim=True).expand(-1, 10)",
        {},
        "gives torch.int64",
    ),
    ("return self.fc(x.flatten(1)) / 0", {}, "values that are no finite numbers"),
    (
        "return self.b(self.layers[0](x.flatten(1)))",
        {"layers": "self.layers = [nn.Linear(784, 20)]\nself.b = nn.Linear(20, 10)"},
        "Net.layers is a plain list of layers, which would not be trained: make it an nn.Mod",
    ),
    (
        "return x.flatten(1) @ self.w['a']",
        {"layers": "self.w = {'a': nn.Parameter(torch.rand(784, 10))}\nself.b = nn.Linear(1, 1)"},
        "Net.w is a plain dict of layers",
    ),
    ("return x.flatten(1)[:, :10]", {"layers": ""}, "has no weights to train"),
    ("return self.fc(x.flatten(1)).detach()", {}, "no weight of net.py:Net gets a gradient"),
    (
        "return self.fc(F.dropout(x.flatten(1)))",
        {},
        "differently each time in eval mode",
        "training=self.training",
    ),
)


@pytest.mark.parametrize(("forward", "more", "words"), [(f, m, w) for f, m, *w in REFUSED])
def test_a_network_that_cannot_be_trained_is_refused_in_a_sentence(
    forward: str, more: dict[str, str], words: Sequence[str], tmp_path: Path
) -> None:
    source = load(tmp_path, net(forward, **more))
    with pytest.raises(UsageError) as caught:
        rehearse(source, SETTING)
    message = str(caught.value)
    assert "\n" not in message
    for word in words:
        assert word in message


UNSEEDED = """self.fc = nn.Linear(784, 10)
Net.made = getattr(Net, 'made', 0) + 1
self.fc.bias.data += Net.made"""
WARNED = (
    ("return self.fc(x.flatten(1)).softmax(1)", {}, "ends in a softmax: it is trained by"),
    ("return self.fc(x.flatten(1)).sigmoid()", {}, "no number below 0, as after a sigmoid"),
    ("return self.fc(x.flatten(1)).relu()", {}, "no number below 0, as after a sigmoid or a ReLU"),
    (
        "return self.fc(x.flatten(1))",
        {"layers": "self.fc = nn.Linear(784, 10)\nself.unused = nn.Linear(3, 3)"},
        "unused of net.py:Net gets no gradient and is not trained",
    ),
    (
        "return self.b(self.a(x.flatten(1)).detach())",
        {"layers": "self.a = nn.Linear(784, 5)\nself.b = nn.Linear(5, 10)"},
        "a of net.py:Net gets no gradient",
    ),
    ("return self.fc(x.flatten(1)).softmax(0)", {}, "answers an image differently beside other"),
    (
        "self.calls += 1; return self.fc(x.flatten(1))",
        {"layers": "self.fc = nn.Linear(784, 10)\nself.calls = 0"},
        "calls of net.py:Net changes while it runs, and no checkpoint holds it",
    ),
    (
        "import random; return self.fc(x.flatten(1)) * (random.random() if self.training else 1)",
        {},
        "draws random numbers from Python's random",
    ),
    (
        "return self.fc(x.flatten(1))",
        {"layers": UNSEEDED},
        "draws its first weights from elsewhere than torch's generator",
    ),
)


@pytest.mark.parametrize(("forward", "more", "words"), WARNED)
def test_what_is_odd_in_a_network_is_said_and_it_is_trained(
    forward: str, more: dict[str, str], words: str, tmp_path: Path
) -> None:
    _, warnings = rehearse(load(tmp_path, net(forward, **more)), SETTING)
    assert any(words in warning for warning in warnings)
    assert len(warnings) == 1 + ("softmax(0)" in forward), "which squashes them, too"


@pytest.mark.parametrize(
    ("end", "gives"),
    [
        ("", (Output.SCORES, Output.SCORES)),
        (".log_softmax(1)", (Output.LOG_PROBABILITIES, Output.LOG_PROBABILITIES)),
        (".softmax(1)", (Output.PROBABILITIES, Output.PROBABILITIES)),
        (".softmax(1).log()", (Output.LOG_PROBABILITIES, Output.LOG_PROBABILITIES)),
        (".relu()", (Output.SCORES, Output.SCORES)),
        (".sigmoid()", (Output.SCORES, Output.SCORES)),
        (".log_softmax(1 if self.training else 0)", (Output.LOG_PROBABILITIES, Output.SCORES)),
    ],
)
def test_what_a_network_gives_is_found_out(
    end: str, gives: tuple[Output, Output], tmp_path: Path
) -> None:
    source, _ = rehearse(load(tmp_path, net(f"return self.fc(x.flatten(1)){end}")), SETTING)
    assert (source.in_training, source.in_eval) == gives


@pytest.mark.parametrize("end", ["", ".log_softmax(1)", ".softmax(1)"])
def test_whatever_it_gives_it_learns_from_the_same_loss(end: str, tmp_path: Path) -> None:
    source, _ = rehearse(load(tmp_path, net(f"return self.fc(x.flatten(1)){end}")), SETTING)
    torch.manual_seed(0)
    classifier = source.build(10)
    images = torch.rand(6, 1, 28, 28)
    loss = torch.nn.functional.nll_loss(classifier(images), torch.arange(6))
    loss.backward()
    weight, bias = classifier.module.fc.weight, classifier.module.fc.bias
    scores = images.flatten(1) @ weight.detach().t() + bias.detach()
    right = torch.nn.functional.cross_entropy(scores.requires_grad_(), torch.arange(6))
    (gradient,) = torch.autograd.grad(right, scores)
    assert loss.item() == pytest.approx(right.item(), rel=1e-5)
    torch.testing.assert_close(weight.grad, gradient.t() @ images.flatten(1))


def test_batch_normalization_and_a_last_batch_of_one(tmp_path: Path) -> None:
    layers = "self.fc = nn.Linear(784, 10)\nself.norm = nn.BatchNorm1d(10)"
    source = load(tmp_path, net("return self.norm(self.fc(x.flatten(1)))", layers))
    lonely = Conditions(classes=10, device=torch.device("cpu"), seed=0, batch_size=47, samples=330)
    with pytest.raises(UsageError, match="the last batch of an epoch has one image") as caught:
        rehearse(source, lonely)
    assert caught.value.remedy == Remedy(settings={"batch_size": 48})
    rehearse(source, SETTING)


def test_where_no_line_of_the_user_is_to_blame_the_layer_is(tmp_path: Path) -> None:
    text = "def make():\n    return nn.Sequential(nn.Flatten(), nn.Linear(100, 10))\n"
    with pytest.raises(UsageError, match=r"layer 1, Linear: RuntimeError: .*mat1 and mat2"):
        rehearse(load(tmp_path, text, "make"), SETTING)


def test_a_state_that_no_checkpoint_can_hold_is_refused(tmp_path: Path) -> None:
    text = (
        net("return self.fc(x.flatten(1))") + "    def get_extra_state(self):\n        return 3\n"
    )
    with pytest.raises(UsageError, match="keeps _extra_state in its state_dict, which is a int"):
        rehearse(load(tmp_path, text), SETTING)


def test_a_network_that_fails_later_is_reported_with_its_own_line(
    tmp_path: Path, few_digits: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fails_late = net(
        "Net.calls += 1; return self.fc(x.flatten(1)) if Net.calls < 12 else self.fc(x)"
    )
    write(tmp_path, f"{fails_late}\nNet.calls = 0\n")
    monkeypatch.chdir(tmp_path)
    run = train(few_config(few_digits, model="net.py:Net"), tmp_path / "runs")
    assert run.ended.state is State.FAILED
    assert run.ended.message.startswith("net.py:Net failed: net.py:11: RuntimeError: ")
    assert "Traceback" in run.directory.log.read_text()


def test_what_is_said_of_a_network_is_in_the_runs_log_and_refusals_leave_no_run(
    tmp_path: Path, few_digits: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, net("return self.fc(x.flatten(1)).softmax(1)") + "\nprint('hello')\n")
    monkeypatch.chdir(tmp_path)
    run = train(few_config(few_digits, model="net.py:Net", epochs=1), tmp_path / "runs")
    said = [warned.message for warned in run.of(Warned)]
    assert len(said) == 2
    assert "net.py prints 'hello'" in said[0]
    assert "ends in a softmax" in said[1]
    write(tmp_path, net("return x"))
    refused = train(few_config(few_digits, model="net.py:Net"), tmp_path / "runs", "second")
    assert refused.ended.exit_code == 2
    assert not refused.directory.path.exists()


def test_the_network_of_the_documentation_has_nothing_wrong(tmp_path: Path) -> None:
    page = Path(__file__).parents[2] / "docs" / "your-own-network.md"
    (example,) = re.findall(r"```python\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    source, warnings = rehearse(load(tmp_path, example), SETTING)
    assert not warnings
    assert source.in_training is Output.SCORES


def test_an_operation_that_is_not_deterministic_comes_with_the_way_out(tmp_path: Path) -> None:
    raises = "raise RuntimeError('fold_backward does not have a deterministic implementation')"
    with pytest.raises(UsageError, match=r"net.py:11: RuntimeError: fold_backward") as caught:
        rehearse(load(tmp_path, net(raises)), SETTING)
    assert caught.value.remedy == Remedy(settings={"no_deterministic": None})
