"""What may know what: each layer is imported in a fresh process, and what came with it is seen."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


def modules_after(statement: str) -> set[str]:
    """The top-level modules that a fresh process has after `statement`."""
    code = f"{statement}\nimport sys; print(*{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "module",
    [
        "mnist_tui",
        "mnist_tui.cli",
        "mnist_tui.config",
        "mnist_tui.headless",
        "mnist_tui.store.catalog",
        "mnist_tui.tui.app",
        "mnist_tui.tui.launch",
        "mnist_tui.metrics",
        "mnist_tui.images",
        "mnist_tui.engine.runner",
        "mnist_tui.run.session",
        "mnist_tui.run.plan",
    ],
)
def test_torch_is_not_imported_before_a_run_starts(module: str) -> None:
    assert not {"torch", "torchvision"} & modules_after(f"import {module}")


@pytest.mark.parametrize(
    "module",
    [
        "mnist_tui.engine.prepare",
        "mnist_tui.inference.evaluate",
        "mnist_tui.inference.predict",
        "mnist_tui.store.writer",
        "mnist_tui.store.catalog",
        "mnist_tui.headless",
    ],
)
def test_the_engine_knows_nothing_of_the_dashboard(module: str) -> None:
    assert not {"textual", "plotext"} & modules_after(f"import {module}")


@pytest.mark.parametrize("module", ["cli", "tui.app", "images", "inference.predict"])
def test_pillow_waits_for_the_first_image(module: str) -> None:
    assert "PIL" not in modules_after(f"import mnist_tui.{module}")


def test_training_imports_no_torchvision() -> None:
    assert "torchvision" not in modules_after("import mnist_tui.engine.prepare")


def test_the_public_names_are_there() -> None:
    names = "FastNet, MnistNet, TrainConfig, load_dataset, read_checkpoint, recipe_config"
    assert "torch" in modules_after(f"from mnist_tui import {names}")


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
