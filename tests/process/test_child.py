"""Processes that this program starts, and those that users start by it."""

import os

import pytest

from mnist_tui.process.child import own_environment, users_environment


@pytest.mark.parametrize("users", ["/of/the/user", ""])
def test_a_command_of_the_users_does_not_get_our_search_path(
    monkeypatch: pytest.MonkeyPatch, users: str
) -> None:
    monkeypatch.setenv("PYTHONPATH", users)
    assert users_environment() == dict(os.environ)
    for _ in range(2):  # a process that was started by one that was started
        for name, value in own_environment().items():
            monkeypatch.setenv(name, value)
        assert os.environ["PYTHONPATH"] != users
    assert users_environment()["PYTHONPATH"] == users
