"""Settings with several values each, and the trials that they make."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, Final, Self

from mnist_tui.config import SETTINGS, TrainConfig, recipe_config
from mnist_tui.errors import ConfigError, Remedy, UsageError
from mnist_tui.process.invocation import option_name

MOST: Final = 10_000
"""Trials of one sweep."""
SEED: Final = "seed"
"""The setting whose values are no competitors: trials that differ in it alone are one group."""
_LONGEST: Final = 80
"""Characters of a trial's name, before the number that tells it apart from another one."""
_NO_NAME: Final = re.compile(r"[^\w.+-]+")
"""What of a value cannot be in the name of a run."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One run of a sweep."""

    name: str
    """Of its run, below the sweep's folder: `lr=0.1,seed=0`."""
    config: TrainConfig
    """All that it is trained with."""


@dataclass(frozen=True)
class Grid:
    """The values of each setting that was given, by TrainConfig's names and in its order."""

    values: Mapping[str, tuple[Any, ...]]

    def __post_init__(self) -> None:
        ordered = {field: tuple(self.values[field]) for field in SETTINGS if field in self.values}
        object.__setattr__(self, "values", ordered)

    @property
    def swept(self) -> tuple[str, ...]:
        """The settings that have several values."""
        return tuple(field for field, values in self.values.items() if len(values) > 1)

    @property
    def size(self) -> int:
        """How many trials it makes."""
        return math.prod(map(len, self.values.values()))

    def trials(self) -> tuple[Trial, ...]:
        """Every combination, in the order in which they are to be trained.

        The seed changes last: everything is tried once before anything is tried again.

        Raises:
            ConfigError: When a value cannot be used.
            UsageError: When there is nothing to be swept, or too much.
        """
        if not self.swept:
            raise UsageError(
                "nothing has several values; write some with commas between them",
                Remedy(settings={"lr": "0.1,0.01", SEED: "0,1,2"}),
            )
        if self.size > MOST:
            raise UsageError(f"these are {self.size:,} trials, and {MOST:,} are the most: fewer")
        order = sorted(self.values, key=lambda field: field != SEED)
        names: set[str] = set()
        trials = []
        for combination in product(*(self.values[field] for field in order)):
            chosen = dict(zip(order, combination, strict=True))
            name = _unlike(_name({field: chosen[field] for field in self.swept}), names)
            names.add(name)
            given = {field: value for field, value in chosen.items() if field != "recipe"}
            config = recipe_config(chosen.get("recipe", "tutorial"), **given)
            trials.append(Trial(name=name, config=config))
        return tuple(trials)

    def to_dict(self) -> dict[str, list[Any]]:
        """What `from_dict` reads, as plain values."""
        return {field: list(values) for field, values in self.values.items()}

    @classmethod
    def from_dict(cls, values: Mapping[str, list[Any]]) -> Self:
        """Read what `to_dict` gave."""
        return cls({field: tuple(listed) for field, listed in values.items()})


def parse_values(field: str, text: str) -> tuple[Any, ...]:
    """The values of one setting, as they are typed: `0.1,0.01`.

    Args:
        text: The values, with commas between them.

    Raises:
        ConfigError: When one of them cannot be used, or is there twice.
    """
    rule = SETTINGS[field].rule
    values: list[Any] = []
    for part in map(str.strip, text.split(",")):
        if not part:
            raise ConfigError(field, "has an empty value: write one between two commas")
        value = rule.parse(part)
        problem = rule.problem(value)
        if problem is not None:
            raise ConfigError(field, problem)
        if value in values:
            raise ConfigError(field, f"has {rule.spell(value)} twice")
        values.append(value)
    return tuple(values)


def _name(chosen: Mapping[str, Any]) -> str:
    """The name of the trial with these values."""
    parts = []
    for field, value in chosen.items():
        option = option_name(field).removeprefix("--")
        spelled = Path(SETTINGS[field].rule.spell(value)).name
        parts.append(f"{option}={_NO_NAME.sub('-', spelled)}")
    return ",".join(parts)[:_LONGEST]


def _unlike(name: str, others: set[str]) -> str:
    """The name, with a number where another trial has it."""
    number, unlike = 1, name
    while unlike in others:
        number += 1
        unlike = f"{name}-{number}"
    return unlike
