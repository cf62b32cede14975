"""Short real runs on few digits, for tests of the engine and of what it leaves on disk."""

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from mnist_tui.config import TrainConfig, recipe_config
from mnist_tui.engine.learner import Learner
from mnist_tui.engine.runner import TrainingRunner
from mnist_tui.run.events import Event, RunEnded
from mnist_tui.run.plan import NewRun, ResumedRun, TrainedRun
from mnist_tui.run.requests import Stop
from mnist_tui.store.checkpoint import read_checkpoint
from mnist_tui.store.directory import RunDirectory


def few_config(few_digits: Path, **overrides: Any) -> TrainConfig:
    """Two epochs of eleven batches of 8, the last of them with 2 digits."""
    settings = {"dataset": "mnist", "data_dir": str(few_digits), "epochs": 2, "batch_size": 8}
    return recipe_config(**{**settings, "lr": 0.05, "checkpoint_every_s": 0.0, **overrides})


class RecordedRun:
    """One run on this thread, with all that it emitted."""

    def __init__(
        self, plan: TrainedRun, on_event: Callable[["RecordedRun", Event], None] | None = None
    ):
        self.runner = TrainingRunner(plan)
        self.session = self.runner.session
        self.events: list[Event] = []
        self.session.subscribe(self.events.append)
        if on_event is not None:
            self.session.subscribe(lambda event: on_event(self, event))
        self.directory = RunDirectory(plan.runs_dir / (plan.name or ""))

    def run(self) -> "RecordedRun":
        """Train to the end."""
        self.runner.run()
        return self

    @property
    def ended(self) -> RunEnded:
        """The last event."""
        assert isinstance(self.events[-1], RunEnded)
        return self.events[-1]

    def of(self, kind: type[Event]) -> list[Any]:
        """The events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]


def train(config: TrainConfig, runs_dir: Path, name: str = "run", **rest: Any) -> RecordedRun:
    """Train a new run to its end."""
    return RecordedRun(NewRun(config=config, runs_dir=runs_dir, name=name), **rest).run()


def resume(runs_dir: Path, name: str = "run", overrides: Any = None, **rest: Any) -> RecordedRun:
    """Go on with a run to its end."""
    plan = ResumedRun(runs_dir=runs_dir, name=name, overrides=overrides or {})
    return RecordedRun(plan, **rest).run()


def at_batch(monkeypatch: pytest.MonkeyPatch, number: int, act: Callable[[], object]) -> None:
    """Call `act` on the training thread before its batch of that number, counted from 1."""
    done = 0
    real = Learner.train

    def counting(self: Learner, start: int, rates: Sequence[float]) -> None:
        nonlocal done
        done += 1
        if done == number:
            act()
        real(self, start, rates)

    monkeypatch.setattr(Learner, "train", counting)


def train_in_two_processes(config: TrainConfig, runs_dir: Path, name: str, batches: int) -> None:
    """Train a new run that is stopped after `batches`, and resume it in a process of its own."""
    running: list[RecordedRun] = []
    with pytest.MonkeyPatch.context() as patch:
        at_batch(patch, batches, lambda: running[0].session.request(Stop()))
        train(config, runs_dir, name, on_event=lambda run, _: running.append(run))
    assert read_checkpoint(runs_dir / name / "checkpoints/last.pt").batch == batches
    words = ["resume", name, "--runs-dir", str(runs_dir), "--headless"]
    done = subprocess.run(
        [sys.executable, "-m", "mnist_tui", *words],
        env={**os.environ, "PYTHONHASHSEED": "7"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
