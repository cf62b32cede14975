"""Runs that are interrupted again and again: at the end they are the run that never stopped.

    python -m tests.campaigns.same_run --count 50 --seed 0

Each is interrupted one to five times, by kill -9, SIGTERM, a stop, or a pause followed by one
of those, in the middle of an epoch, between two, in validation or while saving, and resumed.
The runs that die, die for real: each part is a process of its own.
"""

import os
import random
import signal
from collections.abc import Sequence
from functools import cache, partial
from pathlib import Path

from mnist_tui.config import TrainConfig
from mnist_tui.engine import learner
from mnist_tui.engine.runner import TrainingRunner
from mnist_tui.headless import run_headless
from mnist_tui.run.events import Event, StateChanged
from mnist_tui.run.plan import NewRun, ResumedRun, TrainedRun
from mnist_tui.run.requests import Pause, Resume, Stop
from mnist_tui.run.state import State
from mnist_tui.store.directory import RunDirectory
from tests.campaigns.campaign import few_digits, kept_folder, main
from tests.campaigns.processes import BROKEN, in_child
from tests.campaigns.sameness import assert_same_run
from tests.training_helpers import few_config, train

KINDS = ("kill", "SIGTERM", "SIGHUP", "SIGINT", "stop")
KINDS += ("pause, stop", "pause, kill", "pause, SIGTERM", "pause, go on")
EPOCHS = 3


@cache
def whole_run(optimizer: str, schedule: str) -> Path:
    """The run that never stopped."""
    folder = kept_folder()
    train(config(optimizer, schedule), folder, "whole")
    return folder / "whole"


def config(optimizer: str, schedule: str) -> TrainConfig:
    return few_config(
        few_digits(),
        epochs=EPOCHS,
        optimizer=optimizer,
        schedule=schedule,
        lr=0.01,
        checkpoint_every_s=0.02,
    )


def attempt(dice: random.Random, folder: Path) -> None:
    """Interrupt a run, resume it until it is finished, and compare."""
    chosen = dice.choice(("sgd", "momentum", "adamw")), dice.choice(("constant", "one-cycle"))
    whole = whole_run(*chosen)
    plan: TrainedRun = NewRun(config=config(*chosen), runs_dir=folder, name="parts")
    directory = RunDirectory(folder / "parts")
    for _ in range(dice.randint(1, 5)):
        kind, steps = dice.choice(KINDS), dice.randrange(40)
        code = in_child(partial(interrupted, plan, kind, steps))
        assert code not in BROKEN, f"{kind} after {steps} steps: exit code {code}"
        if directory.config.exists():
            plan = ResumedRun(runs_dir=folder, name="parts")
        if directory.is_over(EPOCHS):
            break
    else:
        code = in_child(partial(run_headless, TrainingRunner(plan), as_json=True))
        assert code == 0, f"the last part ended with {code}: {directory.log.read_text()[-300:]}"
    assert directory.is_over(EPOCHS)
    assert_same_run(whole, directory.path)


def interrupted(plan: TrainedRun, kind: str, steps: int) -> int:
    """In a process of its own: train and be interrupted after so many steps."""
    runner = TrainingRunner(plan)
    session, done = runner.session, 0

    def step() -> None:
        nonlocal done
        done += 1
        if done != steps + 1:
            return
        if kind.startswith("pause"):
            session.request(Pause())
        else:
            end(kind)

    def end(kind: str) -> None:
        match kind:
            case "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            case "stop":
                session.request(Stop())
            case "go on":
                session.request(Resume())
            case _:
                os.kill(os.getpid(), getattr(signal, kind))

    def watch(event: Event) -> None:
        if isinstance(event, StateChanged) and event.state is State.PAUSED:
            end(kind.removeprefix("pause, "))

    session.subscribe(watch)

    train, evaluate = learner.Learner.train, learner.evaluate

    def counted_batch(self: learner.Learner, start: int, rates: Sequence[float]) -> None:
        step()
        train(self, start, rates)

    def counted_evaluation(model, split, precision, between):  # type: ignore[no-untyped-def]
        step()
        return evaluate(model, split, precision, lambda batch: (step(), between(batch)))

    learner.Learner.train = counted_batch  # type: ignore[method-assign]
    learner.evaluate = counted_evaluation  # type: ignore[assignment]
    return run_headless(runner, as_json=True)


if __name__ == "__main__":
    main(attempt, 50)
