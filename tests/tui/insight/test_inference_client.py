"""Requests to a run: one at a time, the newest wins, and not too often while it trains."""

from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass, field

import pytest

from mnist_tui.errors import MnistTuiError
from mnist_tui.run.inference import IMAGE_BYTES, InferenceFuture, InferenceRequest, InferenceResult
from mnist_tui.tui.insight.inference_client import (
    REFRESH_INTERVAL_S,
    REQUEST_INTERVAL_S,
    InferenceClient,
)
from tests.tui.insight.pane_harness import ScriptedSource


def request_of(ink: int) -> InferenceRequest:
    return InferenceRequest(images=bytes([ink] * IMAGE_BYTES))


@dataclass
class Timer:
    due_s: float
    callback: Callable[[], None]
    is_stopped: bool = False

    def stop(self) -> None:
        self.is_stopped = True


@dataclass
class Bench:
    """A client whose clock and timers a test moves."""

    source: ScriptedSource = field(default_factory=ScriptedSource)
    now_s: float = 100.0
    timers: list[Timer] = field(default_factory=list)
    results: list[InferenceResult | str] = field(default_factory=list)
    calls: list[Callable[[], None]] = field(default_factory=list)
    """What is to run on the UI thread."""

    def __post_init__(self) -> None:
        on_result = self.results.append
        self.client = InferenceClient(self, self.source, on_result, lambda: self.now_s)  # type: ignore[arg-type]

    def call_later(self, callback: Callable[[InferenceFuture], None], future: object) -> bool:
        assert isinstance(future, Future)
        self.calls.append(lambda: callback(future))
        return True

    def set_timer(self, delay: float, callback: Callable[[], None]) -> Timer:
        self.timers.append(Timer(self.now_s + delay, callback))
        return self.timers[-1]

    def wait(self, seconds: float) -> None:
        """Let time go by."""
        self.now_s += seconds
        due = [t for t in self.timers if t.due_s <= self.now_s + 1e-9]
        self.timers = [t for t in self.timers if t not in due]
        for timer in due:
            if not timer.is_stopped:
                timer.callback()

    def deliver(self) -> None:
        """Run what was handed to the UI thread."""
        calls, self.calls = self.calls, []
        for call in calls:
            call()

    def answer(self, batch: int = 1) -> None:
        self.source.answer(7, batch=batch)
        self.deliver()

    @property
    def inks(self) -> list[int]:
        """What was sent, in order."""
        return [request.images[0] for request, _ in self.source.sent]


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_of_many_strokes_only_the_newest_is_sent_once_the_result_is_there(bench: Bench) -> None:
    for ink in range(10):
        bench.client.send(request_of(ink))
    assert bench.inks == [0]
    bench.answer()
    assert bench.inks == [0, 9]
    bench.answer()
    assert bench.inks == [0, 9]
    assert len(bench.results) == 2


def test_weights_that_do_not_change_answer_at_once(bench: Bench) -> None:
    for ink in range(5):
        bench.client.send(request_of(ink))
        assert bench.inks[-1] == ink
        bench.answer(batch=1)
    assert not [timer for timer in bench.timers if not timer.is_stopped]


def test_weights_that_change_answer_six_times_a_second(bench: Bench) -> None:
    for step in range(200):
        bench.client.send(request_of(step % 256))
        bench.wait(0.01)
        if bench.source.open:
            bench.answer(batch=step)
    # Two seconds. The first two come at once: nothing says yet that the weights change.
    assert 12 <= len(bench.inks) <= 14


def test_the_last_stroke_is_sent_after_the_wait(bench: Bench) -> None:
    for batch, ink in enumerate((1, 2)):
        bench.client.send(request_of(ink))
        bench.answer(batch=batch)
    bench.client.send(request_of(3))
    bench.client.send(request_of(4))
    assert bench.inks == [1, 2]
    bench.wait(REQUEST_INTERVAL_S)
    assert bench.inks == [1, 2, 4]


def test_while_it_trains_the_request_is_repeated_and_while_paused_it_is_not(
    bench: Bench,
) -> None:
    bench.client.send(request_of(1))
    bench.answer(batch=1)
    bench.client.send(request_of(1))
    bench.answer(batch=2)
    for batch in (3, 4, 5):
        bench.wait(REFRESH_INTERVAL_S)
        bench.answer(batch=batch)
    assert bench.inks == [1] * 5
    bench.wait(REFRESH_INTERVAL_S)
    bench.answer(batch=5)  # paused: the same weights as before
    bench.wait(10 * REFRESH_INTERVAL_S)
    assert bench.inks == [1] * 6


def test_a_failure_is_shown_and_the_request_repeated_until_it_succeeds(bench: Bench) -> None:
    bench.client.send(request_of(1))
    bench.source.refuse(MnistTuiError("there is no model yet"))
    bench.deliver()
    assert bench.results == ["there is no model yet"]
    bench.wait(REFRESH_INTERVAL_S)
    bench.answer()
    assert isinstance(bench.results[-1], InferenceResult)


def test_a_run_that_ends_first_is_requested_once_more(bench: Bench) -> None:
    bench.client.send(request_of(1))
    bench.source.refuse(CancelledError())
    bench.deliver()
    assert bench.inks == [1, 1]
    bench.source.sent[-1][1].cancel()
    bench.deliver()
    assert bench.inks == [1, 1]
    bench.client.send(request_of(2))
    bench.answer()
    assert len(bench.results) == 1


def test_cancel_cancels_the_open_request_and_forgets_what_waits(bench: Bench) -> None:
    bench.client.send(request_of(1))
    bench.client.send(request_of(2))
    [future] = bench.source.open
    bench.client.cancel()
    assert future.cancelled()
    bench.deliver()
    bench.client.repeat()
    assert bench.inks == [1]
    assert not bench.results


def test_a_result_that_comes_too_late_is_ignored(bench: Bench) -> None:
    bench.client.send(request_of(1))
    [future] = bench.source.open
    future.set_running_or_notify_cancel()  # the engine has begun: it cannot be cancelled
    bench.client.cancel()
    bench.answer()
    assert not bench.results


def test_a_result_after_the_dashboards_end_is_no_error(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def is_closed(callback: object, future: object) -> bool:
        raise RuntimeError("Event loop is closed")

    bench.client.send(request_of(1))
    monkeypatch.setattr(bench, "call_later", is_closed)
    bench.source.answer(7)
    # A future catches the errors of its callbacks, and logs them.
    assert not caplog.records
