"""A real run that is stopped and resumed in one dashboard."""

from pathlib import Path

import pytest
import torch

from mnist_tui.engine.runner import TrainingRunner
from mnist_tui.run.plan import NewRun, RunPlan
from mnist_tui.run.state import State
from mnist_tui.store.checkpoint import read_checkpoint
from mnist_tui.tui.app import DashboardApp
from tests.training_helpers import few_config, train
from tests.tui.app_harness import Stage

pytestmark = [pytest.mark.asyncio, pytest.mark.slow]


def make_runner(plan: RunPlan) -> TrainingRunner:
    return TrainingRunner(plan)  # type: ignore[arg-type]


async def test_x_and_space_give_the_same_weights_as_a_run_that_was_never_stopped(
    few_digits: Path, tmp_path: Path
) -> None:
    config = few_config(few_digits, epochs=12)
    whole = train(config, tmp_path / "whole").directory
    plan = NewRun(config=config, runs_dir=tmp_path, name="halves")
    app = DashboardApp(plan, make_runner, start=True)
    async with app.run_test(size=(80, 24)) as pilot:
        stage, run = Stage(app, pilot), app.run_controller
        await stage.until(lambda: run.session.progress.global_batch > 2, "some batches")
        await pilot.press("x")
        await stage.until(lambda: "space Resume" in stage.footer, "the end of its first part")
        assert run.session.state is State.STOPPED
        await pilot.press("space")
        await stage.until(lambda: run.session.state is State.FINISHED, "the end of all of it")
        await stage.until(lambda: not run.is_busy, "the end of its thread")
        assert len(run.log.rows) == 12
    halves = read_checkpoint(tmp_path / "halves/checkpoints/last.pt").model
    for name, weights in read_checkpoint(whole.last).model.items():
        assert torch.equal(weights, halves[name]), name
