"""What trains, stores and reads says what is wrong; viewers add the keys and options that help."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import mnist_tui

ROOT = Path(mnist_tui.__file__).parent
PARTS = ("engine", "store", "data", "models", "inference", "images", "run", "devices.py")

_HINT = re.compile(
    r"(?<![\w-])--[a-z][a-z-]+"  # an option
    r"|\bmnist-tui (train|resume|show|runs|evaluate|predict|attach|control)\b"
    r"|\b(press|the key) \S"
    r"|\b(ctrl|esc|enter|space)\b"
)


def hints_in(source: str) -> Iterator[tuple[int, str]]:
    """Each string in a module, but for its docstrings, that names an option, a command or a key."""
    tree = ast.parse(source)
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        is_text = isinstance(node, ast.Constant) and id(node) not in docstrings
        if is_text and isinstance(node.value, str) and _HINT.search(node.value):
            yield node.lineno, node.value


def sources() -> Iterator[Path]:
    for part in PARTS:
        path = ROOT / part
        yield from [path] if path.is_file() else sorted(path.rglob("*.py"))


def test_no_message_below_the_viewers_names_a_key_or_an_option() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {text!r}"
        for path in sources()
        for line, text in hints_in(path.read_text("utf-8"))
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "source",
    [
        'raise ValueError("try --batch-size 8")',
        'message = f"{reason}; go on with: mnist-tui resume {name}"',
        'say("press q to leave it")',
        'say("space goes on")',
    ],
)
def test_a_message_that_names_one_is_found(source: str) -> None:
    assert list(hints_in(source))


def test_docstrings_may_name_them() -> None:
    assert not list(hints_in('def main() -> None:\n    """Run with --headless."""'))
