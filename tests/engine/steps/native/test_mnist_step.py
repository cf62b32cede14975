"""A step by native C kernels is the step by autograd, but for rounding."""

import ctypes
import logging
import os
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F

from mnist_tui.config import recipe_config
from mnist_tui.engine.optimizers import build_optimizer
from mnist_tui.engine.steps.base import AutogradStep
from mnist_tui.engine.steps.native import library
from mnist_tui.engine.steps.native.mnist_step import MnistStep
from mnist_tui.engine.steps.select import select_step
from mnist_tui.models.classifier import Classifier
from mnist_tui.models.mnist_net import MnistNet

pytestmark = pytest.mark.skipif(
    not any(shutil.which(name) for name in library.COMPILERS), reason="there is no C compiler"
)
CPU = torch.device("cpu")
CLOSE = 1e-5
"""As a part of a gradient's norm."""


@pytest.fixture(autouse=True)
def _load_anew() -> None:
    forget()


def forget() -> None:
    """Let the library be looked for again, as in a new process."""
    library.load.cache_clear()
    library._compiler.cache_clear()


def make_net(seed: int = 0) -> MnistNet:
    torch.manual_seed(seed)
    return MnistNet()


def make_step(net: MnistNet, optimizer: str = "sgd", precision: str = "fp32") -> MnistStep:
    config = recipe_config(optimizer=optimizer, precision=precision)
    return MnistStep(net, build_optimizer(net, config), config, precision)


def batch(size: int, seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    """Images with black regions, labels, and the channels that dropout keeps."""
    generator = torch.Generator().manual_seed(seed)
    images = torch.rand(size, 1, 28, 28, generator=generator)
    for image in images[: size // 2 + 1]:
        corner = torch.randint(0, 20, (2,), generator=generator)
        black = torch.ones(28, 28, dtype=torch.bool)
        black[corner[0] : corner[0] + 9, corner[1] : corner[1] + 9] = False
        image[0, black] = 0
    labels = torch.randint(0, 10, (size,), generator=generator)
    return images, labels, torch.empty(size, 64, 1, 1).bernoulli_(0.75, generator=generator)


def gradients_by_autograd(
    net: MnistNet, images: Tensor, labels: Tensor, kept: Tensor
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Loss and gradients, as the tutorial's class computes them."""
    loss = loss_after_first(net, net.conv1(images), labels, kept)
    return loss.detach(), torch.autograd.grad(loss, list(net.parameters()))


def loss_after_first(net: MnistNet, convolved: Tensor, labels: Tensor, kept: Tensor) -> Tensor:
    x = F.max_pool2d(F.relu(net.conv2(F.relu(convolved))), 2)
    x = F.relu(net.fc1((x * (kept / 0.75)).flatten(1)))
    return F.nll_loss(F.log_softmax(net.fc2(x), dim=1), labels)


def assert_close(net: MnistNet, found: list[Tensor], wanted: tuple[Tensor, ...]) -> None:
    for (name, _), gradient, expected in zip(net.named_parameters(), found, wanted, strict=True):
        distance = float((gradient - expected).norm() / expected.norm())
        assert distance <= CLOSE, f"{name}: {distance:.1e}"


@pytest.mark.parametrize("size", [1, 2, 5, 32, 33])
@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adamw"])
def test_every_gradient_is_autograds(size: int, optimizer: str) -> None:
    net = make_net()
    step = make_step(net, optimizer)
    images, labels, kept = batch(size)
    loss, wanted = gradients_by_autograd(net, images, labels, kept)
    before = [parameter.detach().clone() for parameter in net.parameters()]
    found_loss, _ = step.learn(images, labels, 1.0, kept)
    assert float(found_loss) == pytest.approx(float(loss), rel=1e-5)
    found = [
        old - new.detach() if step.updates else new.grad
        for old, new in zip(before, net.parameters(), strict=True)
    ]
    assert_close(net, found, wanted)  # type: ignore[arg-type]


def test_an_image_all_black_and_one_without_black_are_right() -> None:
    net = make_net()
    step = make_step(net, "momentum")
    images = torch.stack([torch.zeros(1, 28, 28), torch.full((1, 28, 28), 0.5)])
    labels, kept = torch.tensor([3, 8]), torch.ones(2, 64, 1, 1)
    # Every pixel of a patch is the same, so that the four that are pooled together tie.
    _, wanted = gradients_by_autograd(net, images, labels, kept)
    step.learn(images, labels, 0.0, kept)
    assert_close(net, [p.grad for p in net.parameters()], wanted)  # type: ignore[misc]


def steps_taken(threads: int, sizes: tuple[int, ...] = (32, 32, 7)) -> list[Tensor]:
    """Weights, last loss and generator after some steps on so many threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        net = make_net()
        step = make_step(net)
        for number, size in enumerate(sizes):
            images, labels, _ = batch(size, number)
            loss, _ = step(images, labels, 0.05)
    finally:
        torch.set_num_threads(before)
    return [*(p.detach().clone() for p in net.parameters()), loss, torch.get_rng_state()]


@pytest.mark.parametrize("threads", [1, 2, 3, 20])
def test_every_run_has_the_same_bits(threads: int) -> None:
    for one, other in zip(steps_taken(threads), steps_taken(threads), strict=True):
        assert torch.equal(one, other)


def test_it_drops_the_channels_that_pytorch_drops() -> None:
    images, labels, _ = batch(16)
    net, twin = make_net(), make_net()
    config = recipe_config()
    autograd = AutogradStep(Classifier(twin), build_optimizer(twin, config), config, CPU, "fp32")
    step = make_step(net)
    torch.manual_seed(5)
    loss, output = step(images, labels, 0.01)
    state = torch.get_rng_state()
    torch.manual_seed(5)
    expected_loss, expected = autograd(images, labels, 0.01)
    assert torch.equal(torch.get_rng_state(), state)
    torch.testing.assert_close(output, expected, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(loss, expected_loss, rtol=1e-5, atol=1e-6)
    for mine, theirs in zip(net.parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-6)


def test_bf16_is_as_close_as_rounding_lets_it_be() -> None:
    if not ctypes.c_long.in_dll(library.load("mnist_net"), "HAS_BF16").value:
        pytest.skip("this processor does not compute in bfloat16")
    net = make_net()
    step = make_step(net, "momentum", "bf16")
    images, labels, kept = batch(32)
    _, wanted = gradients_by_autograd(net, images, labels, kept)
    step.learn(images, labels, 0.0, kept)
    for parameter, expected in zip(net.parameters(), wanted, strict=True):
        assert parameter.grad is not None
        assert 1e-6 < float((parameter.grad - expected).norm() / expected.norm()) < 0.2


def test_what_is_not_a_number_is_seen_in_the_loss() -> None:
    images, labels, kept = batch(4)
    images[2, 0, 14, 14] = torch.nan
    loss, _ = make_step(make_net()).learn(images, labels, 0.01, kept)
    assert loss.isnan()


def selected(precision: str = "fp32", seed: int = 0) -> object:
    net, config = make_net(seed), recipe_config(precision=precision)
    optimizer = build_optimizer(net, config)
    return select_step(Classifier(net), optimizer, config, CPU, precision, print)


@pytest.mark.slow
def test_a_cpu_takes_the_native_kernels_where_they_are_right(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert isinstance(selected(), MnistStep)
    wrong = Path(shutil.copytree(library.FOLDER, tmp_path / "sources")) / "mnist_net.c"
    right = wrong.read_text("utf-8")
    wrong.write_text(right.replace("*bias += grad;", "*bias -= grad;"), "utf-8")
    assert wrong.read_text("utf-8") != right
    monkeypatch.setattr(library, "FOLDER", wrong.parent)
    forget()
    with caplog.at_level(logging.INFO):
        assert type(selected()) is AutogradStep
    assert "falls back to PyTorch's kernels: conv2.bias" in caplog.text


@pytest.mark.parametrize("seed", [21, 53, 90, 93])
def test_a_near_tie_in_the_comparison_is_no_reason_to_train_slowly(seed: int) -> None:
    assert isinstance(selected(seed=seed), MnistStep)


@pytest.mark.slow
def test_a_cached_library_that_cannot_be_loaded_is_compiled_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    kept = library._cached("mnist_net")
    assert kept is not None
    kept.write_bytes(b"")
    assert isinstance(selected(), MnistStep)
    assert not kept.exists()


@pytest.mark.slow
def test_a_compiler_that_hangs_is_given_up(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for name in library.COMPILERS:
        (tmp_path / name).write_text("#!/bin/sh\nexec sleep 600\n", "utf-8")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setattr(library._run, "__defaults__", (0.1,))
    monkeypatch.setattr(library, "PROBE_S", 0.1)
    with caplog.at_level(logging.INFO):
        assert type(selected()) is AutogradStep
    assert "there is no C compiler that works" in caplog.text


@pytest.mark.slow
def test_a_compiler_that_is_slow_once_is_not_told_to_compile_in_another_way(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    usual = library._compiler()
    library._compiler.cache_clear()
    slow_with = f'[ "$1" = {library.NATIVE[0]} ] && exec sleep 600\n'
    (tmp_path / "cc").write_text(f"#!/bin/sh\n{slow_with}exec {usual.path} $@\n", "utf-8")
    (tmp_path / "cc").chmod(0o755)
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setattr(library, "PROBE_S", 1)
    with suppress(library.NativeUnavailableError):
        assert library._compiler().native == usual.native


def test_without_a_compiler_pytorchs_kernels_train(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with caplog.at_level(logging.INFO):
        assert type(selected()) is AutogradStep
    assert "there is no C compiler that works (cc, gcc, clang)" in caplog.text


def test_a_compiler_that_fails_is_quoted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "mnist_net.c").write_text("int forward(", "utf-8")
    monkeypatch.setattr(library, "FOLDER", tmp_path)
    with caplog.at_level(logging.INFO):
        assert type(selected()) is AutogradStep
    assert "error" in caplog.text


@pytest.mark.slow
def test_what_a_cut_off_compilation_left_goes_at_a_later_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    library.load("mnist_net")
    (kept,) = cached(tmp_path)
    left = kept.with_name("tmpleft.so")
    for name in ("tmpleft.so", "tmpanother.so", "mnist_net-old.so"):
        kept.with_name(name).write_bytes(b"")
    now = time.time()
    os.utime(left, (now, now - 120))
    os.utime(kept.with_name("mnist_net-old.so"), (now, now - 120))
    os.utime(kept, (now, now - 60 * 24 * 3600))
    forget()
    library.load("mnist_net")
    assert {path.name for path in kept.parent.iterdir()} == {
        kept.name,  # used just now
        "tmpanother.so",  # which another process may be compiling
        "mnist_net-old.so",
    }


def cached(folder: Path) -> list[Path]:
    return sorted(folder.rglob("mnist_net-*.so"))


@pytest.mark.slow
def test_it_is_compiled_once_and_kept_for_this_user_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    library.load("mnist_net")
    (kept,) = cached(tmp_path)
    assert kept.parent.stat().st_mode & 0o777 == 0o700
    made = kept.stat().st_ino
    forget()
    library.load("mnist_net")
    assert [path.stat().st_ino for path in cached(tmp_path)] == [made]


@pytest.mark.slow
def test_a_cache_that_others_can_write_to_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = tmp_path / "mnist-tui" / "native"
    folder.mkdir(parents=True)
    folder.chmod(0o777)
    assert isinstance(selected(), MnistStep)
    assert not cached(tmp_path)
    folder.rmdir()
    folder.symlink_to(tmp_path)
    forget()
    assert isinstance(selected(), MnistStep)
    assert not cached(tmp_path)


@pytest.mark.slow
def test_without_a_home_a_library_is_compiled_for_this_process_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def no_home(*_: object, **__: object) -> Path:
        raise RuntimeError("could not determine the home directory")

    monkeypatch.setattr("platformdirs.user_cache_path", no_home)
    forget()
    assert isinstance(selected(), MnistStep)


@pytest.mark.slow
def test_a_library_that_somebody_else_could_have_written_is_compiled_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    library.load("mnist_net")
    (kept,) = cached(tmp_path)
    kept.unlink()  # not written over: this process has it mapped
    kept.write_bytes(b"not a library")
    kept.chmod(0o666)
    forget()
    assert isinstance(selected(), MnistStep)
    assert kept.read_bytes() != b"not a library"


@pytest.mark.slow
def test_two_processes_at_once_both_get_a_whole_library(tmp_path: Path) -> None:
    script = "from mnist_tui.engine.steps.native import library; library.load('mnist_net')"
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}
    processes = [subprocess.Popen([sys.executable, "-c", script], env=environment) for _ in "ab"]
    assert [process.wait() for process in processes] == [0, 0]
    (made,) = (tmp_path / "mnist-tui" / "native").iterdir()
    assert made.name.startswith("mnist_net-")


def has_near_ties(net: MnistNet, images: Tensor) -> bool:
    """Whether rounding alone decides somewhere which of four values is pooled, or whether any is.

    The gradient goes to another pixel then, here or there: both are right.
    """
    twin = make_net()
    twin.load_state_dict(net.state_dict())
    twin.double()
    with torch.no_grad():
        values = twin.conv2(F.relu(twin.conv1(images.double())))
        fours = F.unfold(values.flatten(0, 1)[:, None], 2, stride=2)  # (B * 64, 4, 144)
        first, second, *_ = fours.sort(dim=1, descending=True).values.unbind(1)
        gap = torch.minimum(first.abs(), first - second)
        return bool(((gap < 2e-7) & (gap > 1e-12)).any())  # what is black ties to the last bit


@pytest.mark.parametrize("size", [1, 2, 32])
def test_the_convolutions_outputs_have_the_bits_of_pytorchs(size: int) -> None:
    net = make_net()
    step = make_step(net)
    if not step.sums_as_pytorch:
        pytest.skip("PyTorch's convolution sums in another order on this processor")
    images, _, _ = batch(size)
    with torch.no_grad():
        values = F.conv2d(F.relu(net.conv1(images)), net.conv2.weight, net.conv2.bias)
        expected = F.relu(F.max_pool2d(values, 2)).view(size, 288, 32)
    assert torch.equal(step.features(images), expected)


def test_features_of_more_images_than_there_was_room_for_are_right() -> None:
    net = make_net()
    step = make_step(net)
    images, _, _ = batch(70)  # the recipe's batches have 32
    apart = torch.cat([step.features(part).clone() for part in images.split(10)])
    torch.testing.assert_close(step.features(images), apart, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("block", [8, 16, 32])
@pytest.mark.parametrize("biases_last", range(4))
def test_each_order_of_the_sums_differs_by_rounding_alone(block: int, biases_last: int) -> None:
    net = make_net()
    step = make_step(net)
    images, _, _ = batch(5)
    usual = step.features(images).clone()
    step.library.set(block=block, biases_last=biases_last)
    torch.testing.assert_close(step.features(images), usual, rtol=1e-5, atol=1e-6)


@pytest.mark.slow
@settings(max_examples=100, suppress_health_check=[HealthCheck.filter_too_much])
@given(st.integers(1, 32), st.integers(0, 1_000_000))
def test_a_hundred_batches_are_autograds(size: int, seed: int) -> None:
    net = make_net(seed)
    step = make_step(net, "momentum")
    images, labels, kept = batch(size, seed)
    assume(step.sums_as_pytorch or not has_near_ties(net, images))
    _, wanted = gradients_by_autograd(net, images, labels, kept)
    step.learn(images, labels, 0.0, kept)
    assert_close(net, [p.grad for p in net.parameters()], wanted)  # type: ignore[misc]


@pytest.mark.slow
@pytest.mark.parametrize("size", [64, 256, 1024])
def test_large_batches_are_autograds(size: int) -> None:
    net = make_net()
    step = make_step(net, "momentum")
    if not step.sums_as_pytorch:
        pytest.skip("PyTorch's convolution sums in another order on this processor")
    images, labels, kept = batch(size)
    first = net.conv1(images)
    loss = loss_after_first(net, first, labels, kept)
    d_first, *wanted = torch.autograd.grad(loss, [first, *net.parameters()])
    # PyTorch adds up the 692,224 values of 1,024 images in float32, which is 1e-5 off by itself.
    values, patches = d_first.double().flatten(2), F.unfold(images.double(), 3)
    wanted[:2] = (values @ patches.mT).sum(0).view(32, 1, 3, 3), values.sum((0, 2))
    step.learn(images, labels, 0.0, kept)
    assert_close(net, [p.grad for p in net.parameters()], tuple(wanted))  # type: ignore[misc]


SANITIZED = """
import ctypes, sys
import torch
from tests.engine.steps.native import test_fast_step, test_mnist_step
from mnist_tui.engine.steps.native import kernels
shared = ctypes.CDLL(sys.argv[1])
kernels.load = lambda source: shared
torch.set_num_threads(2)
has_bf16 = ctypes.c_long.in_dll(shared, "HAS_BF16").value
tests = {"mnist_net": test_mnist_step, "fast_net": test_fast_step}[sys.argv[2]]
for size in (1, 2, 3, 8, 31, 32, 33, 64):
    for precision in ("fp32", "bf16")[: 1 + has_bf16]:
        for optimizer in ("sgd", "momentum"):
            step = tests.make_step(tests.make_net(), optimizer, precision)
            images, labels, _ = test_mnist_step.batch(size, size)
            step(images, labels, 0.01)
print("clean")
"""


@pytest.mark.slow
@pytest.mark.parametrize("model", library.MODELS)
def test_the_sanitizers_find_nothing(model: str, tmp_path: Path) -> None:
    compiler = library._compiler()
    shared = tmp_path / "kernels.so"
    source = library.FOLDER / f"{model}.c"
    flags = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g"]
    done = subprocess.run(
        [compiler.path, compiler.native, *library.FLAGS, *flags, "-o", shared, source],
        capture_output=True,
        check=False,
    )
    name = subprocess.run(
        [compiler.path, "-print-file-name=libasan.so"], capture_output=True, text=True, check=False
    ).stdout.strip()
    if done.returncode or not Path(name).is_absolute():
        pytest.skip("this compiler has no sanitizers")
    environment = {**os.environ, "LD_PRELOAD": name, "ASAN_OPTIONS": "detect_leaks=0"}
    done = subprocess.run(
        [sys.executable, "-c", SANITIZED, str(shared), model],
        env=environment,
        capture_output=True,
        check=False,
        cwd=Path(__file__).parents[4],
    )
    assert done.stdout.split()[-1:] == [b"clean"], done.stderr.decode()[-2000:]
