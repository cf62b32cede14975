"""Changing a run's settings while it goes on."""

import json
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from mnist_tui import formatting
from mnist_tui.config import SETTINGS, TrainConfig, recipe_config
from mnist_tui.engine.learner import Learner
from mnist_tui.engine.live_hyperparameters import LiveHyperparameters
from mnist_tui.engine.optimizers import scheduled_lr
from mnist_tui.inference.validation_pass import Evaluation
from mnist_tui.run.events import (
    EpochFinished,
    Event,
    LearningRateChanged,
    RunPrepared,
    SettingsChanged,
    StateChanged,
    Warned,
)
from mnist_tui.run.progress import Progress
from mnist_tui.run.requests import Adjust, Pause, Resume, Stop
from mnist_tui.run.session import Session
from mnist_tui.run.state import State
from mnist_tui.store.atomic import read_json, read_lines
from mnist_tui.store.checkpoint import read_checkpoint
from tests.training_helpers import RecordedRun, at_batch, few_config, resume, train


class Held:
    """The run that is going on, for what happens at one of its batches."""

    run: RecordedRun

    def __call__(self, run: RecordedRun, _event: Event) -> None:
        self.run = run

    def ask(self, *requests: Any) -> None:
        for request in requests:
            assert self.run.session.request(request).is_accepted


@pytest.mark.slow
def test_more_epochs_are_an_event_and_are_trained(
    few_digits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Held()
    at_batch(monkeypatch, 3, lambda: held.ask(Adjust(epochs=3, checkpoint_every_s=60.0)))
    run = train(few_config(few_digits), tmp_path, on_event=held)
    [event] = run.of(SettingsChanged)
    assert event.changes == {"epochs": (2, 3), "checkpoint_every_s": (0.0, 60.0)}
    assert (event.epoch, event.global_batch) == (1, 3)
    assert [done.row.epoch for done in run.of(EpochFinished)] == [1, 2, 3]
    assert run.session.progress.epochs == 3
    emitted = read_lines(run.directory.events)
    assert [line["epochs"] for line in emitted if line["event"] == "settings_changed"] == [3]


def test_fewer_epochs_end_the_run_sooner(
    few_digits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Held()
    at_batch(monkeypatch, 3, lambda: held.ask(Adjust(epochs=1)))
    run = train(few_config(few_digits, epochs=5), tmp_path, on_event=held)
    assert run.ended.state is State.FINISHED
    assert [done.row.epoch for done in run.of(EpochFinished)] == [1]


def test_changes_while_paused_are_honored_before_it_goes_on(
    few_digits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    epochs_seen: list[int] = []
    held = Held()

    def in_pause(run: RecordedRun, event: Event) -> None:
        held.run = run
        if isinstance(event, StateChanged) and event.state is State.PAUSED:
            held.ask(Adjust(epochs=1), Resume())
        if isinstance(event, StateChanged) and event.previous is State.PAUSED:
            epochs_seen.append(run.session.progress.epochs)

    at_batch(monkeypatch, 3, lambda: held.ask(Pause()))
    run = train(few_config(few_digits), tmp_path, on_event=in_pause)
    assert epochs_seen == [1]
    assert len(run.of(EpochFinished)) == 1


@pytest.mark.slow
def test_the_same_settings_again_are_no_event(
    few_digits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Held()
    at_batch(monkeypatch, 3, lambda: held.ask(Adjust(epochs=2, checkpoint_every_s=0.0)))
    assert not train(few_config(few_digits), tmp_path, on_event=held).of(SettingsChanged)


@pytest.mark.slow
def test_resume_and_config_json_know_of_changed_settings(
    few_digits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Held()
    with monkeypatch.context() as patch:
        at_batch(
            patch, 3, lambda: held.ask(Adjust(epochs=3, checkpoint_every_s=60.0), Stop(save=False))
        )
        run = train(few_config(few_digits), tmp_path, on_event=held)
    facts = json.loads(run.directory.config.read_text())
    assert (facts["config"]["epochs"], facts["config"]["checkpoint_every_s"]) == (3, 60.0)
    assert facts["dataset"]["fingerprint"]
    assert TrainConfig.from_dict(facts["config"]).lr == 0.05
    assert read_checkpoint(run.directory.last).config.epochs == 3
    resumed = resume(tmp_path)
    assert [row.row.epoch for row in resumed.of(EpochFinished)] == [1, 2, 3]
    assert read_json(run.directory.config)["config"]["checkpoint_every_s"] == 60.0


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (Adjust(epochs=0), "epochs must be a whole number from 1"),
        (Adjust(epochs=4), "epochs must be at least 5: that epoch has begun"),
        (Adjust(lr=0.0), "learning rate must be a number above 0"),
        (Adjust(lr=float("nan")), "learning rate must be a number above 0"),
        (Adjust(checkpoint_every_s=-1.0), "save interval must be a number from 0"),
    ],
)
def test_settings_that_cannot_be_are_refused_with_a_reason(request_: Adjust, reason: str) -> None:
    session = Session()
    session.move(State.LOADING)
    session.move(State.RUNNING)
    session.publish(replace(Progress(), epoch=5, epochs=19))
    answer = session.request(request_)
    assert not answer.is_accepted
    assert reason in answer.message
    assert not session.mailbox.waiting
    assert session.request(Adjust(epochs=5)).is_accepted


@pytest.mark.slow
def test_a_resumed_run_emits_the_learning_rate_changes_before_its_checkpoint(
    few_digits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Held()
    with monkeypatch.context() as patch:
        at_batch(patch, 3, lambda: held.ask(Adjust(lr=0.025)))
        at_batch(patch, 5, lambda: held.ask(Stop()))
        run = train(few_config(few_digits), tmp_path, on_event=held)
    [changed] = run.of(LearningRateChanged)
    assert read_checkpoint(run.directory.last).rates == (changed,)
    [prepared] = resume(tmp_path).of(RunPrepared)
    assert prepared.rates == (changed,)


@pytest.mark.slow
def test_a_listener_that_receives_a_new_learning_rate_finds_it_in_the_snapshot(
    few_digits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held, seen = Held(), []

    def listen(run: RecordedRun, event: Event) -> None:
        held.run = run
        if isinstance(event, LearningRateChanged):
            seen.append((event.lr, run.session.progress.lr))

    at_batch(monkeypatch, 3, lambda: held.ask(Adjust(lr=0.02)))
    train(few_config(few_digits), tmp_path, on_event=listen)
    assert seen == [(0.02, 0.02)]


@pytest.mark.slow
def test_a_learning_rate_changed_while_validating_belongs_to_the_next_epoch(
    few_digits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Held()
    validate = Learner.validate

    def asking(self: Learner, between: Callable[[int], None]) -> Evaluation:
        held.ask(Adjust(lr=0.5))
        return validate(self, between)

    monkeypatch.setattr(Learner, "validate", asking)
    run = train(few_config(few_digits, lr=0.01), tmp_path, on_event=held)
    assert [done.row.lr for done in run.of(EpochFinished)] == [0.01, 0.5]


def test_a_rate_is_the_one_that_was_asked_for_whatever_came_before() -> None:
    live = LiveHyperparameters(recipe_config(lr=0.01), 10)
    for lr in (1e-12, 0.3, 7e-8, 0.02):
        live.adjust(Adjust(lr=lr), 1, 5)
    assert live.lr_at(5) == live.peak_lr == 0.02


def test_every_setting_that_is_declared_live_can_be_adjusted_and_no_other() -> None:
    live = {name for name, setting in SETTINGS.items() if setting.is_live}
    assert {field.name for field in fields(Adjust)} == live
    changed = {field.name for field in fields(SettingsChanged)}
    assert {name for name in SETTINGS if name in changed} == live - {"lr"}
    assert {f"previous_{name}" for name in live - {"lr"}} <= changed


def assert_jump(run: RecordedRun, epochs: int) -> LearningRateChanged:
    """The run has said that its schedule was spread anew, and what that did; returns the change."""
    [warning] = [event.message for event in run.of(Warned) if "schedule" in event.message]
    [change] = run.of(LearningRateChanged)
    assert f"spans {epochs} epochs in place of 2: the learning rate jumps from" in warning
    assert formatting.learning_rate(change.previous) in warning
    assert formatting.learning_rate(change.lr) in warning
    assert isinstance(change, LearningRateChanged)
    return change


@pytest.mark.slow
def test_a_one_cycle_run_that_is_resumed_for_longer_says_that_its_learning_rate_jumps(
    few_digits: Path, tmp_path: Path
) -> None:
    train(few_config(few_digits, recipe="fast", epochs=2, lr=0.01), tmp_path)
    run = resume(tmp_path, overrides={"epochs": 6})
    change = assert_jump(run, 6)
    assert change.previous < 1e-7 < 1e-3 < change.lr
    first_epoch = next(e for e in run.events if isinstance(e, EpochFinished))
    assert run.events.index(change) < run.events.index(first_epoch)


def test_a_one_cycle_run_that_is_resumed_for_longer_at_another_rate_names_the_rate_that_it_takes(
    few_digits: Path, tmp_path: Path
) -> None:
    train(few_config(few_digits, recipe="fast", epochs=2, lr=0.01), tmp_path)
    run = resume(tmp_path, overrides={"epochs": 3, "lr": 0.3})
    change = assert_jump(run, 3)
    assert change.previous < 1e-7
    whole = few_config(few_digits, recipe="fast", epochs=3, lr=0.3)
    assert change.lr == pytest.approx(scheduled_lr(whole, 22, 33))
    [row] = [done.row for done in run.of(EpochFinished) if done.row.epoch == 3]
    assert row.lr == pytest.approx(scheduled_lr(whole, 32, 33))
    [warning] = [event.message for event in run.of(Warned) if "schedule" in event.message]
    assert "with its peak at 0.3," in warning


@pytest.mark.slow
def test_a_run_that_is_resumed_at_the_same_rate_says_nothing_of_it(
    few_digits: Path, tmp_path: Path
) -> None:
    train(few_config(few_digits, epochs=1, lr=0.05), tmp_path)
    assert not resume(tmp_path, overrides={"epochs": 2, "lr": 0.05}).of(LearningRateChanged)


def test_a_live_one_cycle_run_with_more_epochs_says_that_its_learning_rate_jumps(
    few_digits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Held()
    at_batch(monkeypatch, 3, lambda: held.ask(Adjust(epochs=3)))
    run = train(few_config(few_digits, recipe="fast", epochs=2), tmp_path, on_event=held)
    assert_jump(run, 3)


def test_a_live_one_cycle_run_with_more_epochs_at_another_rate_names_the_rate_that_it_takes(
    few_digits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Held()
    at_batch(monkeypatch, 3, lambda: held.ask(Adjust(epochs=3, lr=0.004)))
    run = train(few_config(few_digits, recipe="fast", epochs=2), tmp_path, on_event=held)
    assert assert_jump(run, 3).lr == pytest.approx(0.004)
