"""The fold of a run's events: whoever comes late knows what the others know."""

import pytest

from mnist_tui.run.events import (
    CheckpointSaved,
    EpochFinished,
    EpochRow,
    Event,
    LearningRateChanged,
    Notice,
    RunEnded,
    RunPrepared,
    SavedAgain,
    SaveFailed,
    SaveReason,
    SettingsChanged,
    StateChanged,
)
from mnist_tui.run.log import RunLog, Scores
from mnist_tui.run.session import Session
from mnist_tui.run.state import State
from tests.run.values import epoch_row


def row(epoch: int, accuracy: float) -> EpochRow:
    return epoch_row(epoch, val_accuracy=accuracy)


def saved(name: str) -> CheckpointSaved:
    return CheckpointSaved(
        path=f"runs/a/checkpoints/{name}",
        reason=SaveReason.SCHEDULE,
        epoch=1,
        batch=1,
        global_batch=1,
        size_bytes=1,
        milliseconds=1.0,
    )


CHANGE = LearningRateChanged(lr=0.005, previous=0.01, epoch=3, global_batch=24)
PREPARED = RunPrepared(
    run="a",
    directory="runs/a",
    device="CPU",
    dataset="MNIST",
    model="MnistNet",
    batches=10,
    epochs=5,
    resumed_at=(3, 4),
    rows=(row(1, 0.8), row(2, 0.9)),
    rates=(CHANGE,),
)
LONGER = SettingsChanged(
    epochs=9,
    checkpoint_every_s=1.0,
    previous_epochs=5,
    previous_checkpoint_every_s=10.0,
    epoch=3,
    global_batch=25,
)
EVENTS: list[Event] = [
    PREPARED,
    Notice(message="this is the sample"),
    Notice(message="this is the sample"),
    CHANGE,
    saved("last.pt"),
    SaveFailed(path="runs/a/metrics.jsonl", message="disk full"),
    EpochFinished(row=row(3, 0.85), is_best=False),
    saved("best.pt"),
    saved("last.pt"),
    LONGER,
    SavedAgain(path="runs/a/metrics.jsonl"),
]
END = RunEnded(state=State.STOPPED, message="stopped", elsewhere=None)


def running() -> Session:
    session = Session()
    session.move(State.LOADING)
    session.move(State.RUNNING)
    return session


def test_a_log_knows_what_the_events_said() -> None:
    log = RunLog()
    for event in (StateChanged(state=State.RUNNING, previous=State.LOADING), *EVENTS):
        log.add(event)
    assert (log.state, log.prepared, log.settings) == (State.RUNNING, PREPARED, LONGER)
    assert (log.rows, log.epochs) == ([row(1, 0.8), row(2, 0.9), row(3, 0.85)], 9)
    assert log.scores == Scores(row(3, 0.85), row(2, 0.9), row(2, 0.9))
    assert log.learning_rates == [CHANGE, CHANGE]
    assert log.notices == ["this is the sample"]
    assert (log.saved, log.files) == (saved("last.pt"), ("last.pt", "best.pt"))
    assert not log.failing
    assert log.ended is None


def test_a_file_fails_until_it_is_saved_again() -> None:
    log = RunLog()
    log.add(SaveFailed(path="runs/a/checkpoints/last.pt", message="disk full"))
    log.add(SaveFailed(path="runs/a/status.json", message="disk full"))
    assert set(log.failing) == {"runs/a/checkpoints/last.pt", "runs/a/status.json"}
    log.add(saved("last.pt"))
    assert log.failing == {"runs/a/status.json": "disk full"}


@pytest.mark.parametrize("late", range(len(EVENTS) + 1))
def test_a_viewer_that_comes_late_knows_what_one_that_was_always_there_knows(late: int) -> None:
    session = running()
    first = session.subscribe(lambda event: first.log.add(event))
    for event in EVENTS[:late]:
        session.emit(event)
    second = session.subscribe(lambda event: second.log.add(event))
    for event in EVENTS[late:]:
        session.emit(event)
    session.move(State.STOPPING)
    session.end(END)
    assert second.log == first.log
    assert (first.log.state, first.log.ended) == (State.STOPPED, END)


def test_the_log_of_one_viewer_is_not_the_log_of_another() -> None:
    session = running()
    first, second = session.subscribe(lambda event: None), session.subscribe(lambda event: None)
    for event in EVENTS:
        first.log.add(event)
    assert second.log == RunLog(state=State.RUNNING)
    assert session.subscribe(lambda event: None).log == second.log
