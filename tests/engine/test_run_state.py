"""When losses are read back from the device."""

from pathlib import Path

import pytest
import torch

from mnist_tui.config import recipe_config
from mnist_tui.data import read_mnist
from mnist_tui.data.registry import SAMPLE
from mnist_tui.engine.cuda.readback import Readback
from mnist_tui.engine.learner import Learner
from mnist_tui.engine.run_state import RunState
from mnist_tui.run.history import LossHistory
from tests.training_helpers import few_config


class LateLearner(Learner):
    """Its figures are long on their way."""

    asked: list[tuple[int, int]]

    def read_back(self, start: int, stop: int) -> Readback:
        self.asked.append((start, stop))
        return super().read_back(start, stop)


@pytest.fixture
def learner(few_digits: Path, monkeypatch: pytest.MonkeyPatch) -> LateLearner:
    monkeypatch.setattr(Readback, "is_here", False)  # as from a device that is busy
    learner = LateLearner(few_config(few_digits), read_mnist(few_digits), torch.device("cpu"))
    learner.asked = []
    learner.open_epoch(1)
    return learner


def train(learner: Learner, state: RunState, batches: int) -> None:
    for _ in range(batches):
        learner.train(state.epoch.batch, [0.01])
        state.advance(state.epoch.batch + 1)


def test_figures_that_are_on_their_way_are_not_waited_for(
    learner: LateLearner, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = RunState(recipe_config(), learner, LossHistory(), SAMPLE, "")
    train(learner, state, 2)
    state.collect(waits=False)
    train(learner, state, 3)
    state.collect(waits=False)
    assert (state.epoch.batches_read, state.epoch.loss) == (0, None)
    monkeypatch.setattr(Readback, "is_here", True)
    train(learner, state, 1)
    state.collect(waits=False)
    assert (state.epoch.batches_read, state.epoch.samples) == (6, 6 * 8)
    assert learner.asked == [(0, 2), (2, 6)]


def test_a_save_waits_for_all_figures_and_counts_none_twice(learner: LateLearner) -> None:
    history = LossHistory()
    state = RunState(recipe_config(), learner, history, SAMPLE, "")
    train(learner, state, 2)
    state.collect(waits=False)
    train(learner, state, 2)
    state.collect()
    assert state.epoch.batches_read == 4
    assert len(history) == 4
    state.collect()
    assert len(history) == 4
    losses, _ = learner.read_back(0, 4).result()
    assert state.epoch.loss == pytest.approx(sum(losses) / 4)
