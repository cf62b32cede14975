"""How long a paused run waits."""

from collections.abc import Iterator

import pytest

from mnist_tui.engine.trainer import wait_for_request
from mnist_tui.run.requests import Request, Resume, Stop
from mnist_tui.run.session import Audience, Session


class Waiting:
    """A mailbox whose waits take no time but that of the clock."""

    def __init__(self, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now_s = 0.0
        self.arriving: Iterator[Request | None] = iter(())
        monkeypatch.setattr(session.mailbox, "wait_for", self.wait_for)

    def clock(self) -> float:
        return self.now_s

    def wait_for(self, seconds: float) -> Request | None:
        self.now_s += seconds
        return next(self.arriving, None)


def test_a_paused_run_that_nobody_watches_is_saved_and_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    session = Session()
    session.subscribe(lambda event: None)  # plain lines, or the files
    waiting = Waiting(session, monkeypatch)
    request = wait_for_request(session, 28_800.0, waiting.clock)
    assert isinstance(request, Stop)
    assert (request.save, request.exit_code) == (True, 0)
    assert "watched by nobody for 8" in request.reason
    assert waiting.now_s == 28_800.0


def test_the_time_counts_from_when_the_last_viewer_left(monkeypatch: pytest.MonkeyPatch) -> None:
    session = Session()
    viewer = session.subscribe(lambda event: None, audience=Audience.READ_ONLY)
    waiting = Waiting(session, monkeypatch)

    def leave_late() -> Iterator[None]:
        for _ in range(1000):
            yield None
        viewer.close()
        while True:
            yield None

    waiting.arriving = leave_late()
    assert isinstance(wait_for_request(session, 100.0, waiting.clock), Stop)
    assert waiting.now_s == pytest.approx(10_000.0 + 100.0, abs=20.0)


def test_a_request_that_comes_in_time_is_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    session = Session()
    waiting = Waiting(session, monkeypatch)
    waiting.arriving = iter((None, None, Resume()))
    assert wait_for_request(session, 100.0, waiting.clock) == Resume()


def test_without_a_limit_it_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    session = Session()
    session.mailbox.put(Resume())
    assert wait_for_request(session, 0.0) == Resume()
