"""What may know what: each layer is imported in a fresh process, and what came with it is seen."""

import ast
import os
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import packages_distributions
from itertools import chain
from pathlib import Path

import pytest

import mnist_tui

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


@pytest.mark.slow
def test_torch_is_not_imported_before_a_run_starts() -> None:
    contract = [".config", ".metrics", ".images", ".store.catalog", ".run.session", ".run.plan"]
    viewers = [".headless", ".cli", ".tui.launch", ".tui.app", ".tui.screens.question"]
    modules = ["", *contract, ".engine.runner", *viewers]
    assert unwanted_after(modules, TORCH | {"mlxtend"}) == {}


@pytest.mark.slow
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


HOMEWORK = """
import sys
from _frozen_importlib import module_from_spec
with open({trace!r}, "a") as file:
    print(__name__, file=file)
finder, others = sys.meta_path[-1], [path for path in sys.path if path not in ("", {folder!r})]
spec = finder.find_spec(__name__, others)
module = sys.modules[__name__] = module_from_spec(spec)
spec.loader.exec_module(module)
"""
"""A file that has the name of a module, notes that it was imported, and gives way to the module."""

COMMAND = str(Path(sys.executable).with_name("mnist-tui"))
SAMPLE = "--dataset sample --epochs"


@pytest.fixture
def homework(tmp_path: Path) -> Path:
    """A folder with a file for each module of the standard library, and for each one installed."""
    folder = tmp_path / "homework"
    folder.mkdir()
    installed = {name for name in packages_distributions() if name.isidentifier()}
    # With an empty entry in PYTHONPATH Python itself imports some before any program begins.
    script = "import sys; print(*sys.modules)"
    early = subprocess.check_output([sys.executable, "-c", script], text=True).split()
    for name in {*sys.stdlib_module_names, *installed} - {"mnist_tui", *early}:
        text = HOMEWORK.format(trace=str(tmp_path / "trace"), folder=str(folder))
        (folder / f"{name}.py").write_text(text)
    return folder


def imported_from(folder: Path, *command: str) -> list[str]:
    """Run a command in such a folder; the files of the folder that were imported since then."""
    trace = folder.with_name("trace")
    trace.write_text("")
    environment = {**os.environ, "PYTHONPATH": os.pathsep}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode in (0, 1), done.stderr  # 1: the doctor has found something
    assert "Traceback" not in done.stderr
    return trace.read_text().split()


@pytest.mark.slow
@pytest.mark.parametrize("words", ["doctor", f"train --headless {SAMPLE} 1 --recipe fast"])
def test_no_file_of_the_current_folder_is_imported(homework: Path, words: str) -> None:
    assert imported_from(homework, COMMAND, *words.split()) == []


@pytest.mark.slow
def test_no_process_that_is_left_running_imports_one_either(homework: Path) -> None:
    started = imported_from(homework, COMMAND, *f"train --detach {SAMPLE} 90000".split())
    ended = imported_from(homework, COMMAND, "control", "last", "stop")
    assert started + ended == []


@pytest.mark.slow
def test_python_itself_imports_those_that_it_needs_to_find_the_package(homework: Path) -> None:
    (homework / "empty").mkdir()
    (homework / "empty" / "__main__.py").touch()
    needed = imported_from(homework, sys.executable, "-m", "empty")
    assert imported_from(homework, sys.executable, "-m", "mnist_tui", "runs") == needed
    # Python wants no name of this one, which then is not the module that all others need.
    (homework / "warnings.py").write_text("")
    assert "warnings" in needed
    train = f"-m mnist_tui train --headless {SAMPLE} 1".split()
    assert set(imported_from(homework, sys.executable, *train)) <= set(needed)


@pytest.mark.slow
def test_processes_of_ours_do_not_look_into_the_current_folder() -> None:
    lists = [
        [ast.unparse(word) for word in node.elts]
        for path in Path(mnist_tui.__path__[0]).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.List)
    ]
    commands = [words for words in lists if "sys.executable" in words]
    assert len(commands) >= 3
    assert [words for words in commands if words[:2] != ["sys.executable", "'-P'"]] == []
