"""Where a training step's time goes, by PyTorch's operations and by the kernels in C.

    python -m benchmarks.parts [--data-dir DIR] [--rounds N]

Milliseconds of processor time on one thread, so that other programs disturb little; medians of
rounds in turns. The last column is what a part would take if nothing was skipped and it ran at
this machine's limits, which are measured as well: large products, and copying between memories.
"""

import ctypes
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median
from typing import Any, Final

import torch
from torch import Tensor
from torch.nn import functional as F

from benchmarks.arguments import parse
from devtools.drive import settle
from mnist_tui.config import recipe_config
from mnist_tui.data import read_mnist
from mnist_tui.data.dataset import Dataset
from mnist_tui.data.device_split import DeviceSplit
from mnist_tui.engine.optimizers import build_optimizer
from mnist_tui.engine.steps.base import AutogradStep
from mnist_tui.engine.steps.native.fast_step import FastStep
from mnist_tui.engine.steps.native.kernels import Kernels
from mnist_tui.engine.steps.native.mnist_step import MnistStep
from mnist_tui.models.classifier import Classifier
from mnist_tui.models.fast_net import FastNet
from mnist_tui.models.mnist_net import MnistNet, channels_last

Work = Callable[[], object]
_BATCHES: Final = 20
"""How often each thing is done in a round."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part of a step."""

    name: str
    pytorchs: Work
    """PyTorch's operations for it."""
    phases: tuple[int, ...]
    """What it is of the pieces of work that the kernels give to threads in a step."""
    products: int
    """Multiplications with additions per image."""
    bytes_moved: int = 0
    """Of weights, which no second-level cache holds."""


_WORK: Final = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
_PARALLEL: Final = ctypes.CFUNCTYPE(
    None, _WORK, ctypes.c_void_p, ctypes.c_uint, ctypes.c_uint
)  # `parallel_fn` of threads.h


class Phases:
    """Does all of the kernels' work on this thread, and takes the time of each piece of it."""

    def __init__(self, kernels: Kernels) -> None:
        self.seconds: list[float] = []
        """One for each piece, in the order in which they are done."""
        self._parallel = _PARALLEL(self._run)
        address = ctypes.cast(self._parallel, ctypes.c_void_p).value
        kernels.share_out(2, address)  # one thread alone would not be shared out to

    def _run(self, work: Callable[[int], None], data: int, threads: int, flags: int) -> None:
        started = time.process_time()
        work(data)
        self.seconds.append(time.process_time() - started)


def back(inputs: Tensor, stage: Callable[[Tensor], Tensor], *parameters: Tensor) -> Work:
    """The way back through a stage, to its parameters and, where they have a gradient, inputs."""
    output = stage(inputs)
    wanted = (*parameters, inputs) if inputs.requires_grad else parameters
    grads = torch.rand_like(output)
    return lambda: torch.autograd.grad(output, wanted, grads, retain_graph=True)


def forth(inputs: Tensor, stage: Callable[[Tensor], Tensor]) -> Work:
    """The way forward through a stage."""
    return lambda: stage(inputs)


def tutorials_parts(net: MnistNet, images: Tensor, labels: Tensor) -> tuple[Part, ...]:
    """The parts of a step of the recipe `tutorial`."""

    def convolve_first(x: Tensor) -> Tensor:
        return F.relu(net.conv1(x))

    def convolve_second(x: Tensor) -> Tensor:
        return F.relu(F.max_pool2d(net.conv2(x), 2)).contiguous()

    def convolve(x: Tensor) -> Tensor:
        return convolve_second(convolve_first(x))

    def linear(x: Tensor) -> Tensor:
        x = F.relu(net.fc1(net.dropout(x).flatten(1)))
        return F.nll_loss(F.log_softmax(net.fc2(x), dim=1), labels)

    images = channels_last(images)
    features = convolve(images).detach().requires_grad_()
    first, second = 26 * 26 * 32 * 9, 24 * 24 * 64 * 288
    weights = 9216 * 128
    layers = (*net.fc1.parameters(), *net.fc2.parameters())
    convolutions = (*net.conv1.parameters(), *net.conv2.parameters())
    return (
        Part(
            name="convolutions and pooling, forward",
            pytorchs=forth(images, convolve),
            phases=(0,),
            products=first + second,
        ),
        Part(
            name="linear layers, forward",
            pytorchs=forth(features, linear),
            phases=(1,),
            products=weights,
            bytes_moved=4 * weights,
        ),
        Part(
            name="linear layers, back (in C with their update)",
            pytorchs=back(features, linear, *layers),
            phases=(2,),
            products=2 * weights,
            bytes_moved=8 * weights,
        ),
        Part(
            name="convolutions and pooling, back",
            pytorchs=back(images, convolve, *convolutions),
            phases=(3, 4),
            products=first + 2 * second,
        ),
    )


def fasts_parts(net: FastNet, images: Tensor, labels: Tensor) -> tuple[Part, ...]:
    """The parts of a step of the recipe `fast`."""

    def convolve_first(x: Tensor) -> Tensor:
        return net.conv1((x - 0.1307) / 0.3081)

    def convolve_second(x: Tensor) -> Tensor:
        return F.max_pool2d(net.conv2(F.relu(net.norm1(x))), 2)

    def normalize(x: Tensor) -> Tensor:
        return F.relu(net.norm2(x)).flatten(1)

    def rest(x: Tensor) -> Tensor:
        return normalize(convolve_second(x))

    images = channels_last(images)
    convolved = convolve_first(images).detach().requires_grad_()
    first, second = 144 * 16 * 36, 100 * 32 * 144
    norms = (*net.norm1.parameters(), *net.norm2.parameters())
    return (
        Part(
            name="first convolution, forward",
            pytorchs=forth(images, convolve_first),
            phases=(0,),
            products=first,
        ),
        Part(
            name="second convolution, pooling, normalizations, forward",
            pytorchs=forth(convolved, rest),
            phases=(1, 2),
            products=second,
        ),
        Part(
            name="the same, back",
            pytorchs=back(convolved, rest, *norms, *net.conv2.parameters()),
            phases=(3, 4),
            products=2 * second,
        ),
        Part(
            name="first convolution, back",
            pytorchs=back(images, convolve_first, *net.conv1.parameters()),
            phases=(5, 6),
            products=first,
        ),
    )


def milliseconds(work: Work) -> float:
    """Processor time of one call, the mean of a round's."""
    started = time.process_time()
    for _ in range(_BATCHES):
        work()
    return 1e3 * (time.process_time() - started) / _BATCHES


def limits() -> tuple[float, float]:
    """Products with additions per ms in large matrices; bytes copied per ms."""
    matrix, memory = torch.rand(1024, 1024), torch.rand(1 << 25)
    out, copy = torch.empty_like(matrix), torch.empty_like(memory)
    return (
        1024**3 / min(milliseconds(lambda: torch.mm(matrix, matrix, out=out)) for _ in range(3)),
        8 * len(memory) / min(milliseconds(lambda: copy.copy_(memory)) for _ in range(2)),
    )


def table(recipe: str, dataset: Dataset, rounds: int) -> Iterator[tuple[str, ...]]:
    """The lines of one recipe's table, in fp32."""
    is_tutorials = recipe == "tutorial"
    config, device = recipe_config(recipe), torch.device("cpu")
    images, labels = DeviceSplit(dataset.train, device).slice(0, config.batch_size)
    nets = [MnistNet() if is_tutorials else FastNet() for _ in range(3)]
    optimizers = [build_optimizer(net, config) for net in nets]
    autograd = AutogradStep(Classifier(nets[0]), optimizers[0], config, device, "fp32")
    make_step: Any = MnistStep if is_tutorials else FastStep
    native = make_step(nets[1], optimizers[1], config, "fp32")
    make_parts: Any = tutorials_parts if is_tutorials else fasts_parts
    parts: tuple[Part, ...] = make_parts(nets[2], images, labels)
    phases = Phases(native.library)
    rows: list[tuple[list[float], list[float]]] = [([], []) for _ in range(1 + len(parts))]
    for _ in range(1 + rounds):
        rows[0][0].append(milliseconds(lambda: autograd(images, labels, 0.0)))
        phases.seconds.clear()
        rows[0][1].append(milliseconds(lambda: native(images, labels, 0.0)))
        count = len(phases.seconds) // _BATCHES
        for part, (pytorchs, ours) in zip(parts, rows[1:], strict=True):
            pytorchs.append(milliseconds(part.pytorchs))
            ours.append(
                1e3 * sum(sum(phases.seconds[phase::count]) for phase in part.phases) / _BATCHES
            )
    # The first round finds memory, and does not count.
    whole, *each = [tuple(median(values[1:]) for values in row) for row in rows]
    products, copied = limits()
    yield (f"recipe {recipe}, batches of {config.batch_size}", "PyTorch", "C", "at the limits")
    yield ("---",) * 4
    for part, times in zip(parts, each, strict=True):
        at_limits = max(len(images) * part.products / products, part.bytes_moved / copied)
        yield (part.name, *(f"{ms:.2f}" for ms in times), f"{at_limits:.2f}")
    rest = (all_ - sum(parts_) for all_, *parts_ in zip(whole, *each, strict=True))
    yield ("the rest", *(f"{ms:.2f}" for ms in rest), "")
    yield ("the whole step", *(f"{ms:.2f}" for ms in whole), "")
    yield (
        f"the limits: {2 * products / 1e6:.0f} GFLOP/s in products of 1,024 x 1,024, "
        f"{copied / 1e6:.1f} GB/s copied",
        *("",) * 3,
    )


def main() -> None:
    """Measure and print."""
    arguments = parse(__doc__, rounds=9)
    torch.set_num_threads(1)
    settle()
    dataset = read_mnist(arguments.data_dir)
    for recipe in ("tutorial", "fast"):
        for cells in table(recipe, dataset, arguments.rounds):
            print(f"| {' | '.join(cells)} |", flush=True)
        print()


if __name__ == "__main__":
    main()
