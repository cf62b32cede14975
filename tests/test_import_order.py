"""Who may import whom: read from the sources, since what is imported late counts as well."""

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

import mnist_tui

LAYERS = (
    ("errors", "rules", "formatting", "metrics", "container", "version"),
    ("config", "torch_runtime", "devices"),
    ("run",),
    ("data", "images", "models", "store", "process", "system_monitor"),
    ("inference", "wording"),
    ("engine", "export"),
    ("replay", "remote"),
    ("sweep",),
    ("headless", "tui", "doctor"),
    ("cli",),
    ("api",),
)
"""From the bottom to the top: a part imports parts of lower layers, itself, and no other.

Parts of one layer do not know each other, except where NEIGHBORS says so.
"""

NEIGHBORS = {("config", "rules"), ("store", "data"), ("data", "images"), ("tui", "doctor")}
"""Imports within a layer, from the first to the second."""

CONTRACT_MAY_USE = {"run", "config", "rules", "errors"}
"""All of ours that the contract between a run and its viewers knows."""

VIEWERS_NEVER_KNOW = {"engine", "models", "inference", "replay", "devices", "torch_runtime"}
"""What no part of the dashboard and no line of a headless run imports."""

ROOT = Path(mnist_tui.__file__).parent
Imports = Mapping[str, set[str]]
"""For each module by its dotted name, without `mnist_tui.`: the modules of ours that it imports."""


@cache
def read_imports(root: Path = ROOT) -> Imports:
    """Every import of the package, those inside of functions and for type checkers included."""
    names = {name_of(path, root) for path in root.rglob("*.py")}
    return {
        name_of(path, root): set(imports_of(path.read_text("utf-8"), names))
        for path in sorted(root.rglob("*.py"))
    }


def name_of(path: Path, root: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(source: str, names: set[str]) -> Iterator[str]:
    """The modules of ours that a source imports."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are written out in full"
            found = [
                full if full.removeprefix("mnist_tui.") in names else str(node.module)
                for full in (f"{node.module}.{alias.name}" for alias in node.names)
            ]
        else:
            continue
        for module in found:
            if module == "mnist_tui" or module.startswith("mnist_tui."):
                yield module.removeprefix("mnist_tui").removeprefix(".")


def part_of(module: str) -> str:
    return module.split(".")[0]


def arrows_upward(imports: Imports) -> list[str]:
    """Each import that the layers do not allow, in words."""
    height = {part: level for level, parts in enumerate(LAYERS) for part in parts}
    found = []
    for module, targets in imports.items():
        part = part_of(module)
        if part in ("", "__main__"):
            continue  # the package itself only names what it loads later
        for target in sorted(targets):
            other = part_of(target)
            if other in ("", part) or (part, other) in NEIGHBORS:
                continue
            if height[other] >= height[part]:
                found.append(f"{module} imports {target}: {part} may not know {other}")
    return found


def circles(imports: Imports) -> list[str]:
    """Each group of modules that import one another, in words."""
    found: list[str] = []
    done: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> None:
        if module in path:
            circle = (*path[path.index(module) :], module)
            found.append(" -> ".join(circle))
        elif module not in done:
            for target in sorted(imports.get(module, ())):
                visit(target, (*path, module))
            done.add(module)

    for module in imports:
        if module:
            visit(module, ())
    return found


def test_imports_go_down_the_layers_only() -> None:
    assert not arrows_upward(read_imports())


def test_no_modules_import_one_another() -> None:
    assert not circles(read_imports())


def test_viewers_know_nothing_of_what_trains() -> None:
    imports = read_imports()
    known = {
        (module, target)
        for module, targets in imports.items()
        for target in targets
        if part_of(module) in ("tui", "headless") and part_of(target) in VIEWERS_NEVER_KNOW
    }
    assert not known


def test_the_contract_of_a_run_knows_config_and_errors_alone() -> None:
    imports = read_imports()
    known = {part_of(t) for m, targets in imports.items() if part_of(m) == "run" for t in targets}
    assert known <= CONTRACT_MAY_USE


def test_every_part_has_its_layer() -> None:
    parts = {part_of(module) for module in read_imports()} - {"", "__main__"}
    assert parts <= {part for layer in LAYERS for part in layer}


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("run.state", "from mnist_tui.engine.learner import Learner"),
        ("engine.trainer", "def show():\n    import mnist_tui.tui.app"),
        ("data.idx", "from mnist_tui import models"),
    ],
)
def test_an_arrow_turned_round_is_found(module: str, source: str) -> None:
    imports = dict(read_imports())
    assert module in imports
    imports[module] = {*imports[module], *imports_of(source, set(imports))}
    assert [line for line in arrows_upward(imports) if line.startswith(f"{module} imports")]


def test_a_circle_is_found() -> None:
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b -> c -> b"]
    assert not circles({top: {below} for top, below in pairwise("abcd")})
