"""A resumed run is the run that never stopped."""

import shutil
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch

from mnist_tui.engine import prepare, run_state, runner
from mnist_tui.engine.learner import Learner
from mnist_tui.engine.steps.base import AutogradStep
from mnist_tui.errors import Remedy
from mnist_tui.run.events import LearningRateChanged, RunPrepared, StateChanged, Warned, best_of
from mnist_tui.run.plan import NewRun
from mnist_tui.run.progress import Progress
from mnist_tui.run.requests import Adjust, Save, Stop
from mnist_tui.run.state import State
from mnist_tui.store import checkpoint
from mnist_tui.store.atomic import read_json, read_lines, write_json
from mnist_tui.store.checkpoint import Checkpoint, read_checkpoint
from mnist_tui.store.directory import RunDirectory
from mnist_tui.store.new_run import create_run
from tests.training_helpers import RecordedRun, at_batch, few_config, resume, train

BATCHES = 11


def stop_after(monkeypatch: pytest.MonkeyPatch, batches: int, request: Any = None) -> None:
    """Make the next run ask for `request` (Stop) while it trains on its batch number `batches`."""

    def ask() -> None:
        assert RUNS[-1].session.request(request or Stop()).is_accepted

    at_batch(monkeypatch, batches, ask)


RUNS: list[RecordedRun] = []


@pytest.fixture(autouse=True)
def _know_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `stop_after` find the run that is going on."""
    RUNS.clear()
    real = RecordedRun.run
    monkeypatch.setattr(RecordedRun, "run", lambda self: (RUNS.append(self), real(self))[1])


def assert_same_run(one: Path, other: Path) -> None:
    """Every weight, the optimizer, the generators and all rows but their times are equal."""
    first, second = (
        read_checkpoint(one / "checkpoints/last.pt"),
        read_checkpoint(other / "checkpoints/last.pt"),
    )
    assert first.global_batch == second.global_batch
    assert_equal(first.model, second.model)
    assert_equal(first.optimizer, second.optimizer)
    assert_equal(first.rng, second.rng)
    assert rows_without_times(one) == rows_without_times(other)
    assert best_epoch(first) == best_epoch(second)
    assert first.history["recent"] == second.history["recent"]


def assert_equal(one: Any, other: Any) -> None:
    """Nested values are equal, tensors bit for bit."""
    if isinstance(one, torch.Tensor):
        assert torch.equal(one, other)
    elif isinstance(one, dict):
        assert one.keys() == other.keys()
        for key in one:
            assert_equal(one[key], other[key])
    else:
        assert one == other


def best_epoch(checkpoint: Checkpoint) -> int | None:
    return checkpoint.best.epoch if checkpoint.best else None


def rows_without_times(run: Path) -> list[dict[str, Any]]:
    rows = read_lines(run / "metrics.jsonl")
    return [{k: v for k, v in row.items() if "second" not in k} for row in rows]


@pytest.fixture(scope="module")
def whole(few_digits: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of `few_config` that never stopped."""
    return train(few_config(few_digits), tmp_path_factory.mktemp("whole")).directory.path


@pytest.mark.parametrize(
    ("model", "optimizer"),
    [
        ("mnist_net", "sgd"),
        ("mnist_net", "momentum"),
        ("mnist_net", "adamw"),
        ("fast_net", "adamw"),
    ],
)
def test_resume_in_mid_epoch_gives_the_same_weights(
    model: str, optimizer: str, few_digits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = few_config(few_digits, model=model, optimizer=optimizer, lr=0.01)
    train(config, tmp_path, "whole")
    stop_after(monkeypatch, 4)
    stopped = train(config, tmp_path, "parts")
    assert stopped.ended.state is State.STOPPED
    assert read_checkpoint(stopped.directory.last).batch == 4
    resumed = resume(tmp_path, "parts")
    assert resumed.ended.state is State.FINISHED
    assert_same_run(tmp_path / "whole", tmp_path / "parts")


@pytest.mark.slow
@pytest.mark.parametrize("batches", [1, BATCHES - 1, BATCHES, BATCHES + 1, 2 * BATCHES])
def test_resume_is_exact_wherever_the_run_was_stopped(
    batches: int, few_digits: Path, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = few_config(few_digits)
    stop_after(monkeypatch, batches)
    train(config, tmp_path, "parts")
    resume(tmp_path, "parts")
    assert_same_run(whole, tmp_path / "parts")


@pytest.mark.slow
def test_a_run_stopped_at_every_third_batch_is_the_same_run(
    few_digits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = few_config(few_digits, schedule="one-cycle")
    train(config, tmp_path, "whole")
    with monkeypatch.context() as patch:
        stop_after(patch, 3)
        run = train(config, tmp_path, "parts")
    for _ in range(2 * BATCHES):
        if run.ended.state is State.FINISHED:
            break
        with monkeypatch.context() as patch:
            stop_after(patch, 3)
            run = resume(tmp_path, "parts")
    assert run.ended.state is State.FINISHED
    assert_same_run(tmp_path / "whole", tmp_path / "parts")


@pytest.mark.slow
def test_a_checkpoint_saved_by_hand_leaves_the_run_as_it_was(
    few_digits: Path, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = few_config(few_digits)
    stop_after(monkeypatch, 5, Save())
    run = train(config, tmp_path, "saved")
    assert read_checkpoint(run.directory.step(5)).global_batch == 5
    assert_same_run(whole, tmp_path / "saved")


@pytest.mark.slow
def test_a_changed_learning_rate_is_part_of_what_resume_restores(
    few_digits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = few_config(few_digits)
    with monkeypatch.context() as patch:
        stop_after(patch, 3, Adjust(lr=0.1))
        changed = train(config, tmp_path, "whole")
    [event] = changed.of(LearningRateChanged)
    assert (event.previous, event.lr, event.global_batch) == (0.05, pytest.approx(0.1), 3)
    with monkeypatch.context() as patch:
        stop_after(patch, 3, Adjust(lr=0.1))
        stop_after(patch, 8)
        train(config, tmp_path, "parts")
    resume(tmp_path, "parts")
    assert_same_run(tmp_path / "whole", tmp_path / "parts")


@pytest.mark.slow
def test_a_finished_run_can_be_made_longer(few_digits: Path, tmp_path: Path) -> None:
    train(few_config(few_digits, epochs=3), tmp_path, "whole")
    train(few_config(few_digits, epochs=2), tmp_path, "longer")
    resumed = resume(tmp_path, "longer", overrides={"epochs": 3})
    [prepared] = resumed.of(RunPrepared)
    assert [row.epoch for row in prepared.rows] == [1, 2]
    assert prepared.resumed_at == (3, 0)
    assert_same_run(tmp_path / "whole", tmp_path / "longer")


@pytest.mark.slow
def test_a_run_that_died_before_its_first_checkpoint_starts_again(
    few_digits: Path, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = few_config(few_digits)
    stop_after(monkeypatch, 2, Stop(save=False))
    died = train(config, tmp_path, "died")
    assert not died.directory.last.exists()
    assert not died.ended.saved
    resume(tmp_path, "died")
    assert_same_run(whole, tmp_path / "died")


@pytest.mark.slow
def test_a_run_stopped_while_it_loads_says_so_and_starts_again(
    few_digits: Path, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = few_config(few_digits)
    stopped = RecordedRun(NewRun(config=config, runs_dir=tmp_path, name="stopped"))
    publish = stopped.session.publish

    def publish_and_stop(progress: Progress) -> None:
        publish(progress)
        if progress.activity == "loading PyTorch":
            stopped.session.mailbox.put(Stop())

    monkeypatch.setattr(stopped.session, "publish", publish_and_stop)
    stopped.run()
    assert read_json(stopped.directory.status)["state"] == State.STOPPED
    assert read_json(stopped.directory.status)["message"] == stopped.ended.message
    resume(tmp_path, "stopped")
    assert_same_run(whole, tmp_path / "stopped")


@pytest.mark.slow
def test_rows_beyond_the_checkpoint_are_trained_again_and_not_kept_twice(
    few_digits: Path, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = few_config(few_digits)
    stop_after(monkeypatch, 4)
    run = train(config, tmp_path, "parts")
    # As if the process had been killed after writing a row and before the next checkpoint.
    run.directory.metrics.write_text((whole / "metrics.jsonl").read_text())
    resume(tmp_path, "parts")
    assert [row["epoch"] for row in rows_without_times(tmp_path / "parts")] == [1, 2]


@pytest.mark.slow
def test_a_run_of_more_epochs_than_a_checkpoint_has_rows_for_keeps_them_all(
    few_digits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (checkpoint, run_state):
        monkeypatch.setattr(module, "KEPT_ROWS", 2)
    config = few_config(few_digits, epochs=4)
    run = train(config, tmp_path, "parts")
    best = read_checkpoint(run.directory.last).best
    assert [row.epoch for row in read_checkpoint(run.directory.last).rows] == [3, 4]
    resumed = resume(tmp_path, "parts", overrides={"epochs": 6, "lr": 1e-6})
    [prepared] = resumed.of(RunPrepared)
    assert [row.epoch for row in prepared.rows] == [1, 2, 3, 4]
    rows = resumed.directory.read_rows()
    assert [row.epoch for row in rows] == [1, 2, 3, 4, 5, 6]
    assert resumed.ended.best == best_of(rows)
    assert best == best_of(rows[:4])
    assert "Finished 6 epochs." in resumed.ended.message


@pytest.mark.slow
def test_every_state_change_of_a_resumed_run_is_emitted_once(
    few_digits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop_after(monkeypatch, 4)
    stopped = train(few_config(few_digits), tmp_path)
    states = [event.state for event in stopped.of(StateChanged)]
    assert states == [State.LOADING, State.RUNNING, State.STOPPING, State.STOPPED]
    resumed = resume(tmp_path)
    states = [event.state for event in resumed.of(StateChanged)]
    assert states == [State.LOADING, State.RUNNING, State.FINISHED]


@pytest.mark.parametrize(
    ("before", "warning"),
    [
        ({"device": "a GPU"}, "on a GPU before: the numbers may differ in the last bits"),
        ({"kernels": "its own kernels"}, "with fused kernels before: the numbers may"),
        ({"kernels": "PyTorch's kernels"}, "with PyTorch's kernels before: the numbers may"),
        ({"precision": "tf32"}, "in tf32 before: the numbers may differ"),
        ({}, None),
    ],
)
def test_another_way_of_computing_is_reported_and_recorded(
    tmp_path: Path, whole: Path, before: dict[str, str], warning: str | None
) -> None:
    directory = RunDirectory(shutil.copytree(whole, tmp_path / "run"))
    facts = read_json(directory.config)
    assert (facts["kernels"], facts["precision"]) == ("native C kernels", "fp32")
    write_json(directory.config, {**facts, **before})
    resumed = resume(tmp_path, overrides={"epochs": 3})
    warnings = [warned.message for warned in resumed.of(Warned)]
    assert [message for message in warnings if warning and warning in message] == warnings
    assert len(warnings) == bool(warning)
    assert read_json(directory.config)["precision"] == "fp32"


def test_what_is_emitted_before_the_files_are_open_is_in_them(
    tmp_path: Path, few_digits: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow_step(*given: Any) -> AutogradStep:
        *rest, warn = given
        warn("it could be faster")
        return AutogradStep(*rest)

    monkeypatch.setattr(prepare, "Learner", partial(Learner, make_step=slow_step))
    run = train(few_config(few_digits, epochs=1), tmp_path)
    assert [warned.message for warned in run.of(Warned)] == ["it could be faster"]
    emitted = [line.get("message") for line in read_lines(run.directory.events)]
    assert "it could be faster" in emitted


def test_a_run_that_another_process_has_is_left_as_it_is(
    few_digits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = few_config(few_digits)
    theirs = create_run(tmp_path, "a", config)
    before = sorted(theirs.path.iterdir())
    # As if they had found it between its making and its locking.
    monkeypatch.setattr(runner, "create_run", lambda *args: theirs)
    with theirs.lock.hold():
        run = train(config, tmp_path, "a")
    assert run.ended.state is State.FAILED
    assert "being trained by process" in run.ended.message
    assert sorted(theirs.path.iterdir()) == [*before, theirs.path / "lock"]


@pytest.mark.parametrize(("lr", "lower"), [(0.05, "0.025"), (1e6, "0.01")])
def test_a_learning_rate_that_broke_the_weights_is_halved_or_if_hopeless_the_usual_one(
    few_digits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lr: float, lower: str
) -> None:
    real = Learner.train

    def train_and_break(self: Learner, start: int, rates: Sequence[float]) -> None:
        real(self, start, rates)
        with torch.no_grad():
            next(self.model.parameters()).fill_(float("nan"))

    monkeypatch.setattr(Learner, "train", train_and_break)
    run = train(few_config(few_digits, lr=lr), tmp_path)
    assert run.ended.state is State.FAILED
    assert "start again" in run.ended.hint
    assert run.ended.remedy == Remedy(settings={"lr": float(lower)})
