"""What may know what: each layer is imported in a fresh process, and what came with it is seen."""

import os
import subprocess
import sys
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

import pytest

TORCH = {"torch", "torchvision"}
SCREENS = {"textual", "plotext"}


def unwanted_after(modules: Sequence[str], unwanted: set[str]) -> dict[str, list[str]]:
    """Import ours one after the other in one fresh process; which of them brought `unwanted`."""
    script = f"""
import sys
for module in {list(modules)}:
    before = set(sys.modules)
    __import__("mnist_tui" + module)
    came = {{name.split(".")[0] for name in set(sys.modules) - before}} & {unwanted}
    if came:
        print("mnist_tui" + module, *came)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return {line.split()[0]: line.split()[1:] for line in done.stdout.splitlines()}


def test_torch_is_not_imported_before_a_run_starts() -> None:
    contract = [".config", ".metrics", ".images", ".store.catalog", ".run.session", ".run.plan"]
    viewers = [".headless", ".cli", ".tui.launch", ".tui.app", ".tui.screens.question"]
    modules = ["", *contract, ".engine.runner", *viewers]
    assert unwanted_after(modules, TORCH | {"mlxtend"}) == {}


def test_the_dashboard_imports_nothing_that_waits_for_its_use() -> None:
    modules = [".cli", ".tui.app", ".tui.screens.help"]
    # The plots wait for the first curve, Pillow for the first image.
    assert unwanted_after(modules, {"plotext", "PIL"}) == {}


@pytest.mark.slow
def test_training_and_inference_know_nothing_of_the_dashboard() -> None:
    modules = [".store.writer", ".store.catalog", ".headless", ".images", ".engine.prepare"]
    modules += [".inference.evaluate", ".inference.predict"]
    came = unwanted_after(modules, SCREENS | {"torchvision", "PIL", "torch"})
    assert set(chain(*came.values())) == {"torch"}


@pytest.mark.slow
def test_training_does_not_wait_for_torchs_compiler(few_digits: Path) -> None:
    train = f"""
import sys
from pathlib import Path
import torch
from mnist_tui.config import recipe_config
from mnist_tui.data import read_mnist
from mnist_tui.devices import set_determinism
from mnist_tui.engine.learner import Learner
digits = read_mnist(Path({str(few_digits)!r}))
set_determinism(torch.device("cpu"), True, "fp32")
for optimizer in ("sgd", "momentum", "adamw"):
    learner = Learner(recipe_config(optimizer=optimizer), digits, torch.device("cpu"))
    learner.open_epoch(1)
    learner.train(0, [0.01])
    learner.restore(learner.capture())
    learner.validate(lambda batch: None)
sys.exit("torch._dynamo" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", train], check=False).returncode == 0


def test_the_command_imports_no_file_of_the_current_folder(tmp_path: Path) -> None:
    for name in ("logging", "pathlib", "json", "random", "click", "numpy"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('homework')")
    for way in ([sys.executable, "-m", "mnist_tui"], [Path(sys.executable).with_name("mnist-tui")]):
        done = subprocess.run(
            [*way, "runs"],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": os.pathsep},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_no_process_that_a_command_starts_imports_one_either(tmp_path: Path) -> None:
    (tmp_path / "torch.py").write_text("open('was-run', 'w')")
    subprocess.run(
        [Path(sys.executable).with_name("mnist-tui"), "doctor"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep},
        capture_output=True,
        check=False,
    )
    assert not (tmp_path / "was-run").exists()
