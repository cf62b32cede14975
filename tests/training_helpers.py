"""Short real runs on few digits, for tests of the engine and of what it leaves on disk."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from mnist_tui.config import TrainConfig, recipe_config
from mnist_tui.engine.runner import TrainingRunner
from mnist_tui.run.events import Event, RunEnded
from mnist_tui.run.plan import NewRun, ResumedRun, TrainedRun
from mnist_tui.store.directory import RunDirectory


def few_config(few_digits: Path, **overrides: Any) -> TrainConfig:
    """Two epochs of eleven batches, the last of them with 10 digits."""
    settings = {"dataset": "mnist", "data_dir": str(few_digits), "epochs": 2, "lr": 0.05}
    return recipe_config(**{**settings, "checkpoint_every_s": 0.0, **overrides})


class RecordedRun:
    """One run on this thread, with all that it told."""

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
