"""What is checked where there is a GPU holds, and finds faults, with a stand-in on the CPU."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from devtools import gpu_checks
from devtools.few_digits import write_few_digits
from devtools.gpu_checks import (
    CONFIGS,
    Bench,
    falls_back,
    moves,
    own_kernels,
    parity,
    resumes,
)
from mnist_tui.config import recipe_config
from mnist_tui.data import read_mnist
from mnist_tui.engine.cuda import chunks
from mnist_tui.engine.cuda.graphs import CaptureBody
from mnist_tui.engine.steps import select
from tests.engine.cuda.fake_graphs import FakeGraphRecorder

pytestmark = pytest.mark.slow

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def without_native_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    """The native ones of a CPU cannot be captured, and no GPU has them."""
    monkeypatch.setattr(select, "native_or", lambda autograd, *rest: autograd)


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Eleven batches to an epoch, in chunks of four."""
    monkeypatch.setattr(chunks, "MAX_BATCHES", 4)
    return Bench(read_mnist(write_few_digits(tmp_path)), CPU, FakeGraphRecorder)


def test_captured_steps_pass_for_the_eager_ones(bench: Bench) -> None:
    assert parity(bench, CONFIGS["adamw"]).startswith("all bits equal")


def test_resuming_passes_wherever_it_is_tried(bench: Bench) -> None:
    assert "1, 5, 10, 11, 16" in resumes(bench, recipe_config())


def test_falling_back_passes_with_one_warning(bench: Bench) -> None:
    assert "could not be captured" in falls_back(bench)


def test_states_that_move_between_devices_pass(bench: Bench) -> None:
    assert moves(bench)


def test_own_kernels_that_are_missing_are_found(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "no others on this device" in own_kernels(bench, recipe_config())
    monkeypatch.setattr(gpu_checks, "has_tf32", lambda device: True)
    with pytest.raises(AssertionError, match="could have its own"):
        own_kernels(bench, recipe_config())


def test_a_capture_that_always_fails_is_found(few_digits: Path) -> None:
    bench = Bench(read_mnist(few_digits), CPU, lambda: FakeGraphRecorder(fails_at=1))
    with pytest.raises(AssertionError, match="could not be captured"):
        parity(bench, recipe_config())


def test_what_was_never_captured_does_not_pass(few_digits: Path) -> None:
    bench = Bench(read_mnist(few_digits), CPU, FakeGraphRecorder, epochs=1)
    with pytest.raises(AssertionError, match="nothing was recorded"):
        parity(bench, recipe_config())


def test_a_replay_that_forgets_a_step_is_found(few_digits: Path) -> None:
    def forgetful() -> FakeGraphRecorder:
        class Forgetful(FakeGraphRecorder):
            def __call__(self, work: CaptureBody) -> CaptureBody:
                super().__call__(work)
                return lambda: None

        return Forgetful()

    bench = Bench(read_mnist(few_digits), CPU, forgetful)
    with pytest.raises(AssertionError, match=r"they differ: .* by up to"):
        parity(bench, recipe_config())


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_the_command_says_so_and_exits_with_2(few_digits: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.gpu", "--data-dir", str(few_digits)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "no CUDA device here, and this measures nothing else\n"
    assert done.stdout == ""
