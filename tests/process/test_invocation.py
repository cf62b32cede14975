"""Commands are told as the person can type them."""

import pytest

from mnist_tui.process.invocation import command


def test_a_command_is_told_as_the_program_was_called(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("UV_RUN_RECURSION_DEPTH", raising=False)
    assert command("resume", "a run") == "mnist-tui resume 'a run'"
    monkeypatch.setenv("UV_RUN_RECURSION_DEPTH", "1")
    assert command("resume", "a") == "uv run mnist-tui resume a"
