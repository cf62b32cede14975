"""A run that trains in chunks is steered between them, and is otherwise like any run."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mnist_tui.engine import prepare
from mnist_tui.engine.cuda import chunks
from mnist_tui.engine.learner import Learner
from mnist_tui.engine.steps import select
from mnist_tui.run.events import (
    Event,
    LearningRateChanged,
    RunEnded,
    RunPrepared,
    StateChanged,
    Warned,
)
from mnist_tui.run.requests import Adjust, Pause, Resume, Stop
from mnist_tui.run.state import State
from mnist_tui.store.checkpoint import read_checkpoint
from tests.engine.cuda.fake_graphs import FakeGraphRecorder
from tests.engine.test_resume import assert_same_run
from tests.training_helpers import RecordedRun, few_config, resume, train


@pytest.fixture
def recorders(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[FakeGraphRecorder]]:
    """Let runs record chunks of four batches; their recorders, the latest last."""
    made: list[FakeGraphRecorder] = []

    def recorder_for(device: object) -> FakeGraphRecorder:
        made.append(FakeGraphRecorder())
        return made[-1]

    monkeypatch.setattr(chunks, "MAX_BATCHES", 4)
    monkeypatch.setattr(prepare, "recorder_for", recorder_for)
    # What cannot be recorded is not what would be recorded on a GPU.
    monkeypatch.setattr(select, "native_or", lambda autograd, *rest: autograd)
    return made


def ask_in_chunk(monkeypatch: pytest.MonkeyPatch, number: int, *requests: Any) -> Any:
    """While a run trains its chunk of that number, ask it; gives what must hear its events."""
    done = 0
    runs: list[RecordedRun] = []
    real = Learner.train

    def asking(self: Learner, start: int, rates: Any) -> None:
        nonlocal done
        done += 1
        if done == number:
            assert all(runs[0].session.request(request).is_accepted for request in requests)
        real(self, start, rates)

    monkeypatch.setattr(Learner, "train", asking)

    def hear(run: RecordedRun, event: Event) -> None:
        runs.append(run)
        if isinstance(event, StateChanged) and event.state is State.PAUSED:
            assert run.session.request(Resume()).is_accepted

    return hear


@pytest.mark.slow
def test_a_run_in_chunks_is_the_run_without_them(
    recorders: list[FakeGraphRecorder], few_digits: Path, tmp_path: Path
) -> None:
    config = few_config(few_digits, schedule="one-cycle")
    train(config, tmp_path, "chunks")
    assert recorders[-1].replays == 4
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(prepare, "recorder_for", lambda device: None)
        train(config, tmp_path, "steps")
    assert_same_run(tmp_path / "chunks", tmp_path / "steps")


@pytest.mark.slow
def test_a_pause_and_a_new_learning_rate_are_honored_at_the_chunks_end(
    recorders: list[FakeGraphRecorder],
    few_digits: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hear = ask_in_chunk(monkeypatch, 2, Adjust(lr=0.1), Pause())
    run = train(few_config(few_digits), tmp_path, on_event=hear)
    [changed] = run.of(LearningRateChanged)
    assert (changed.lr, changed.global_batch) == (pytest.approx(0.1), 8)
    assert [event.state for event in run.of(StateChanged)][2:4] == [State.PAUSED, State.RUNNING]
    assert run.ended.state is State.FINISHED


@pytest.mark.slow
@pytest.mark.parametrize(
    ("chunk", "at"),
    [
        (3, 11),
        pytest.param(1, 4, marks=pytest.mark.slow),
        pytest.param(5, 19, marks=pytest.mark.slow),
    ],
)
def test_a_run_stopped_between_chunks_goes_on_to_the_same_bits(
    chunk: int,
    at: int,
    recorders: list[FakeGraphRecorder],
    few_digits: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = few_config(few_digits, optimizer="momentum", lr=0.01)
    train(config, tmp_path, "whole")
    with monkeypatch.context() as patch:
        hear = ask_in_chunk(patch, chunk, Stop())
        stopped = train(config, tmp_path, "parts", on_event=hear)
    assert read_checkpoint(stopped.directory.last).global_batch == at
    resume(tmp_path, "parts")
    assert_same_run(tmp_path / "whole", tmp_path / "parts")


@pytest.mark.slow
def test_a_capture_that_fails_is_a_warning_of_the_run(
    recorders: list[FakeGraphRecorder],
    few_digits: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(prepare, "recorder_for", lambda device: FakeGraphRecorder(fails_at=1))
    run = train(few_config(few_digits), tmp_path)
    [warned] = run.of(Warned)
    assert "training goes on batch by batch" in warned.message
    assert run.events.index(warned) > run.events.index(run.of(RunPrepared)[0])
    assert isinstance(run.ended, RunEnded)
    assert run.ended.state is State.FINISHED
