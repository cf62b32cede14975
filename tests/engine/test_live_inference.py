"""Asking a run what it makes of images, while it trains and after."""

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from mnist_tui.config import recipe_config
from mnist_tui.data import read_mnist
from mnist_tui.engine.learner import Learner
from mnist_tui.engine.runner import TrainingRunner
from mnist_tui.errors import CheckpointError, TrainingError
from mnist_tui.inference.checkpoint_predictor import CheckpointPredictor
from mnist_tui.run.events import EpochFinished, StateChanged
from mnist_tui.run.inference import InferenceFuture, InferenceRequest, InferenceResult
from mnist_tui.run.plan import NewRun
from mnist_tui.run.requests import Infer, Pause, Resume, Stop
from mnist_tui.run.state import State
from mnist_tui.store.checkpoint import read_checkpoint
from mnist_tui.store.directory import RunDirectory
from tests.training_helpers import RecordedRun, few_config, train

LIMIT_S = 60.0
IMAGES = np.random.default_rng(0).integers(0, 256, (3, 28, 28), np.uint8).tobytes()
QUESTION = InferenceRequest(images=IMAGES, looks_inside=True)


def test_a_request_has_whole_images() -> None:
    for images in (b"", b"x" * 783):
        with pytest.raises(ValueError, match="are not images"):
            InferenceRequest(images=images)


class Curious:
    """Asks at every event of a run, in the middle of epochs and validations too."""

    def __init__(self) -> None:
        self.replies: list[InferenceFuture] = []

    def __call__(self, run: RecordedRun, event: object) -> None:
        for _ in range(10):
            reply = InferenceFuture()
            if run.session.request(Infer(QUESTION, reply)).is_accepted:
                self.replies.append(reply)


@pytest.mark.slow
@pytest.mark.parametrize("recipe", ["tutorial", "fast"])
def test_a_run_that_answers_requests_ends_with_the_same_bits(
    recipe: str, few_digits: Path, tmp_path: Path
) -> None:
    config = few_config(few_digits, epochs=3, recipe=recipe)
    curious = Curious()
    asked = train(config, tmp_path, "asked", on_event=curious)
    left_alone = train(config, tmp_path, "left-alone")
    first, second = (read_checkpoint(run.directory.last) for run in (asked, left_alone))
    assert all(torch.equal(first.model[name], second.model[name]) for name in second.model)
    assert all(torch.equal(first.rng[name], second.rng[name]) for name in second.rng)
    answered = [reply for reply in curious.replies if not reply.cancelled()]
    assert len(answered) >= 20
    for reply in answered:
        reading = reply.result(LIMIT_S)
        assert len(reading.probabilities) == 3
        assert all(sum(row) == pytest.approx(1.0, abs=1e-4) for row in reading.probabilities)


@pytest.mark.slow
def test_nobody_is_left_waiting_at_the_end_of_a_run(few_digits: Path, tmp_path: Path) -> None:
    curious = Curious()
    train(few_config(few_digits), tmp_path, on_event=curious)
    assert curious.replies
    assert all(reply.done() for reply in curious.replies)


def test_a_paused_run_answers(few_digits: Path, tmp_path: Path) -> None:
    paused = threading.Event()
    runner = TrainingRunner(NewRun(config=few_config(few_digits), runs_dir=tmp_path, name="a"))

    def listen(event: object) -> None:
        if isinstance(event, EpochFinished) and event.row.epoch == 1:
            runner.session.request(Pause())
        if isinstance(event, StateChanged) and event.state is State.PAUSED:
            paused.set()

    runner.session.subscribe(listen)
    thread = threading.Thread(target=runner.run)
    thread.start()
    try:
        assert paused.wait(LIMIT_S)
        first = runner.ask(QUESTION).result(LIMIT_S)
        again = runner.ask(QUESTION).result(LIMIT_S)
        assert first == again
        assert (first.epoch, first.batch) == (2, runner.session.progress.batch)
        assert runner.session.state is State.PAUSED
    finally:
        runner.session.request(Resume())
        runner.session.request(Stop())
        thread.join(LIMIT_S)
    after = runner.ask(QUESTION).result(LIMIT_S)
    assert isinstance(after, InferenceResult)


def test_before_there_is_a_model_nobody_answers() -> None:
    reply = TrainingRunner(NewRun()).ask(QUESTION)
    with pytest.raises(TrainingError, match="cannot ask the model: the run has not started"):
        reply.result(0)


@pytest.mark.slow
def test_the_checkpoint_of_a_run_that_is_over_answers_as_the_run_would(
    few_digits: Path, tmp_path: Path
) -> None:
    run = train(few_config(few_digits), tmp_path)
    learner = Learner(run.runner.plan.config, read_mnist(few_digits), torch.device("cpu"))
    checkpoint = read_checkpoint(run.directory.last)
    learner.model.load_state_dict(checkpoint.model)
    probabilities, inside = learner.read_images(QUESTION)
    found = run.runner.ask(QUESTION).result(LIMIT_S)
    assert (found.inside, found.epoch, found.batch) == (inside, checkpoint.epoch, checkpoint.batch)
    # Where native kernels train, a weight lies in another order: the last bits may differ.
    for mine, its in zip(found.probabilities, probabilities, strict=True):
        assert mine == pytest.approx(its, rel=1e-5)


@pytest.mark.slow
def test_a_checkpoint_is_read_again_when_it_has_changed(few_digits: Path, tmp_path: Path) -> None:
    first = train(few_config(few_digits, epochs=1), tmp_path, "first")
    second = train(few_config(few_digits, epochs=2), tmp_path, "second")
    reader = CheckpointPredictor(first.directory)
    before = reader.ask(QUESTION).result(LIMIT_S)
    first.directory.last.write_bytes(second.directory.last.read_bytes())
    after = reader.ask(QUESTION).result(LIMIT_S)
    assert (before.epoch, after.epoch) == (2, 3)
    assert before.probabilities != after.probabilities


def test_where_no_checkpoint_can_be_read_the_answer_says_so(tmp_path: Path) -> None:
    directory = RunDirectory(tmp_path / "a")
    directory.checkpoints.mkdir(parents=True)
    reader = CheckpointPredictor(directory)
    with pytest.raises(CheckpointError, match="a has no checkpoint to ask"):
        reader.ask(QUESTION).result(LIMIT_S)
    directory.last.write_bytes(b"broken")
    with pytest.raises(CheckpointError, match="is not a checkpoint"):
        reader.ask(QUESTION).result(LIMIT_S)


@pytest.mark.parametrize(
    ("recipe", "filters", "maps"),
    [("tutorial", (32, 3, 3), (32, 26, 26)), ("fast", (16, 6, 6), (16, 12, 12))],
)
def test_the_first_layer_is_shown_with_what_it_makes_of_the_first_image(
    recipe: str, filters: tuple[int, ...], maps: tuple[int, ...], few_digits: Path
) -> None:
    learner = Learner(recipe_config(recipe), read_mnist(few_digits), torch.device("cpu"))
    was_training = learner.model.training
    _, inside = learner.read_images(QUESTION)
    assert learner.model.training is was_training
    assert inside is not None
    assert (inside.filter_shape, inside.map_shape) == (filters, maps)
    shown = np.frombuffer(inside.filters, np.uint8).reshape(filters).astype(int)
    weights = learner.model.conv1.weight.detach()[:, 0].numpy()
    assert np.array_equal(
        shown > 128, weights > 0.5 / 127 * abs(weights).max((1, 2))[:, None, None]
    )
    responses = np.frombuffer(inside.maps, np.uint8)
    assert len(responses) == np.prod(maps)
    assert responses.max() == 255
    _, nothing = learner.read_images(InferenceRequest(images=IMAGES))
    assert nothing is None


@pytest.mark.slow
def test_a_request_that_fails_fails_alone(
    few_digits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> Any:
        raise RuntimeError("no room")

    monkeypatch.setattr(Learner, "read_images", fail)
    curious = Curious()
    run = train(few_config(few_digits), tmp_path, on_event=curious)
    assert run.ended.state is State.FINISHED
    failed = [reply for reply in curious.replies if not reply.cancelled()]
    assert failed
    for reply in failed:
        assert isinstance(reply.exception(0), TrainingError)


@pytest.mark.slow
def test_a_cancelled_request_is_left_out(
    few_digits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[InferenceRequest] = []
    read = Learner.read_images

    def counted(learner: Learner, request: InferenceRequest) -> Any:
        reads.append(request)
        return read(learner, request)

    monkeypatch.setattr(Learner, "read_images", counted)
    cancelled, kept = Infer(QUESTION), Infer(QUESTION)

    def request_both(run: RecordedRun, event: object) -> None:
        if isinstance(event, EpochFinished) and event.row.epoch == 1:
            assert run.session.request(cancelled).is_accepted
            assert run.session.request(kept).is_accepted
            assert cancelled.future.cancel()

    run = train(few_config(few_digits), tmp_path, on_event=request_both)
    assert run.ended.state is State.FINISHED
    assert len(reads) == 1
    assert kept.future.result(0).epoch == 2


def test_weights_that_are_no_numbers_are_no_answer(few_digits: Path) -> None:
    learner = Learner(few_config(few_digits), read_mnist(few_digits), torch.device("cpu"))
    with torch.no_grad():
        learner.model.fc2.bias.fill_(float("nan"))
    with pytest.raises(TrainingError, match="not numbers"):
        learner.read_images(QUESTION)


@pytest.mark.slow
def test_whatever_is_wrong_with_a_checkpoint_is_described_in_words(
    few_digits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = CheckpointPredictor(train(few_config(few_digits), tmp_path).directory)

    def broken(*args: object) -> None:
        raise RuntimeError("no memory left")

    monkeypatch.setattr("mnist_tui.inference.forward.read_images", broken)
    with pytest.raises(CheckpointError, match="no memory left"):
        reader.ask(QUESTION).result(LIMIT_S)
