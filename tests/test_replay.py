"""A run on disk, replayed as if it had just ended."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mnist_tui.errors import TrainingError
from mnist_tui.replay import ReplayRunner
from mnist_tui.run.events import (
    CheckpointSaved,
    EpochFinished,
    Event,
    LearningRateChanged,
    Notice,
    RunEnded,
    RunPrepared,
    Warned,
)
from mnist_tui.run.inference import InferenceRequest
from mnist_tui.run.plan import ShownRun
from mnist_tui.run.requests import Adjust, Stop
from mnist_tui.run.state import State
from mnist_tui.store.directory import RunDirectory
from mnist_tui.store.validation_file import read_validation
from tests.training_helpers import RecordedRun, few_config, train

QUESTION = InferenceRequest(images=bytes(784))


class Played:
    """What a replay emitted."""

    def __init__(self, directory: RunDirectory) -> None:
        self.runner = ReplayRunner(ShownRun(runs_dir=directory.path.parent, name=directory.name))
        self.events: list[Event] = []
        self.runner.session.subscribe(self.events.append)
        self.runner.run()

    def the(self, kind: type[Event]) -> list[Event]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def prepared(self) -> RunPrepared:
        [event] = self.the(RunPrepared)
        assert isinstance(event, RunPrepared)
        return event

    @property
    def ended(self) -> RunEnded:
        assert isinstance(self.events[-1], RunEnded)
        return self.events[-1]


@pytest.fixture(scope="module")
def finished(few_digits: Path, tmp_path_factory: pytest.TempPathFactory) -> RecordedRun:
    """A run of two epochs, to look at."""
    return train(few_config(few_digits), tmp_path_factory.mktemp("runs"))


@pytest.fixture
def copied(finished: RecordedRun, tmp_path: Path) -> RunDirectory:
    """Its directory, to change."""
    shutil.copytree(finished.directory.path, tmp_path / "run")
    return RunDirectory(tmp_path / "run")


@pytest.mark.slow
def test_a_finished_run_is_replayed_as_it_was(few_digits: Path, tmp_path: Path) -> None:
    run = train(few_config(few_digits, epochs=3), tmp_path)
    before = {path: path.read_bytes() for path in run.directory.path.rglob("*") if path.is_file()}
    played = Played(run.directory)
    rows = tuple(event.row for event in run.of(EpochFinished))
    assert played.prepared.rows == rows
    [prepared] = run.of(RunPrepared)
    assert played.prepared.model == prepared.model == "MnistNet, 1,199,882 parameters"
    assert played.ended.state is State.FINISHED
    assert (played.ended.message, played.ended.best) == (run.ended.message, run.ended.best)
    assert played.runner.session.validation == read_validation(run.directory.validation)
    assert played.runner.session.history.snapshot() == run.session.history.snapshot()
    assert played.runner.session.progress.run_fraction == 1.0
    after = {path: path.read_bytes() for path in run.directory.path.rglob("*") if path.is_file()}
    assert after == before, "nothing is written"


def test_a_stopped_run_is_replayed_with_its_learning_rate_changes(
    few_digits: Path, tmp_path: Path
) -> None:
    def steer(run: RecordedRun, event: Event) -> None:
        if isinstance(event, EpochFinished):
            run.session.request(Adjust(lr=0.025))
            run.session.request(Stop())

    run = train(few_config(few_digits, epochs=3), tmp_path, on_event=steer)
    played = Played(run.directory)
    assert list(played.prepared.rates) == run.of(LearningRateChanged)
    assert (played.ended.state, played.ended.message) == (State.STOPPED, run.ended.message)


SHOW = """
import sys
from pathlib import Path
from mnist_tui.replay import ReplayRunner
from mnist_tui.run.plan import ShownRun
runner = ReplayRunner(ShownRun(runs_dir=Path(sys.argv[1]), name="run"))
runner.run()
print(runner.session.state, len(runner.session.history), "torch" in sys.modules)
"""


@pytest.mark.slow
def test_the_curves_of_a_run_are_read_without_torch(finished: RecordedRun) -> None:
    command = [sys.executable, "-c", SHOW, str(finished.directory.path.parent)]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert shown == ["finished", str(len(finished.session.history)), "False"]


def test_a_run_of_an_earlier_version_is_shown_from_its_checkpoint(
    finished: RecordedRun, copied: RunDirectory
) -> None:
    copied.history.unlink()
    played = Played(copied)
    assert not played.the(Warned)
    assert played.runner.session.history.snapshot() == finished.session.history.snapshot()


def test_it_answers_from_its_checkpoint_once_it_is_replayed(finished: RecordedRun) -> None:
    unread = ReplayRunner(ShownRun(runs_dir=finished.directory.path.parent, name="run"))
    with pytest.raises(TrainingError):
        unread.ask(QUESTION).result(0)
    expected = finished.runner.ask(QUESTION).result(60)
    assert Played(finished.directory).runner.ask(QUESTION).result(60) == expected


@pytest.mark.parametrize(
    "broken", ["last.pt", "insight.npz", "history.npz", "status.json", "metrics.jsonl"]
)
def test_a_run_with_a_broken_file_is_shown_as_far_as_it_can_be(
    broken: str, finished: RecordedRun, copied: RunDirectory
) -> None:
    [path] = copied.path.rglob(broken)
    path.write_bytes(b"\x00broken")
    played = Played(copied)
    assert played.ended.state in (State.FINISHED, State.STOPPED)
    assert len(played.prepared.rows) == 2
    assert len(played.runner.session.history) == len(finished.session.history)
    if broken.endswith(".npz"):
        [warned] = played.the(Warned)
        assert isinstance(warned, Warned)
        assert broken in warned.message


def test_what_a_run_did_last_and_where_it_was_saved_is_shown(finished: RecordedRun) -> None:
    played = Played(finished.directory)
    progress, last = played.runner.session.progress, played.prepared.rows[-1]
    assert progress.lr == last.lr
    assert progress.samples_per_second == last.samples_per_second
    assert progress.batch_loss == pytest.approx(finished.session.progress.batch_loss)
    saved = played.the(CheckpointSaved)
    assert saved[-1] == finished.of(CheckpointSaved)[-1]
    files = [Path(event.path).name for event in saved if isinstance(event, CheckpointSaved)]
    assert sorted(files) == ["best.pt", "last.pt"]


def test_a_run_that_another_process_trains_says_so(few_digits: Path, tmp_path: Path) -> None:
    run = train(few_config(few_digits, epochs=1), tmp_path)
    with run.directory.lock.hold():
        played = Played(run.directory)
    message = played.ended.message
    assert message == f"trained by process {os.getpid()}; this view does not update"
    assert not played.the(Notice), "once is enough"
    assert played.ended.elsewhere == os.getpid()
    assert not Played(run.directory).ended.elsewhere, "it is over"
