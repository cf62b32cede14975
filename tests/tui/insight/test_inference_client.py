"""Questions to a run: one at a time, the newest wins, and not too often while it trains."""

from collections.abc import Callable
from concurrent.futures import CancelledError
from dataclasses import dataclass, field

import pytest
from textual.message import Message

from mnist_tui.errors import MnistTuiError
from mnist_tui.run.inference import IMAGE_BYTES, InferenceRequest, InferenceResult
from mnist_tui.tui.insight.inference_client import (
    ASK_INTERVAL_S,
    LOOK_AGAIN_S,
    InferenceClient,
    ResultArrived,
)
from tests.tui.insight.pane_harness import ScriptedSource


def question(ink: int) -> InferenceRequest:
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
    """An asker whose clock and timers a test moves."""

    source: ScriptedSource = field(default_factory=ScriptedSource)
    now_s: float = 100.0
    timers: list[Timer] = field(default_factory=list)
    heard: list[InferenceResult | str] = field(default_factory=list)
    posted: list[ResultArrived] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.asker = InferenceClient(self, self.source, self.heard.append, lambda: self.now_s)  # type: ignore[arg-type]

    def post_message(self, message: Message) -> bool:
        assert isinstance(message, ResultArrived)
        self.posted.append(message)
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
        """Hand over the replies that were posted."""
        posted, self.posted = self.posted, []
        for message in posted:
            self.asker.take(message.reply)

    def answer(self, batch: int = 1) -> None:
        self.source.answer(7, batch=batch)
        self.deliver()

    @property
    def inks(self) -> list[int]:
        """What was asked, in order."""
        return [asked.images[0] for asked, _ in self.source.asked]


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_of_many_strokes_only_the_newest_is_asked_once_the_answer_is_there(bench: Bench) -> None:
    for ink in range(10):
        bench.asker.ask(question(ink))
    assert bench.inks == [0]
    bench.answer()
    assert bench.inks == [0, 9]
    bench.answer()
    assert bench.inks == [0, 9]
    assert len(bench.heard) == 2


def test_weights_that_stand_still_are_asked_at_once(bench: Bench) -> None:
    for ink in range(5):
        bench.asker.ask(question(ink))
        assert bench.inks[-1] == ink
        bench.answer(batch=1)
    assert not [timer for timer in bench.timers if not timer.is_stopped]


def test_weights_that_move_are_asked_ten_times_a_second_at_most(bench: Bench) -> None:
    for step in range(200):
        bench.asker.ask(question(step % 256))
        bench.wait(0.01)
        if bench.source.open:
            bench.answer(batch=step)
    asked = len(bench.inks)
    assert 2.0 / ASK_INTERVAL_S * 0.8 <= asked <= 2.0 / ASK_INTERVAL_S + 2


def test_the_last_stroke_is_asked_after_the_wait(bench: Bench) -> None:
    for batch, ink in enumerate((1, 2)):
        bench.asker.ask(question(ink))
        bench.answer(batch=batch)
    bench.asker.ask(question(3))
    bench.asker.ask(question(4))
    assert bench.inks == [1, 2]
    bench.wait(ASK_INTERVAL_S)
    assert bench.inks == [1, 2, 4]


def test_while_it_trains_the_same_drawing_is_asked_again_and_paused_it_is_not(
    bench: Bench,
) -> None:
    bench.asker.ask(question(1))
    bench.answer(batch=1)
    bench.asker.ask(question(1))
    bench.answer(batch=2)
    for batch in (3, 4, 5):
        bench.wait(LOOK_AGAIN_S)
        bench.answer(batch=batch)
    assert bench.inks == [1] * 5
    bench.wait(LOOK_AGAIN_S)
    bench.answer(batch=5)  # paused: the same weights as before
    bench.wait(10 * LOOK_AGAIN_S)
    assert bench.inks == [1] * 6


def test_what_keeps_the_answer_away_is_told_and_asked_again_until_it_comes(bench: Bench) -> None:
    bench.asker.ask(question(1))
    bench.source.refuse(MnistTuiError("there is no model yet"))
    bench.deliver()
    assert bench.heard == ["there is no model yet"]
    bench.wait(LOOK_AGAIN_S)
    bench.answer()
    assert isinstance(bench.heard[-1], InferenceResult)


def test_a_run_that_ends_first_is_asked_once_more(bench: Bench) -> None:
    bench.asker.ask(question(1))
    bench.source.refuse(CancelledError())
    bench.deliver()
    assert bench.inks == [1, 1]
    bench.source.asked[-1][1].cancel()
    bench.deliver()
    assert bench.inks == [1, 1]
    bench.asker.ask(question(2))
    bench.answer()
    assert len(bench.heard) == 1


def test_dropping_cancels_what_is_out_and_forgets_what_waits(bench: Bench) -> None:
    bench.asker.ask(question(1))
    bench.asker.ask(question(2))
    [reply] = bench.source.open
    bench.asker.drop()
    assert reply.cancelled()
    bench.deliver()
    bench.asker.ask_again()
    assert bench.inks == [1]
    assert not bench.heard


def test_an_answer_that_comes_too_late_is_not_heard(bench: Bench) -> None:
    bench.asker.ask(question(1))
    [reply] = bench.source.open
    reply.set_running_or_notify_cancel()  # the engine has begun: it cannot be cancelled
    bench.asker.drop()
    bench.answer()
    assert not bench.heard


def test_an_app_that_is_gone_is_not_told(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def is_gone(message: Message) -> bool:
        raise RuntimeError("the event loop is closed")

    bench.asker.ask(question(1))
    monkeypatch.setattr(bench, "post_message", is_gone)
    bench.source.answer(7)
    assert bench.source.asked[0][1].done()
