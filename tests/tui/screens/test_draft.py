"""The settings form without its widgets."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mnist_tui.config import TrainConfig, recipe_config
from mnist_tui.run.plan import NewRun
from mnist_tui.run.requests import Adjust
from mnist_tui.tui.screens.draft import FIELDS, Draft, to_text


def draft(**config: object) -> Draft:
    return Draft(NewRun(config=recipe_config(**config)))  # type: ignore[arg-type]


def test_a_form_that_was_left_alone_gives_the_same_plan() -> None:
    plan = NewRun(config=TrainConfig(lr=0.1 + 0.2, beta1=0.7, data_dir="somewhere"), name="a")
    assert Draft(plan).plan() is plan


@pytest.mark.parametrize("value", [0.01, 10.0, 1e-05, 0.1 + 0.2, 1 / 3])
def test_numbers_are_shown_with_every_digit(value: float) -> None:
    assert float(to_text("lr", value)) == value


def test_a_learning_rate_many_times_as_high_gets_a_warning_in_a_live_run() -> None:
    form = Draft(NewRun(config=TrainConfig()), live_lr=0.01, open_epoch=2)
    for text, caution in (
        ("0.02", None),
        ("4", "400 times as high: the loss may explode"),
        ("x", None),
    ):
        form.write("lr", text)
        assert form.caution("lr") == caution
    first = draft()
    first.write("lr", "4")
    assert first.caution("lr") is None


def test_only_what_was_typed_changes() -> None:
    form = draft()
    form.write("lr", " 0.05")
    form.write("epochs", "3")
    form.write("name", "mine")
    plan = form.plan()
    assert plan == NewRun(config=TrainConfig(lr=0.05, epochs=3), name="mine")


def test_choosing_a_recipe_fills_in_all_that_it_lays_down_and_nothing_else() -> None:
    form = draft(device="cpu", dataset="sample", checkpoint_every_s=5.0, lr=0.5)
    form.write("recipe", "fast")
    assert form.texts["optimizer"] == "adamw"
    expected = recipe_config("fast", device="cpu", dataset="sample", checkpoint_every_s=5.0)
    assert form.plan().config == expected
    form.write("recipe", "tutorial")
    expected = replace(TrainConfig(), device="cpu", dataset="sample", checkpoint_every_s=5.0)
    assert form.plan().config == expected


@pytest.mark.parametrize(
    ("field", "text", "reason"),
    [
        ("epochs", "0", "whole number from 1"),
        ("epochs", "2.5", "whole number"),
        ("epochs", "", "whole number"),
        ("batch_size", "x", "whole number from 1 to 60000"),
        ("lr", "-1", "above 0"),
        ("lr", "nan", "above 0"),
        ("seed", "-1", "from 0"),
        ("device", "gpu", "auto, cpu, cuda"),
        ("checkpoint_every_s", "-1", "from 0 to 86400"),
        ("name", "a/b", "folder's name"),
    ],
)
def test_wrong_values_are_explained(field: str, text: str, reason: str) -> None:
    form = draft()
    assert form.first_wrong is None
    form.write(field, text)
    assert reason in (form.problem(field) or "")
    assert form.first_wrong is not None


def test_a_name_that_is_taken_is_explained(tmp_path: Path) -> None:
    (tmp_path / "old" / "checkpoints").mkdir(parents=True)
    form = Draft(NewRun(runs_dir=tmp_path))
    form.write("name", "old")
    assert "old is already in" in (form.problem("name") or "")
    form.write("name", "new")
    assert form.problem("name") is None


@pytest.mark.parametrize(
    ("changes", "meaning"),
    [
        ({}, "'tutorial', unchanged."),
        ({"device": "cpu", "checkpoint_every_s": "3"}, "'tutorial', unchanged."),
        ({"dataset": "sample"}, "'tutorial', unchanged, on the 5,000-digit sample."),
        ({"dataset": "fashion"}, "'tutorial', unchanged, on fashion."),
        ({"dataset": "/data/shapes"}, "'tutorial', unchanged, on shapes."),
        ({"seed": "7"}, "'tutorial' with another seed."),
        ({"epochs": "3"}, "'tutorial' with another number of epochs."),
        ({"epochs": "3", "seed": "7"}, "'tutorial' with another number of epochs and another seed"),
        ({"lr": "0.1"}, "Not the 'tutorial' recipe any more: don't compare the results"),
        ({"recipe": "fast"}, "'fast', unchanged."),
        ({"recipe": "fast", "epochs": "3"}, "Not the 'fast' recipe any more"),
    ],
)
def test_one_line_says_what_differences_from_the_recipe_mean(
    changes: dict[str, str], meaning: str
) -> None:
    form = draft()
    for field, text in changes.items():
        form.write(field, text)
    assert meaning in form.meaning()


def test_differences_that_the_form_does_not_show_are_named_too() -> None:
    assert "beta1" in draft(lr=0.1, beta1=0.5).meaning()
    assert draft(lr=0.1).differences() == {"lr": 0.01}


def test_in_a_live_run_only_what_can_change_safely_is_open() -> None:
    form = Draft(NewRun(), live_lr=0.005, open_epoch=4)
    assert [field.name for field in FIELDS if form.is_open(field.name)] == [
        *("epochs", "lr", "checkpoint_every_s")
    ]
    assert form.adjustment() is None
    assert form.texts["lr"] == "0.005"
    form.write("epochs", "3")
    assert "at least 4 (the current epoch)" in (form.problem("epochs") or "")
    form.write("epochs", "25")
    form.write("checkpoint_every_s", "60")
    assert form.adjustment() == Adjust(epochs=25, checkpoint_every_s=60.0)


def test_a_learning_rate_that_moves_with_the_schedule_is_no_difference_from_the_recipe() -> None:
    fast = NewRun(config=recipe_config("fast"))
    form = Draft(fast, live_lr=0.0031, open_epoch=1)
    assert not form.differences()
    form.write("lr", "0.002")
    assert form.differences() == {"lr": 0.01}


def test_a_live_learning_rate_has_four_digits_and_stays_exact_while_it_is_left_alone() -> None:
    lr = 0.00019545260862094147
    form = Draft(NewRun(config=recipe_config("fast")), live_lr=lr, open_epoch=1)
    assert form.texts["lr"] == "0.0001955"
    assert form.value("lr") == lr
    assert form.adjustment() is None
    form.write("lr", "0.0002")
    assert form.adjustment() == Adjust(lr=0.0002)


@pytest.mark.parametrize(
    ("where", "caution"),
    [
        ({"open_epoch": 2}, "one-cycle: the learning rate jumps"),
        ({"can_resume": True}, "if resumed, the learning rate jumps"),
        ({}, None),
    ],
)
def test_a_schedule_over_more_epochs_gets_a_warning_where_it_has_begun(
    where: dict[str, Any], caution: str | None
) -> None:
    form = Draft(NewRun(config=recipe_config("fast", epochs=3)), **where)
    assert form.caution("epochs") is None
    form.write("epochs", "5")
    assert form.caution("epochs") == caution
    constant = Draft(NewRun(config=recipe_config(epochs=3)), **where)
    constant.write("epochs", "5")
    assert constant.caution("epochs") is None


def test_a_dataset_is_a_name_that_is_completed_or_a_path() -> None:
    form = draft()
    assert "emnist-letters" in form.suggestions("dataset")
    form.write("dataset", "fashoin")
    assert "or the path of a folder" in (form.problem("dataset") or "")
    form.write("dataset", "./shapes")
    assert form.problem("dataset") is None
    assert form.plan().config.dataset == str(Path("shapes").absolute())
