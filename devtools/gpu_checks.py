"""What must hold of steps, recorded or by our own kernels; each check raises or tells its finding.

They need a device to mean much, but no particular one: the tests run them on the CPU, with
a stand-in for CUDA graphs.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch

from devtools.drive import drive
from mnist_tui.config import TrainConfig, recipe_config
from mnist_tui.data.dataset import Dataset, Split
from mnist_tui.devices import has_tf32, resolve_precision, set_determinism
from mnist_tui.engine.cuda.graphs import CaptureBody, GraphRecorder
from mnist_tui.engine.learner import Learner
from mnist_tui.engine.steps.base import AutogradStep, Step
from mnist_tui.engine.steps.select import MakeStep, Warn, select_step
from mnist_tui.models.classifier import Classifier

Check = Callable[[], str]
"""Raises AssertionError where something does not hold; else says what was seen."""


@dataclass(frozen=True)
class Bench:
    """The digits, the device, and how recorders for it are made."""

    digits: Dataset
    device: torch.device
    make_recorder: Callable[[], GraphRecorder | None]
    epochs: int = 3
    """The first is done step by step, the second recorded, the third replayed."""

    def learner(
        self,
        config: TrainConfig,
        recorder: GraphRecorder | None = None,
        make_step: MakeStep = select_step,
    ) -> Learner:
        """A new learner; without a recorder it takes each step as it is."""
        precision = resolve_precision(self.device, config.precision)
        set_determinism(self.device, config.deterministic, precision)
        return Learner(config, self.digits, self.device, recorder, refuse, make_step)

    def trained(
        self, config: TrainConfig, *, is_recorded: bool = False, make_step: MakeStep = select_step
    ) -> Any:
        """All that training makes: state, and the last epoch's losses and right guesses."""
        recorder = CountingRecorder(self.make_recorder()) if is_recorded else None
        learner = self.learner(config, recorder, make_step)
        drive(learner, 0, self.epochs * learner.batches, schedule(config))
        if recorder is not None:
            assert recorder.recordings, "nothing was recorded"
            assert recorder.replays, "nothing was replayed"
        return learner.capture(), learner.read_back(0, learner.batches).result()


class CountingRecorder:
    """Records by another recorder, and counts: what was never replayed was not checked."""

    def __init__(self, recorder: GraphRecorder | None) -> None:
        assert recorder is not None, "nothing is recorded on this device"
        self._recorder = recorder
        self.recordings = 0
        self.replays = 0

    def __call__(self, work: CaptureBody) -> CaptureBody:
        """As in Recorder."""
        replay = self._recorder(work)
        self.recordings += 1

        def counted() -> None:
            self.replays += 1
            replay()

        return counted


def refuse(warning: str) -> None:
    """A learner's `warn` where falling back would hide what is looked for."""
    raise AssertionError(warning)


def by_autograd(
    classifier: Classifier,
    optimizer: torch.optim.Optimizer,
    config: TrainConfig,
    device: torch.device,
    precision: str,
    warn: Warn,
) -> Step:
    """Make a step by autograd, whatever else the device has."""
    return AutogradStep(classifier, optimizer, config, device, precision)


def some(digits: Dataset, count: int) -> Dataset:
    """The first `count` training digits; all of them to validate on."""
    return replace(digits, train=Split(digits.train.images[:count], digits.train.labels[:count]))


def schedule(config: TrainConfig) -> Callable[[int], float]:
    """A rate of its own for each step."""
    return lambda step: config.lr / (1 + step % 50)


def difference(one: Any, other: Any, path: str = "") -> str | None:
    """Where two results differ first, and by how much; None where they are equal bit by bit."""
    if isinstance(one, torch.Tensor):
        if torch.equal(one, other):
            return None
        apart = (one.double() - other.double()).abs().max().item()
        return f"{path} by up to {apart:.3g}"
    if isinstance(one, dict):
        one, other = sorted(one.items(), key=str), sorted(other.items(), key=str)
    if isinstance(one, list | tuple):
        if len(one) != len(other):
            return f"{path} in length"
        pairs = zip(one, other, strict=True)
        found = (difference(a, b, f"{path}/{_name(a, i)}") for i, (a, b) in enumerate(pairs))
        return next((text for text in found if text), None)
    return None if one == other else f"{path}: {one} is not {other}"


def _name(value: Any, index: int) -> str:
    is_item = isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], str)
    return value[0] if is_item else str(index)


def assert_equal(one: Any, other: Any) -> None:
    """Fail with the place where they differ."""
    apart = difference(one, other)
    assert apart is None, f"they differ: {apart}"


_STEPS_ALIKE = 30
_LOSSES_APART = {"fp32": 1e-5, "tf32": 0.003, "bf16": 0.003}
"""By precision; an H100 had 2.4e-7, 1.3e-4 and 1.8e-4."""

CONFIGS = {
    "tutorial, fp32": recipe_config(),
    "tutorial, bf16": recipe_config(precision="bf16"),
    "momentum": recipe_config(optimizer="momentum"),
    "adamw": recipe_config(optimizer="adamw", lr=0.001),
    "fast": recipe_config("fast", batch_size=32, lr=0.005),
}
"""What is compared in and out of graphs; tf32 only on CUDA."""


def checks(bench: Bench) -> Iterator[tuple[str, Check]]:
    """All checks, by what they find out."""
    configs = dict(CONFIGS)
    if bench.device.type == "cuda":
        configs["tutorial, tf32"] = recipe_config(precision="tf32")
        for precision in ("fp32", "tf32", "bf16"):
            config = recipe_config(precision=precision)
            yield (
                f"our own kernels against torch's, {precision}",
                lambda config=config: own_kernels(bench, config),
            )
    for name, config in configs.items():
        yield f"graph against eager, {name}", lambda config=config: parity(bench, config)
    yield (
        "graph against eager, tutorial by torch's kernels",
        lambda: parity(bench, recipe_config(), by_autograd),
    )
    for optimizer in ("sgd", "adamw"):
        yield (
            f"resumed in mid-epoch, {optimizer}",
            lambda optimizer=optimizer: resumes(bench, recipe_config(optimizer=optimizer)),
        )
    yield "a state moved between CPU and device", lambda: moves(bench)
    # Last, since some versions of torch are not quite themselves after it.
    yield "a failed recording", lambda: falls_back(bench)


def own_kernels(bench: Bench, config: TrainConfig) -> str:
    """A step by our own kernels is the one by torch's, but for rounding; so are their losses."""
    steps = [select_step, by_autograd]
    learners = [bench.learner(config, make_step=make_step) for make_step in steps]
    whose = [learner.kernels for learner in learners]
    if len(set(whose)) == 1:
        assert not has_tf32(bench.device), f"this GPU could have its own, but {whose[0]} are used"
        return f"no others on this device: {whose[0]} take all steps"
    told = []
    for learner in learners:
        # One after the other: both draw from torch's one generator.
        torch.manual_seed(config.seed)
        drive(learner, 0, _STEPS_ALIKE, lambda step: config.lr)
        told.append(learner.read_back(0, _STEPS_ALIKE).result()[0])
    most = max(abs(one - other) for one, other in zip(*told, strict=True))
    assert most < _LOSSES_APART[config.precision], (
        f"the losses of {_STEPS_ALIKE} steps differ by up to {most:.3g}"
    )
    return f"the losses of {_STEPS_ALIKE} steps differ by {most:.2g} at most"


def parity(bench: Bench, config: TrainConfig, make_step: MakeStep = select_step) -> str:
    """Chunks from graphs give the bits of single steps; the partial batch is among them."""
    eager = bench.trained(config, make_step=make_step)
    assert_equal(bench.trained(config, is_recorded=True, make_step=make_step), eager)
    losses, right = eager[1]
    assert all(loss == loss and loss < 3 for loss in losses[-3:]), f"losses of {losses[-3:]}"
    return f"all bits equal; {right} of {len(bench.digits.train)} right in the last epoch"


def resumes(bench: Bench, config: TrainConfig) -> str:
    """A state taken after any step goes on to the bits of the run that never stopped."""
    whole = bench.trained(config, is_recorded=True)
    batches = bench.learner(config).batches
    places = sorted({1, batches // 2, batches - 1, batches, batches + 5})
    for place in places:
        # By single steps, to the very place, wherever a chunk would have ended.
        first = bench.learner(config)
        drive(first, 0, place, schedule(config))
        state = first.capture()
        second = bench.learner(config, bench.make_recorder())
        second.restore(state)
        drive(second, place, bench.epochs * batches, schedule(config))
        assert_equal((second.capture(), second.read_back(0, batches).result()), whole)
    return f"all bits equal after stops at steps {', '.join(map(str, places))}"


def falls_back(bench: Bench) -> str:
    """Where recording fails half way, a warning is told and the numbers are the same."""
    config = recipe_config()
    make, warnings = bench.make_recorder(), list[str]()
    assert make is not None

    def failing(work: CaptureBody) -> CaptureBody:
        def waiting() -> None:
            work()
            torch.ones((), device=bench.device).item()  # cannot be recorded: it waits

        return make(waiting)

    precision = resolve_precision(bench.device, config.precision)
    set_determinism(bench.device, config.deterministic, precision)
    learner = Learner(config, bench.digits, bench.device, failing, warnings.append)
    drive(learner, 0, bench.epochs * learner.batches, schedule(config))
    assert len(warnings) == 1, f"told {len(warnings)} warnings"
    result = learner.capture(), learner.read_back(0, learner.batches).result()
    assert_equal(result, bench.trained(config))
    return warnings[0]


def moves(bench: Bench) -> str:
    """A state of one device is gone on from on another."""
    for optimizer in ("momentum", "adamw"):
        config = recipe_config(optimizer=optimizer, lr=0.001)
        here = bench.learner(config, bench.make_recorder())
        drive(here, 0, 2 * here.batches, schedule(config))
        cpu = Learner(config, bench.digits, torch.device("cpu"))
        cpu.restore(here.capture())
        apart = difference(cpu.capture()["model"], here.capture()["model"])
        assert apart is None, f"the weights differ: {apart}"
        drive(cpu, 2 * here.batches, 2 * here.batches + 3, schedule(config))
        back = bench.learner(config, bench.make_recorder())
        back.restore(cpu.capture())
        drive(back, 2 * here.batches + 3, 4 * here.batches, schedule(config))
        assert back.has_finite_weights()
    return "weights equal, and steps follow on either"
