"""What happens to a run when its disk will not take it."""

import errno
import json
from pathlib import Path
from typing import Any

import pytest

from mnist_tui.config import TrainConfig
from mnist_tui.run.events import (
    CheckpointSaved,
    EpochFinished,
    Event,
    SaveFailed,
    StateChanged,
    Warned,
)
from mnist_tui.run.requests import Save
from mnist_tui.run.session import Session
from mnist_tui.run.state import State
from mnist_tui.store import run_files, writer
from mnist_tui.store.atomic import append_lines, read_json, write_atomic
from mnist_tui.store.checkpoint import Checkpoint
from mnist_tui.store.new_run import create_run
from mnist_tui.store.owner import Owner
from mnist_tui.store.writer import RunWriter
from tests.training_helpers import RecordedRun, few_config, train


def full_disk(monkeypatch: pytest.MonkeyPatch, is_full: list[bool], name: str = "") -> None:
    """Make writes of files whose name holds `name` fail while `is_full[0]`."""
    real: dict[str, Any] = {"write_atomic": write_atomic, "append_lines": append_lines}

    def failing(kind: str) -> Any:
        def write(path: Path, content: Any) -> None:
            if is_full[0] and name in path.name:
                raise OSError(errno.ENOSPC, "No space left on device")
            real[kind](path, content)

        return write

    monkeypatch.setattr(writer, "write_atomic", failing("write_atomic"))
    for kind in real:
        monkeypatch.setattr(run_files, kind, failing(kind))


@pytest.mark.slow
def test_training_goes_on_when_nothing_can_be_saved(
    few_digits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full_disk(monkeypatch, [True])
    run = train(few_config(few_digits), tmp_path)
    assert run.ended.state is State.FINISHED
    assert not run.ended.saved
    failed = {Path(event.path).name for event in run.of(SaveFailed)}
    assert failed >= {"last.pt", "best.pt", "events.jsonl", "metrics.jsonl"}
    assert not list(run.directory.checkpoints.iterdir())


def test_what_could_not_be_saved_is_saved_once_it_can(
    few_digits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_full = [True]
    full_disk(monkeypatch, is_full)

    def make_room(run: RecordedRun, event: Event) -> None:
        if isinstance(event, StateChanged) and event.state is State.FINISHED:
            is_full[0] = False

    run = train(few_config(few_digits), tmp_path, on_event=make_room)
    assert run.directory.last.exists()
    rows = [json.loads(line) for line in run.directory.metrics.open()]
    assert [row["epoch"] for row in rows] == [1, 2]
    events = [json.loads(line)["event"] for line in run.directory.events.open()]
    assert events[-1] == "run_ended"
    assert events.count("epoch_finished") == 2


@pytest.mark.slow
def test_a_failing_file_is_reported_once_and_not_with_every_attempt(
    few_digits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full_disk(monkeypatch, [True], "events")
    run = train(few_config(few_digits), tmp_path)
    assert len(run.of(SaveFailed)) == 1
    assert run.ended.state is State.FINISHED


def test_a_save_by_hand_emits_path_batch_size_and_time(few_digits: Path, tmp_path: Path) -> None:
    def save(run: RecordedRun, event: Event) -> None:
        if isinstance(event, StateChanged) and event.state is State.RUNNING:
            assert run.session.request(Save()).is_accepted

    run = train(few_config(few_digits), tmp_path, on_event=save)
    [saved] = [e for e in run.of(CheckpointSaved) if "step" in e.path]
    assert (saved.reason, saved.epoch, saved.batch, saved.global_batch) == ("manual", 1, 1, 1)
    assert Path(saved.path).stat().st_size == saved.size_bytes
    assert saved.milliseconds > 0


def test_a_checkpoint_for_two_files_is_serialized_once(
    few_digits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    serialized: list[bytes] = []
    real = Checkpoint.to_bytes

    def counted(checkpoint: Checkpoint) -> bytes:
        serialized.append(real(checkpoint))
        return serialized[-1]

    monkeypatch.setattr(Checkpoint, "to_bytes", counted)

    # Of one epoch, so that nothing newer takes the place of what its end saves.
    train(few_config(few_digits, epochs=1), tmp_path)
    best = (tmp_path / "run" / "checkpoints" / "best.pt").read_bytes()
    assert serialized[0] == best
    # One for the end of the epoch, whose last.pt may wait long enough to be replaced, and
    # one for the end of the run.
    assert len(serialized) <= 2


@pytest.mark.slow
def test_a_deleted_folder_of_checkpoints_comes_back_and_no_row_is_written_twice(
    few_digits: Path, tmp_path: Path
) -> None:
    def delete(run: RecordedRun, event: Event) -> None:
        if isinstance(event, EpochFinished) and event.row.epoch == 2:
            run.directory.checkpoints.rename(tmp_path / "gone")

    run = train(few_config(few_digits, epochs=3), tmp_path, on_event=delete)
    assert run.ended.saved
    assert run.directory.last.exists()
    rows = [json.loads(line) for line in run.directory.metrics.open()]
    assert [row["epoch"] for row in rows] == [1, 2, 3]
    [warned] = run.of(Warned)
    assert "checkpoints was deleted" in warned.message


def test_a_run_that_another_process_has_taken_over_ends_and_writes_nothing_more(
    few_digits: Path, tmp_path: Path
) -> None:
    def overtake(run: RecordedRun, event: Event) -> None:
        if isinstance(event, EpochFinished) and event.row.epoch == 1:
            (run.directory.path / "lock").write_text(Owner(4_321, "node7").line)

    run = train(few_config(few_digits, epochs=100_000), tmp_path, on_event=overtake)
    assert (run.ended.saved, run.ended.exit_code) == (False, 1)
    assert "Overtaken by process 4321 on node7" in run.ended.message
    assert "process 4321 on node7 trains this run now" in run.ended.hint
    assert read_json(run.directory.status)["state"] == "running", "its end is not written"
    assert not any("run_ended" in line for line in run.directory.events.open())


def test_a_held_writer_leaves_the_files_alone_until_it_is_released(tmp_path: Path) -> None:
    directory, session = create_run(tmp_path, "a", TrainConfig()), Session()
    held = RunWriter(directory, session)
    held.start({})
    assert held.hold()
    before = directory.events.exists(), directory.status.stat().st_mtime_ns
    session.emit(Warned(message="while another process writes"))
    assert (directory.events.exists(), directory.status.stat().st_mtime_ns) == before
    held.release()
    assert held.flush()
    assert "while another process writes" in directory.events.read_text()
    assert held.hold()
    session.emit(Warned(message="too late"))
    held.close()
    assert "too late" not in directory.events.read_text()
    assert held.flush(), "it has nothing to wait for"
