"""Grids of settings, and the names of their trials."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnist_tui.config import SETTINGS, TrainConfig
from mnist_tui.errors import ConfigError, UsageError
from mnist_tui.store.new_run import name_problem
from mnist_tui.sweep.grid import Grid, parse_values


def names(**values: tuple[Any, ...]) -> list[str]:
    return [trial.name for trial in Grid(values).trials()]


def test_everything_is_tried_once_before_anything_is_tried_again() -> None:
    assert names(seed=(0, 1), lr=(0.1, 0.001), epochs=(2,)) == [
        "lr=0.1,seed=0",
        "lr=0.001,seed=0",
        "lr=0.1,seed=1",
        "lr=0.001,seed=1",
    ]


def test_a_trial_is_trained_with_its_values_over_those_of_its_recipe() -> None:
    grid = Grid({"recipe": ("tutorial", "fast"), "seed": (7,), "lr": (0.5,)})
    tutorial, fast = (trial.config for trial in grid.trials())
    assert (tutorial.batch_size, tutorial.lr, tutorial.seed) == (32, 0.5, 7)
    assert (fast.batch_size, fast.lr, fast.seed) == (256, 0.5, 7)


def test_values_that_no_folder_can_be_named_after_have_names_that_tell_them_apart(
    tmp_path: Path,
) -> None:
    found = names(model=("a/net.py:Net", "b/net.py:Net", "mnist_net"), checkpoint_every_s=(0, 1))
    assert found[::2] == [
        "model=net.py-Net,checkpoint-every=0",
        "model=net.py-Net,checkpoint-every=0-2",
        "model=tutorial,checkpoint-every=0",
    ]
    assert not [name_problem(tmp_path, name) for name in found if name_problem(tmp_path, name)]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("0.1,x", "must be a number above 0, at most 1e\\+09, not 'x'"),
        ("0.1,0", "must be a number above 0"),
        ("0.1,,0.2", "empty value"),
        ("", "empty value"),
        ("0.1,0.10", "has 0.1 twice"),
    ],
)
def test_a_list_that_cannot_be_used_says_why(text: str, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem) as raised:
        parse_values("lr", text)
    assert raised.value.field == "lr"


def test_two_names_of_one_network_are_the_same_value_twice() -> None:
    with pytest.raises(ConfigError, match="tutorial twice"):
        parse_values("model", "tutorial,mnist_net")


def test_nothing_to_sweep_and_too_much_to_sweep_are_refused() -> None:
    with pytest.raises(UsageError, match="nothing has several values"):
        Grid({"lr": (0.1,), "seed": (1,)}).trials()
    with pytest.raises(UsageError, match="1,000,000 trials"):
        Grid({"epochs": tuple(range(1, 1001)), "seed": tuple(range(1000))}).trials()


EXAMPLES: dict[str, st.SearchStrategy[str]] = {
    "lr": st.floats(1e-9, 1e9).map(repr),
    "seed": st.integers(0, 2**32 - 1).map(str),
    "epochs": st.integers(1, 100_000).map(str),
    "optimizer": st.sampled_from(["sgd", "momentum", "adamw"]),
    "deterministic": st.sampled_from(["on", "off"]),
    "dataset": st.sampled_from(["mnist", "fashion", "/data/letters", "/more/letters", "a/b.npz"]),
    "model": st.sampled_from(["tutorial", "fast", "net.py:Net", "my.nets:make"]),
    "weight_decay": st.floats(0, 1).map(repr),
}


def spelled(field: str) -> Callable[[str], Any]:
    """What tells two texts of a setting's values apart."""
    return lambda text: parse_values(field, text)


@pytest.mark.slow
@given(
    st.dictionaries(st.sampled_from(sorted(EXAMPLES)), st.none(), min_size=1, max_size=3).flatmap(
        lambda fields: st.fixed_dictionaries(
            {
                name: st.lists(EXAMPLES[name], min_size=2, max_size=4, unique_by=spelled(name))
                for name in fields
            }
        )
    )
)
def test_any_grid_makes_trials_of_their_own_and_is_read_back(texts: dict[str, list[str]]) -> None:
    grid = Grid({name: parse_values(name, ",".join(listed)) for name, listed in texts.items()})
    trials = grid.trials()
    assert len({trial.name for trial in trials}) == len(trials) == grid.size
    assert len({json.dumps(trial.config.to_dict()) for trial in trials}) == len(trials)
    for trial in trials:
        for name, values in grid.values.items():
            assert getattr(trial.config, name) in values
        unswept = set(SETTINGS) - set(grid.values)
        assert all(getattr(trial.config, n) == getattr(TrainConfig(), n) for n in unswept)
    again = Grid.from_dict(json.loads(json.dumps(grid.to_dict())))
    assert again == grid
    assert again.trials() == trials
