"""Terminals that are closed after the test."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from devtools.terminal import Terminal

Open = Callable[..., Terminal]


@pytest.fixture
def open_terminal(tmp_path: Path) -> Iterator[Open]:
    """Open the command in terminals that are closed after the test."""
    opened: list[Terminal] = []

    def call(*args: str, **settings: Any) -> Terminal:
        terminal = Terminal(*args, cwd=tmp_path, **settings)
        opened.append(terminal)
        return terminal

    yield call
    for terminal in opened:
        terminal.close()
