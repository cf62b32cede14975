"""The scripts beside the package name only what is in it; no type checker reads them."""

import ast
import importlib
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SCRIPTS = sorted(
    path
    for folder in ("benchmarks", "devtools", "screenshots")
    for path in (ROOT / folder).glob("*.py")
)
OURS = ("mnist_tui", "benchmarks", "devtools", "tests")


@pytest.mark.slow
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: f"{path.parent.name}.{path.stem}")
def test_what_a_script_imports_is_there(script: Path) -> None:
    for node in ast.walk(ast.parse(script.read_text("utf-8"))):
        if not isinstance(node, ast.ImportFrom) or (node.module or "").split(".")[0] not in OURS:
            continue
        assert node.module is not None
        try:
            module = importlib.import_module(node.module)
        except ModuleNotFoundError as error:
            if str(error.name).split(".")[0] in OURS:
                raise
            continue  # a library that not every machine has
        for alias in node.names:
            is_there = hasattr(module, alias.name) or find_spec(f"{node.module}.{alias.name}")
            assert is_there, f"{node.module} has no {alias.name}"
