"""Sockets in a folder of the test's own, short enough for a socket's path."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The session's folder for sockets and the like."""
    with tempfile.TemporaryDirectory(prefix="rt") as folder:
        monkeypatch.setenv("XDG_RUNTIME_DIR", folder)
        yield Path(folder)
