"""Settings are checked when they are made."""

from dataclasses import fields

import pytest

from mnist_tui.config import RECIPES, SETTINGS, TrainConfig, find_difference, recipe_config
from mnist_tui.errors import ConfigError


def test_the_defaults_are_the_tutorials_recipe() -> None:
    config = recipe_config("tutorial")
    assert config == TrainConfig()
    assert (config.epochs, config.batch_size, config.lr, config.seed) == (19, 32, 0.01, 0)
    assert (config.optimizer, config.schedule, config.deterministic) == ("sgd", "constant", True)


def test_every_field_is_declared_with_a_rule_and_a_sentence() -> None:
    assert [field.name for field in fields(TrainConfig)] == list(SETTINGS)
    assert all(setting.rule and setting.help and setting.label for setting in SETTINGS.values())


def test_configs_of_different_runs_differ_in_a_setting_that_no_run_changes() -> None:
    assert find_difference(TrainConfig(), TrainConfig(epochs=3, device="cpu")) is None
    assert (
        find_difference(TrainConfig(lr=0.1), TrainConfig()) == "its learning rate is 0.1, not 0.01"
    )


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_recipe_can_be_made_and_read_back(recipe: str) -> None:
    config = recipe_config(recipe)
    assert TrainConfig.from_dict(config.to_dict()) == config


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("batch_size", 0),
        ("batch_size", -1),
        ("batch_size", 10_000_000),
        ("batch_size", 1.5),
        ("batch_size", True),
        ("epochs", 0),
        ("lr", 0.0),
        ("lr", -0.1),
        ("lr", float("nan")),
        ("lr", float("inf")),
        ("recipe", "cooking"),
        ("dataset", "imagenet"),
        ("device", "tpu"),
        ("device", "cuda:"),
        ("precision", "fp8"),
        ("seed", -1),
        ("checkpoint_every_s", -1.0),
        ("deterministic", "yes"),
        ("data_dir", 3),
    ],
)
def test_a_value_that_cannot_be_trained_with_is_named(field: str, value: object) -> None:
    with pytest.raises(ConfigError) as caught:
        TrainConfig(**{field: value})
    assert caught.value.field == field
    assert "\n" not in str(caught.value)
    assert str(value) in str(caught.value)


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        ("epochs", "3", 3),
        ("lr", "1e-3", 0.001),
        ("lr", "1e6", 1e6),
        ("deterministic", "off", False),
        ("data_dir", "", None),
        ("device", "cuda:1", "cuda:1"),
    ],
)
def test_what_a_person_types_becomes_a_value(field: str, text: str, value: object) -> None:
    parsed = SETTINGS[field].rule.parse(text)
    assert parsed == value
    assert SETTINGS[field].rule.problem(parsed) is None


@pytest.mark.parametrize(("field", "text"), [("epochs", "many"), ("lr", "fast"), ("epochs", "1.5")])
def test_what_is_no_number_is_named_as_it_was_typed(field: str, text: str) -> None:
    problem = SETTINGS[field].rule.problem(SETTINGS[field].rule.parse(text))
    assert problem is not None
    assert text in problem


def test_keys_of_a_newer_version_are_left_out() -> None:
    assert TrainConfig.from_dict({"epochs": 3, "flux": 88}) == TrainConfig(epochs=3)
