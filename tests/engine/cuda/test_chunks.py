"""Chunks of recorded steps compute what the steps do one by one, bit for bit."""

import gc
import weakref
from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest
import torch

from devtools.drive import drive
from mnist_tui.config import TrainConfig, recipe_config
from mnist_tui.data import read_mnist
from mnist_tui.data.dataset import Dataset
from mnist_tui.engine.cuda import chunks
from mnist_tui.engine.cuda.chunks import LearningRates, chunk_length, max_queued
from mnist_tui.engine.cuda.graphs import CaptureError, recorder_for
from mnist_tui.engine.learner import Learner, LearnerState
from mnist_tui.engine.steps import select
from tests.engine.cuda.fake_graphs import FakeGraphRecorder

CPU = torch.device("cpu")
BATCHES = 11
config_of = partial(recipe_config, batch_size=8)

Result = tuple[LearnerState, Any]
"""All that training made: the state, and the last epoch's losses and hits."""


@pytest.fixture(scope="module")
def digits(few_digits: Path) -> Dataset:
    """Eleven batches of 8, the last of them with 2 digits."""
    dataset = read_mnist(few_digits)
    train = dataset.train
    return replace(
        dataset, train=replace(train, images=train.images[:82], labels=train.labels[:82])
    )


@pytest.fixture(scope="module")
def one_by_one(digits: Dataset) -> Callable[..., Result]:
    """Train step by step; each config once, since what comes out is only compared with."""

    @cache
    def call(config: TrainConfig, stop: int = 2 * BATCHES) -> Result:
        learner = Learner(config, digits, CPU)
        assert len(train(learner, stop=stop)) == stop
        return result(learner)

    return call


@pytest.fixture(autouse=True)
def _pytorchs_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    """The native ones of a CPU cannot be captured, nor need they be."""
    monkeypatch.setattr(select, "native_or", lambda autograd, *rest: autograd)


def use_chunks_of(monkeypatch: pytest.MonkeyPatch, batches: int) -> None:
    monkeypatch.setattr(chunks, "MAX_BATCHES", batches)


def lr_of(step: int) -> float:
    """A learning rate of its own for each step, as a schedule gives."""
    return 0.05 / (step + 1)


def train(learner: Learner, start: int = 0, stop: int = 2 * BATCHES) -> list[tuple[int, int]]:
    """Train from one global batch to another, chunk by chunk; the chunks, as (start, stop)."""
    return drive(learner, start, stop, lr_of)


def assert_same(one: Any, other: Any) -> None:
    """Nested values are equal, tensors bit for bit."""
    if isinstance(one, torch.Tensor):
        assert torch.equal(one, other)
    elif isinstance(one, dict):
        assert one.keys() == other.keys()
        for key in one:
            assert_same(one[key], other[key])
    elif isinstance(one, list | tuple):
        for mine, theirs in zip(one, other, strict=True):
            assert_same(mine, theirs)
    else:
        assert one == other


def result(learner: Learner) -> Result:
    return learner.capture(), learner.read_back(0, BATCHES).result()


@pytest.mark.parametrize(
    "config",
    [
        config_of(),
        config_of(optimizer="momentum"),
        config_of("fast"),
        pytest.param(config_of(precision="bf16"), marks=pytest.mark.slow),
    ],
    ids=["tutorial", "momentum", "fast", "bf16"],
)
def test_captured_chunks_give_the_bits_of_single_steps(
    config: TrainConfig,
    digits: Dataset,
    one_by_one: Callable[..., Result],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    use_chunks_of(monkeypatch, 3)
    recorder = FakeGraphRecorder()
    learner = Learner(config, digits, CPU, recorder)
    taken = train(learner)
    assert taken[:4] == [(0, 3), (3, 6), (6, 9), (9, 11)]
    # Threes, recorded when met again; and the epoch's rest with its partial batch.
    assert (recorder.recordings, recorder.replays) == (2, 6)
    assert_same(result(learner), one_by_one(config))


@pytest.mark.slow
@pytest.mark.parametrize(
    "length", [1, 5, 24, *(pytest.param(length, marks=pytest.mark.slow) for length in (2, 11))]
)
def test_how_an_epoch_is_cut_into_chunks_changes_nothing(
    length: int,
    digits: Dataset,
    one_by_one: Callable[..., Result],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    use_chunks_of(monkeypatch, length)
    recorder = FakeGraphRecorder()
    learner = Learner(config_of(), digits, CPU, recorder)
    taken = train(learner)
    assert len(taken) == 2 * -(-BATCHES // length)
    assert recorder.replays > 0
    assert_same(result(learner), one_by_one(config_of()))


@pytest.mark.slow
@pytest.mark.parametrize("batches", [1, 8, 10, 15])
@pytest.mark.parametrize("optimizer", ["momentum", pytest.param("adamw", marks=pytest.mark.slow)])
def test_a_state_taken_anywhere_goes_on_in_chunks_to_the_same_bits(
    optimizer: str,
    batches: int,
    digits: Dataset,
    one_by_one: Callable[..., Result],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    use_chunks_of(monkeypatch, 4)
    config = config_of(optimizer=optimizer)
    before = Learner(config, digits, CPU)
    train(before, stop=batches)
    state = before.capture()  # before the next learner seeds the generators anew
    after = Learner(config, digits, CPU, FakeGraphRecorder())
    after.restore(state)
    taken = train(after, start=batches)
    # Batch by batch to where chunks begin, then as if it had never stopped.
    on_grid = [start for start, stop in taken if stop - start > 1]
    assert all(start % BATCHES % 4 == 0 for start in on_grid)
    assert_same(after.capture(), one_by_one(config)[0])


@pytest.mark.slow
def test_a_learner_with_captured_graphs_can_take_over_another_state(
    digits: Dataset,
    one_by_one: Callable[..., Result],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    use_chunks_of(monkeypatch, 4)
    config = config_of(optimizer="momentum")
    learner = Learner(config, digits, CPU, FakeGraphRecorder())
    beginning = learner.capture()
    train(learner)
    learner.restore(beginning)
    train(learner)
    assert_same(result(learner), one_by_one(config))


@pytest.mark.slow
def test_single_steps_and_chunks_follow_each_other_as_they_like(
    digits: Dataset,
    one_by_one: Callable[..., Result],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    use_chunks_of(monkeypatch, 2)
    learner = Learner(config_of(), digits, CPU, FakeGraphRecorder())
    for epoch in (0, 1):
        learner.open_epoch(epoch + 1)
        at = 0
        for count in (1, 2, 1, 1, 2, 2, 1, 1):
            first = epoch * BATCHES + at
            learner.train(at, [lr_of(step) for step in range(first, first + count)])
            at += count
    assert_same(result(learner), one_by_one(config_of()))


@pytest.mark.slow
@pytest.mark.parametrize("fails_at", [1, 2])
def test_a_capture_that_fails_is_a_warning_and_training_goes_on_by_single_steps(
    fails_at: int,
    digits: Dataset,
    one_by_one: Callable[..., Result],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    use_chunks_of(monkeypatch, 3)
    warnings: list[str] = []
    recorder = FakeGraphRecorder(fails_at)
    learner = Learner(config_of(), digits, CPU, recorder, warnings.append)
    taken = train(learner, stop=2 * BATCHES + 4)
    assert recorder.recordings == fails_at
    [warning] = warnings
    assert "(operation failed due to a previous error)" in warning
    assert [stop - start for start, stop in taken[-4:]] == [1, 1, 1, 1]
    assert_same(result(learner), one_by_one(config_of(), 2 * BATCHES + 4))


def test_work_that_waits_for_the_device_cannot_be_captured() -> None:
    with pytest.raises(CaptureError, match="not permitted"):
        FakeGraphRecorder()(lambda: print(torch.ones(()).item()))


def test_only_the_learning_rates_that_changed_are_written() -> None:
    rates = LearningRates(2, CPU, is_table=True)
    rates.write([0.1, 0.2])
    first, second = rates
    assert isinstance(first, torch.Tensor)
    rates.write((0.3, 0.4))
    assert (float(first), float(second)) == (0.3, 0.4)
    assert list(LearningRates(1, CPU, is_table=False)) == []
    plain = LearningRates(1, CPU, is_table=False)
    plain.write([0.1])
    assert list(plain) == [0.1]


@pytest.mark.parametrize(
    ("batch_size", "batches"), [(1, 24), (32, 24), (128, 16), (256, 8), (2048, 1), (60_000, 1)]
)
def test_a_chunk_is_as_long_as_its_time_allows(batch_size: int, batches: int) -> None:
    assert chunk_length(batch_size) == batches


@pytest.mark.parametrize(("samples", "chunks"), [(24 * 32, 3), (2048, 3), (4096, 1), (60_000, 1)])
def test_a_device_has_few_max_queued_and_fewer_of_large_ones(samples: int, chunks: int) -> None:
    assert max_queued(samples) == chunks


def test_a_learner_that_is_let_go_leaves_no_memory_behind(digits: Dataset) -> None:
    learner = Learner(config_of(), digits, CPU, FakeGraphRecorder())
    train(learner, stop=1)
    model = weakref.ref(learner.model)
    gc.disable()  # the digits and the weights should not wait for it
    try:
        del learner
        assert model() is None
    finally:
        gc.enable()


def test_nothing_is_captured_without_cuda() -> None:
    assert recorder_for(CPU) is None
    assert recorder_for(torch.device("mps")) is None


@pytest.mark.slow
def test_a_batch_larger_than_a_chunk_is_a_graph_of_its_own(
    digits: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "MAX_SAMPLES", 20)
    recorder = FakeGraphRecorder()
    config = config_of(batch_size=60)
    states = []
    for learner in (Learner(config, digits, CPU, recorder), Learner(config, digits, CPU)):
        torch.manual_seed(0)
        for epoch in (1, 2, 3):
            learner.open_epoch(epoch)
            done = list(learner.train_from(0, lambda batch: 0.05))
            assert done == list(range(1, learner.batches + 1))
        states.append(learner.capture())
    assert (recorder.recordings, recorder.replays) == (2, 4)
    assert_same(*states)
