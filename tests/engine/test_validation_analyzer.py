"""What a validation shows: confusion, mistakes, and the digits that are followed."""

import math
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from mnist_tui.config import recipe_config
from mnist_tui.data import read_mnist
from mnist_tui.engine.learner import Learner
from mnist_tui.engine.validation_analyzer import MISTAKES
from mnist_tui.inference.validation_pass import Evaluation
from mnist_tui.run.events import EpochFinished, RunPrepared, Warned
from mnist_tui.run.plan import ResumedRun
from mnist_tui.run.requests import Save, Stop
from mnist_tui.run.validation import ValidationResults
from mnist_tui.store.validation_file import read_validation
from tests.training_helpers import RecordedRun, few_config, resume, train

CPU = torch.device("cpu")


@pytest.fixture
def learner(few_digits: Path) -> Learner:
    return Learner(recipe_config(), read_mnist(few_digits), CPU)


def validated(
    learner: Learner, epoch: int = 1, before: ValidationResults | None = None
) -> ValidationResults:
    """What the learner's observer makes of a validation."""
    result = learner.validate(lambda batch: None)
    return learner.observer.after(before or ValidationResults(), epoch, result)


def test_every_mistake_is_in_the_confusion_and_the_worst_comes_first(learner: Learner) -> None:
    insight = validated(learner)
    assert insight.last is not None
    counts = Counter((mistake.label, mistake.predicted) for mistake in insight.mistakes)
    for (label, guess), count in counts.items():
        assert insight.last.confusion[label][guess] == count
    wrong = sum(map(sum, insight.last.confusion)) - sum(
        insight.last.confusion[digit][digit] for digit in range(10)
    )
    assert len(insight.mistakes) == wrong <= MISTAKES
    for specimens in (insight.mistakes, insight.least_confident):
        losses = [specimen.loss for specimen in specimens]
        assert losses == sorted(losses, reverse=True)
    assert all(mistake.predicted != mistake.label for mistake in insight.mistakes)
    assert all(specimen.is_right for specimen in insight.least_confident)


def test_a_specimen_is_the_digit_and_what_the_model_gave_to_it(
    learner: Learner, few_digits: Path
) -> None:
    validation = read_mnist(few_digits).validation
    for specimen in validated(learner).mistakes[:5]:
        image = validation.images[specimen.index]
        assert specimen.image == image.tobytes()
        assert specimen.label == validation.labels[specimen.index]
        learner.model.eval()
        pixels = torch.tensor(image).reshape(1, 1, 28, 28) / 255
        given = learner.model(pixels)[0].exp().detach()
        assert specimen.predicted == int(given.argmax())
        assert specimen.probability == pytest.approx(float(given.max()), abs=1e-5)
        assert specimen.label_probability == pytest.approx(float(given[specimen.label]), abs=1e-5)
        assert specimen.loss == pytest.approx(-math.log(specimen.label_probability), abs=1e-3)


def test_two_digits_of_each_class_are_followed_whatever_the_seed(few_digits: Path) -> None:
    digits = read_mnist(few_digits)
    first = Learner(recipe_config(seed=1), digits, CPU).observer.tracked
    assert first == Learner(recipe_config(seed=2), digits, CPU).observer.tracked
    assert [digit.label for digit in first] == sorted(2 * list(range(10)))


def test_the_followed_digits_have_the_probabilities_of_their_epoch(learner: Learner) -> None:
    insight = validated(learner)
    assert insight.last is not None
    learner.model.eval()
    for place, digit in enumerate(insight.tracked):
        pixels = torch.tensor(np.frombuffer(digit.image, np.uint8).copy()).reshape(1, 1, 28, 28)
        given = learner.model(pixels / 255)[0].exp().tolist()
        assert insight.last.probabilities(place) == pytest.approx(given, abs=1e-3)


def test_of_many_mistakes_some_of_every_kind_are_kept(learner: Learner, few_digits: Path) -> None:
    count = learner.validation_samples
    labels = read_mnist(few_digits).validation.labels
    given = np.full((count, 10), -5.0, np.float32)
    given[np.arange(count), (labels + 1 + np.arange(count) % 9) % 10] = -0.1
    result = Evaluation(1.0, 0.0, ((0,) * 10,) * 10, torch.from_numpy(given))
    kept = Counter(
        (mistake.label, mistake.predicted)
        for mistake in learner.observer.after(ValidationResults(), 1, result).mistakes
    )
    of_all = Counter(zip(labels.tolist(), given.argmax(axis=1).tolist(), strict=True))
    assert all(kept[pair] >= min(of_all[pair], 12) for pair in of_all)


def test_a_loss_that_is_no_number_is_the_worst(learner: Learner) -> None:
    result = learner.validate(lambda batch: None)
    result.log_probabilities[3] = torch.nan
    insight = learner.observer.after(ValidationResults(), 1, result)
    assert 3 in [
        specimen.index for specimen in (*insight.mistakes[:1], *insight.least_confident[:1])
    ]


def test_an_epoch_trained_again_replaces_what_was_known_of_it(learner: Learner) -> None:
    first = validated(learner, 1)
    second = validated(learner, 2, first)
    again = validated(learner, 2, second)
    assert [seen.epoch for seen in again.epochs] == [1, 2]


@pytest.mark.slow
def test_each_epoch_of_a_run_is_known_when_it_is_emitted(few_digits: Path, tmp_path: Path) -> None:
    known: list[int] = []

    def look(run: RecordedRun, event: object) -> None:
        if isinstance(event, EpochFinished):
            assert run.session.validation.last is not None
            known.append(run.session.validation.last.epoch)
            right = sum(run.session.validation.last.confusion[digit][digit] for digit in range(10))
            total = sum(map(sum, run.session.validation.last.confusion))
            assert right / total == event.row.val_accuracy

    run = train(few_config(few_digits, epochs=3), tmp_path, on_event=look)
    assert known == [1, 2, 3]
    assert read_validation(run.directory.validation) == _on_disk(run.session.validation)


@pytest.mark.slow
def test_a_resumed_run_knows_the_epochs_before(few_digits: Path, tmp_path: Path) -> None:
    def stop(run: RecordedRun, event: object) -> None:
        if isinstance(event, EpochFinished) and event.row.epoch == 2:
            run.session.request(Stop())

    whole = train(few_config(few_digits, epochs=4), tmp_path, "whole")
    train(few_config(few_digits, epochs=4), tmp_path, "cut", on_event=stop)
    resumed = resume(tmp_path, "cut")
    assert _on_disk(resumed.session.validation) == _on_disk(whole.session.validation)
    assert read_validation(resumed.directory.validation) == read_validation(
        whole.directory.validation
    )


@pytest.mark.slow
def test_a_run_resumed_from_an_earlier_checkpoint_forgets_what_came_after_it(
    few_digits: Path, tmp_path: Path
) -> None:
    def save(run: RecordedRun, event: object) -> None:
        if isinstance(event, EpochFinished) and event.row.epoch == 1:
            run.session.request(Save())

    def look(run: RecordedRun, event: object) -> None:
        if isinstance(event, RunPrepared):
            known.append(run.session.validation)

    known: list[ValidationResults] = []
    run = train(few_config(few_digits, epochs=3), tmp_path, on_event=save)
    assert [results.epoch for results in run.session.validation.epochs] == [1, 2, 3]
    [step] = run.directory.checkpoints.glob("step-*.pt")
    RecordedRun(ResumedRun(runs_dir=tmp_path, name="run", checkpoint=step.name), look).run()
    [before] = known
    assert [results.epoch for results in before.epochs] == [1]
    assert (before.mistakes, before.least_confident) == ((), ()), "they were of the third epoch"
    epochs = read_validation(run.directory.validation).epochs
    assert [results.epoch for results in epochs] == [1, 2, 3]


@pytest.mark.slow
def test_a_damaged_file_is_reported_and_replaced(few_digits: Path, tmp_path: Path) -> None:
    run = train(few_config(few_digits, epochs=1), tmp_path)
    run.directory.validation.write_bytes(b"no archive")
    resumed = resume(tmp_path, overrides={"epochs": 2})
    assert any("insight.npz cannot be read" in warned.message for warned in resumed.of(Warned))
    assert [seen.epoch for seen in read_validation(run.directory.validation).epochs] == [2]


def _on_disk(insight: ValidationResults) -> ValidationResults:
    """With numbers as coarse as those on disk."""

    def coarse(value: float) -> float:
        return float(np.float32(value))

    def specimens(name: str) -> tuple[object, ...]:
        return tuple(
            replace(
                specimen,
                probability=coarse(specimen.probability),
                label_probability=coarse(specimen.label_probability),
                loss=coarse(specimen.loss),
            )
            for specimen in getattr(insight, name)
        )

    return replace(
        insight, mistakes=specimens("mistakes"), least_confident=specimens("least_confident")
    )
