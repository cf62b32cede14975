"""The end of a run on a disk that takes nothing, with and without somebody who can mend that."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from mnist_tui.run.events import EpochFinished, Event, StateChanged, Warned
from mnist_tui.run.plan import NewRun
from mnist_tui.run.requests import GiveUp, Request, Stop
from mnist_tui.run.session import Audience
from mnist_tui.run.state import State
from mnist_tui.store.atomic import read_json
from mnist_tui.store.checkpoint import read_checkpoint
from tests.campaigns.bad_disk import failing_sync
from tests.training_helpers import RecordedRun, few_config

FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

Asked = Callable[[RecordedRun], None]


def ask(request: Request) -> Asked:
    """Somebody who asks the run for something when it says that it cannot be saved."""
    return lambda run: run.session.mailbox.put(request)


def run_with_full_disk(
    few_digits: Path,
    folder: Path,
    *,
    stop: Stop | None = None,
    is_watched: bool = True,
    answer: Asked = lambda run: None,
    makes_room: bool = False,
) -> RecordedRun:
    """A run whose disk is full from the first epoch's end on."""
    config = few_config(few_digits, epochs=2)
    with failing_sync(FULL) as switch:

        def listen(run: RecordedRun, event: Event) -> None:
            if isinstance(event, EpochFinished) and event.row.epoch == 1:
                switch(True)
                if stop is not None:
                    run.session.request(stop)
            if isinstance(event, Warned) and "not saved yet" in event.message:
                switch(not makes_room)
                answer(run)

        run = RecordedRun(NewRun(config=config, runs_dir=folder, name="a"), listen)
        if is_watched:
            run.session.subscribe(lambda event: None, audience=Audience.INTERACTIVE)
        return run.run()


@pytest.mark.slow
@pytest.mark.parametrize("stop", [None, Stop()], ids=["finish", "stop"])
def test_a_watched_run_ends_when_there_is_room_and_is_whole(
    few_digits: Path, tmp_path: Path, stop: Stop | None
) -> None:
    run = run_with_full_disk(few_digits, tmp_path, stop=stop, makes_room=True)
    assert run.ended.state is (State.STOPPED if stop else State.FINISHED)
    assert (run.ended.saved, run.ended.exit_code) == (True, 0)
    batches = read_checkpoint(run.directory.last).global_batch
    assert batches == run.session.progress.global_batch
    assert read_json(run.directory.status)["state"] == run.ended.state
    reasons = [event.message for event in run.of(Warned)]
    assert len(reasons) == 1, "it is said once"
    assert os.strerror(errno.ENOSPC) in reasons[0]
    assert State.STOPPING in [event.state for event in run.of(StateChanged)]


@pytest.mark.slow
@pytest.mark.parametrize("request_", [GiveUp(), Stop(save=False), Stop(exit_code=143)])
def test_a_run_that_gives_up_waits_for_no_disk(
    few_digits: Path, tmp_path: Path, request_: Request
) -> None:
    run = run_with_full_disk(few_digits, tmp_path, answer=ask(request_))
    assert (run.ended.saved, run.ended.exit_code) == (False, 1)
    assert os.strerror(errno.ENOSPC) in run.ended.hint


@pytest.mark.slow
@pytest.mark.parametrize(
    ("stop", "is_watched"),
    [(None, False), (Stop(), False), (Stop(exit_code=143), True), (Stop(save=False), True)],
)
def test_a_run_that_nobody_can_help_ends_at_once(
    few_digits: Path, tmp_path: Path, stop: Stop | None, is_watched: bool
) -> None:
    run = run_with_full_disk(few_digits, tmp_path, stop=stop, is_watched=is_watched)
    assert (run.ended.saved, run.ended.exit_code) == (False, 1)
    assert not run.of(Warned)
