"""A live run that goes over to another process."""

import errno
import os
import resource
import select
import signal
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from mnist_tui.engine import hand_over
from mnist_tui.engine.learner import Learner
from mnist_tui.process.successor import Successor
from mnist_tui.remote.control import control
from mnist_tui.run.events import HandOverFailed
from mnist_tui.run.plan import NewRun
from mnist_tui.run.requests import Adjust, Detach, Pause, Stop
from mnist_tui.run.state import State
from mnist_tui.store.atomic import read_json, read_lines
from mnist_tui.store.checkpoint import read_checkpoint
from tests.campaigns.sameness import assert_same_run
from tests.training_helpers import RecordedRun, few_config, resume, train

pytestmark = pytest.mark.slow

LIMIT_S = 300.0


def wait_for_end(pid: int) -> None:
    """Wait for the end of another process."""
    process = os.pidfd_open(pid)
    ended, _, _ = select.select([process], [], [], LIMIT_S)
    os.close(process)
    assert ended, "the other process does not end"


def at_batches(patch: pytest.MonkeyPatch, acts: Mapping[int, Callable[[], object]]) -> None:
    """Call each of `acts` on the training thread before its batch of this process, from 0 on."""
    real, done = Learner.train, 0

    def counted(self: Learner, start: int, lrs: Sequence[float]) -> None:
        nonlocal done
        done += 1
        acts.get(done - 1, lambda: None)()
        real(self, start, lrs)

    patch.setattr(Learner, "train", counted)


@pytest.fixture
def run(few_digits: Path, tmp_path: Path) -> RecordedRun:
    """A run of two epochs of eleven batches that has not begun."""
    config = few_config(few_digits, optimizer="momentum", lr=0.01)
    return RecordedRun(NewRun(config=config, runs_dir=tmp_path, name="parts"))


@pytest.fixture
def whole(few_digits: Path, tmp_path: Path) -> Path:
    """The same run, left alone."""
    train(few_config(few_digits, optimizer="momentum", lr=0.01), tmp_path, "whole")
    return tmp_path / "whole"


def detach_at(
    patch: pytest.MonkeyPatch,
    run: RecordedRun,
    batch: int,
    when_ready: Callable[[], None] = lambda: None,
) -> None:
    """Hand `run` over after that many batches, having called `when_ready` before the last."""

    def wait_until_ready() -> None:
        while not run.session.mailbox.waiting:
            assert threading.Event().wait(0.01) is False
        when_ready()

    at_batches(
        patch, {batch - 2: lambda: run.session.request(Detach()), batch - 1: wait_until_ready}
    )


def test_a_run_that_is_handed_over_is_the_same_run(
    run: RecordedRun, whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    detach_at(monkeypatch, run, 14)
    run.run()
    pid = run.ended.elsewhere
    assert pid
    assert f"goes on in process {pid}" in run.ended.message
    wait_for_end(pid)
    assert_same_run(whole, run.directory.path)
    status = read_json(run.directory.status)
    assert (status["state"], status["pid"]) == ("finished", pid)
    emitted = [line["event"] for line in read_lines(run.directory.events)]
    assert (emitted.count("run_prepared"), emitted.count("run_ended")) == (2, 1)
    saved = [line for line in read_lines(run.directory.events) if "milliseconds" in line]
    assert saved[-1]["global_batch"] == 22
    assert not run.directory.lock.is_held()


def test_what_is_requested_during_the_hand_over_is_done_by_the_other_process(
    run: RecordedRun, whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Successor.wait_for

    def wait_and_save(self: Successor, key: str, limit_s: float | None = None) -> None:
        real(self, key, limit_s)
        if key == "restored":
            assert run.session.request(Adjust(epochs=3)).is_accepted

    monkeypatch.setattr(Successor, "wait_for", wait_and_save)
    detach_at(monkeypatch, run, 4)
    run.run()
    assert run.ended.elsewhere
    wait_for_end(run.ended.elsewhere)
    assert len(read_lines(run.directory.metrics)) == 3


@pytest.mark.parametrize("when", ["ready", "restored", "stopped"])
def test_a_process_that_dies_or_hangs_costs_nothing(
    run: RecordedRun, whole: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    real = Successor.wait_for

    def wait_and_end(self: Successor, key: str, limit_s: float | None = None) -> None:
        real(self, key, limit_s)
        if when == key:
            os.kill(self.pid, signal.SIGKILL)
        if when == "stopped" and key == "ready":
            os.kill(self.pid, signal.SIGSTOP)
            monkeypatch.setattr(hand_over, "LIMIT_S", 0.2)

    monkeypatch.setattr(Successor, "wait_for", wait_and_end)
    detach_at(monkeypatch, run, 4)
    run.run()
    assert run.ended.state is State.FINISHED
    [failed] = run.of(HandOverFailed)
    assert (
        "took longer than 0.2 s" if when == "stopped" else "ended by signal 9"
    ) in failed.message
    assert_same_run(whole, run.directory.path)
    assert read_json(run.directory.status)["pid"] == os.getpid()


def pause_first(run: RecordedRun) -> None:
    """Have a pause come before the hand-over, which is in the mailbox already."""
    assert run.session.mailbox.take() == Detach()
    run.session.mailbox.put(Pause())
    run.session.mailbox.put(Detach())


def end_and_resume(run: RecordedRun, pid: int) -> None:
    """End the other process, in which the run is paused, and go on with the run."""
    while read_json(run.directory.status).get("state") != "paused":
        assert threading.Event().wait(0.05) is False
    os.kill(pid, signal.SIGTERM)
    wait_for_end(pid)
    assert read_json(run.directory.status)["state"] == "stopped"
    assert read_checkpoint(run.directory.last).global_batch == 4
    resume(run.directory.path.parent, "parts")


def test_a_paused_run_is_paused_in_the_other_process(
    run: RecordedRun, whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    detach_at(monkeypatch, run, 4, lambda: pause_first(run))
    run.run()
    assert run.ended.elsewhere
    end_and_resume(run, run.ended.elsewhere)
    assert_same_run(whole, run.directory.path)


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="needs Linux to limit a process")
def test_a_disk_that_is_full_when_a_run_is_taken_over_does_not_end_it(
    run: RecordedRun, whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, endless = Successor.wait_for, resource.RLIM_INFINITY

    def fill_the_disk(self: Successor, key: str, limit_s: float | None = None) -> None:
        real(self, key, limit_s)
        if key == "restored":  # what it writes is written after that
            resource.prlimit(self.pid, resource.RLIMIT_FSIZE, (0, endless))

    monkeypatch.setattr(Successor, "wait_for", fill_the_disk)
    detach_at(monkeypatch, run, 4, lambda: pause_first(run))
    run.run()
    pid = run.ended.elsewhere
    assert pid
    reply = control(run.directory, Adjust(epochs=2))
    assert reply.message == "2 epochs, as before"
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (endless, endless))
    end_and_resume(run, pid)
    assert_same_run(whole, run.directory.path)


def test_a_run_that_ends_leaves_no_process_behind(
    run: RecordedRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Successor] = []
    real = Successor.__init__

    def start(self: Successor, *given: Any) -> None:
        real(self, *given)
        started.append(self)
        run.session.request(Stop())

    monkeypatch.setattr(Successor, "__init__", start)
    at_batches(monkeypatch, {1: lambda: run.session.request(Detach())})
    run.run()
    [successor] = started
    with pytest.raises(ProcessLookupError):
        os.kill(successor.pid, 0)
    assert not run.of(HandOverFailed)


def test_where_no_thread_can_be_started_the_run_goes_on_and_says_so(
    run: RecordedRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = threading.Thread.start

    def refuse(thread: threading.Thread) -> None:
        if thread.name == "hand-over":
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    at_batches(monkeypatch, {1: lambda: run.session.request(Detach())})
    run.run()
    assert run.ended.state is State.FINISHED
    assert [failed.message for failed in run.of(HandOverFailed)] == ["can't start new thread"]


def test_whatever_breaks_in_a_hand_over_is_said_and_the_run_goes_on(
    run: RecordedRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_(*given: Any) -> None:
        raise ValueError("too many values")

    monkeypatch.setattr(Successor, "send", break_)

    def wait_for_failure() -> None:
        while not run.of(HandOverFailed):
            assert threading.Event().wait(0.01) is False

    at_batches(monkeypatch, {1: lambda: run.session.request(Detach()), 3: wait_for_failure})
    run.run()
    assert run.ended.state is State.FINISHED
    assert [failed.message for failed in run.of(HandOverFailed)] == ["ValueError: too many values"]


def test_where_no_process_can_be_started_the_run_goes_on_and_says_so(
    run: RecordedRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*given: Any, **options: Any) -> None:
        raise OSError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr("mnist_tui.process.child.subprocess.Popen", refuse)

    def wait_for(count: int) -> None:
        while len(run.of(HandOverFailed)) < count:
            assert threading.Event().wait(0.01) is False

    def ask() -> None:
        assert run.session.request(Detach()).is_accepted

    acts = {1: ask, 10: lambda: wait_for(1), 12: ask, 20: lambda: wait_for(2)}
    at_batches(monkeypatch, acts)
    run.run()
    assert run.ended.state is State.FINISHED
    failed = [event.message for event in run.of(HandOverFailed)]
    assert failed == 2 * ["no process could be started: Resource temporarily unavailable"]
