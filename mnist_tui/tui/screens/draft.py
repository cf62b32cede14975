"""The settings form without its looks: what is typed, what is wrong with it, what it means."""

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from typing import Any, Final

from mnist_tui.config import RECIPE_FIELDS, RULES, Choice, TrainConfig, recipe_values
from mnist_tui.run.plan import NewRun, ResumedRun, RunPlan
from mnist_tui.run.requests import Adjust
from mnist_tui.store.directory import name_problem


@dataclass(frozen=True)
class Field:
    """One line of the form."""

    name: str
    """TrainConfig's name of it, or `name` for the run's own."""
    label: str
    hint: str = ""
    """What a person may want to know of it before typing."""

    @property
    def options(self) -> tuple[str, ...]:
        """What there is to choose from; empty where one types."""
        rule = RULES.get(self.name)
        return rule.options if isinstance(rule, Choice) else ()


FIELDS: Final = (
    Field("recipe", "recipe", "fills in its values below"),
    Field("dataset", "dataset", "sample: 5,000 of MNIST's digits"),
    Field("epochs", "epochs", "passes over the digits"),
    Field("batch_size", "batch size", "digits per step"),
    Field("optimizer", "optimizer"),
    Field("lr", "learning rate"),
    Field("schedule", "schedule"),
    Field("seed", "seed"),
    Field("device", "device", "auto, cpu, cuda, cuda:1, mps"),
    Field("precision", "precision", "auto: tf32 on newer GPUs, else fp32"),
    Field("checkpoint_every_s", "save every", "seconds; 0: at epochs' ends only"),
    Field("name", "name", "empty: date, time and recipe"),
)
"""The form from top to bottom."""

LIVE: Final = ("epochs", "lr", "checkpoint_every_s")
"""What can change safely in the middle of a run."""

RISKY_FACTOR: Final = 10.0
"""A learning rate that many times as high is worth a second look."""

_SHOWN: Final = frozenset(field.name for field in FIELDS)


class Draft:
    """A plan as somebody is changing it. What is left alone stays exactly as it was."""

    def __init__(
        self, plan: RunPlan, *, live_lr: float | None = None, open_epoch: int | None = None
    ) -> None:
        """Begin with `plan`.

        Args:
            plan: Of the next run, or of the live one.
            live_lr: The learning rate in force in a live run.
            open_epoch: Where a live run is; None: the next run's settings, all to be changed.
        """
        self._plan = plan
        self._open_epoch = open_epoch
        values: dict[str, Any] = {**plan.config.to_dict(), "name": plan.name}
        if live_lr is not None:
            values["lr"] = live_lr
        self._values = values
        """What untouched texts stand for, and the fields that the form does not show."""
        self._untouched = {name: to_text(value) for name, value in values.items()}
        self.texts: dict[str, str] = {name: self._untouched[name] for name in _SHOWN}
        """What each field says now."""

    @property
    def is_live(self) -> bool:
        """Whether this is about a run that goes on."""
        return self._open_epoch is not None

    def is_open(self, name: str) -> bool:
        """Whether the field can be changed."""
        return not self.is_live or name in LIVE

    def write(self, name: str, text: str) -> None:
        """Type `text` into a field; a recipe fills in all that it lays down."""
        self.texts[name] = text
        if name == "recipe":
            for field, value in recipe_values(text).items():
                self._values[field] = value
                self._untouched[field] = to_text(value)
                if field in _SHOWN:
                    self.texts[field] = to_text(value)

    def value(self, name: str) -> Any:
        """What the field stands for, be it possible or not."""
        text = self.texts.get(name)
        if text is None or text == self._untouched[name]:
            return self._values[name]
        return text.strip() or None if name == "name" else RULES[name].parse(text.strip())

    def problem(self, name: str) -> str | None:
        """What the field should be instead, in few words; None when it can stay."""
        value = self.value(name)
        if name == "name":
            is_old = self.is_live or isinstance(self._plan, ResumedRun)
            return None if value is None or is_old else name_problem(self._plan.runs_dir, value)
        if RULES[name].problem(value) is not None:
            return RULES[name].wants
        if name == "epochs" and value < (self._open_epoch or 1):
            return f"at least {self._open_epoch}, the open epoch"
        return None

    def caution(self, name: str) -> str | None:
        """What is possible but seldom meant, in few words; None when there is nothing to say."""
        if name != "lr" or not self.is_live or self.problem(name) is not None:
            return None
        factor = self.value(name) / self._values[name]
        return f"{factor:,.4g} times as high: it may blow up" if factor >= RISKY_FACTOR else None

    @property
    def has_problems(self) -> bool:
        """Whether any field cannot stay so."""
        return any(self.problem(name) for name in _SHOWN)

    @property
    def recipe(self) -> str:
        """The recipe that the fields are compared with."""
        return self.texts["recipe"]

    def differences(self) -> Mapping[str, Any]:
        """The recipe's own values of all fields that differ from it."""
        own = recipe_values(self.recipe)
        return {name: own[name] for name in RECIPE_FIELDS if self._set_to(name) != own[name]}

    def _set_to(self, name: str) -> Any:
        """As `value`; a rate that moves by itself stands for the peak it was set to."""
        moves = name == "lr" and self.is_live and self._plan.config.schedule != "constant"
        if moves and self.texts[name] == self._untouched[name]:
            return self._plan.config.lr
        return self.value(name)

    def meaning(self) -> str:
        """What the differences mean for whoever wants to compare results, in one line."""
        recipe, different = f"the {self.recipe} recipe", set(self.differences())
        sample = " on the sample, not comparable with MNIST" if self._is_sample else ""
        if not different:
            return f"{recipe}, unchanged{sample}"
        hidden = different - _SHOWN
        also = f" ({', '.join(sorted(hidden))} differ too)" if hidden else ""
        if different == {"seed"}:
            return f"{recipe} with other random numbers{sample}"
        if different <= {"seed", "epochs"} and self.value("schedule") == "constant":
            return f"{recipe}, longer or shorter: comparable epoch by epoch{sample}"
        return f"no longer {recipe}: its figures can't be compared{also}"

    @property
    def _is_sample(self) -> bool:
        return self.texts["dataset"] == "sample"

    def snapshot(self) -> "Draft":
        """The draft as it is now: what is typed after that does not reach it."""
        twin = copy(self)
        twin.texts, twin._values = dict(self.texts), dict(self._values)
        twin._untouched = dict(self._untouched)
        return twin

    def plan(self) -> RunPlan:
        """The plan as it is now; the same object when nothing was changed.

        Raises:
            ConfigError: When there are problems.
        """
        known = self._plan.config.to_dict()
        config = TrainConfig(**{name: self.value(name) for name in known})
        name = self.value("name")
        if config == self._plan.config and name == self._plan.name:
            return self._plan
        return NewRun(config=config, runs_dir=self._plan.runs_dir, name=name)

    def adjustment(self) -> Adjust | None:
        """What to ask of the live run; None when nothing was changed."""
        changed = {
            name: self.value(name) for name in LIVE if self.value(name) != self._values[name]
        }
        return Adjust(**changed) if changed else None


def to_text(value: object) -> str:
    """A value as one would type it: every digit of a number, and nothing for None."""
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    return "" if value is None else str(value)
