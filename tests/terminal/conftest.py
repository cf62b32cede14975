"""Terminals that are closed after the test."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from devtools.terminal import Terminal
from devtools.tmux import Tmux

Open = Callable[..., Terminal]
OpenTmux = Callable[[tuple[int, int]], Tmux]


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


@pytest.fixture
def open_tmux(tmp_path: Path) -> Iterator[OpenTmux]:
    """Start tmux servers of given sizes that are ended after the test."""
    opened: list[Tmux] = []
    with tempfile.TemporaryDirectory(prefix="t") as sockets:  # whose names have to be short

        def call(size: tuple[int, int]) -> Tmux:
            opened.append(Tmux(Path(sockets) / str(len(opened)), tmp_path, size))
            return opened[-1]

        yield call
        for tmux in opened:
            tmux.kill()
