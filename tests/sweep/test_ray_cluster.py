"""Joining a Ray cluster that does not take this program at once."""

from typing import Any

import pytest

from mnist_tui.errors import UsageError
from mnist_tui.sweep.cluster import Cluster

ray = pytest.importorskip("ray", reason="ray is not installed: uv run --extra ray pytest -m slow")
pytestmark = pytest.mark.slow

FAILED = """Initialization failure from server:
Traceback (most recent call last):
  File "proxier.py", line 765, in Datapath
    if not self.proxy_manager.start_specific_server(
RuntimeError: Starting Ray client server failed.
"""


class Head:
    """In place of ray.init: what a cluster answers, one try after the other."""

    def __init__(self, *answers: Exception | None) -> None:
        self.answers = list(answers)

    def init(self, *given: Any, **options: Any) -> None:
        answer = self.answers.pop(0)
        if answer is not None:
            raise answer


def join(monkeypatch: pytest.MonkeyPatch, *answers: Exception | None) -> Head:
    from mnist_tui.sweep.ray_cluster import connect

    head = Head(*answers)
    monkeypatch.setattr(ray, "init", head.init)
    connect(Cluster(address="auto"))
    return head


def test_a_cluster_that_could_not_serve_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not join(monkeypatch, ConnectionAbortedError(FAILED), None).answers


def test_why_it_never_could_is_the_last_line_of_its_traceback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(UsageError) as raised:
        join(monkeypatch, *3 * [ConnectionAbortedError(FAILED)])
    assert str(raised.value) == (
        "the Ray cluster of this machine cannot be used: Initialization failure from server: "
        "RuntimeError: Starting Ray client server failed."
    )


def test_a_cluster_that_is_not_there_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match=r"this machine does not answer \(nobody\)"):
        join(monkeypatch, ConnectionError("nobody"), None)
