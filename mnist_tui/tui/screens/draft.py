"""The settings form without its looks: what is typed, what is wrong with it, what it means."""

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, Final

from mnist_tui import formatting
from mnist_tui.config import SETTINGS, Group, TrainConfig, recipe_values
from mnist_tui.rules import DatasetName, Network
from mnist_tui.run.plan import NewRun, ResumedRun, RunPlan
from mnist_tui.run.requests import Adjust
from mnist_tui.store.new_run import name_problem
from mnist_tui.store.used_models import used_names


@dataclass(frozen=True)
class Field:
    """One line of the form."""

    name: str
    """TrainConfig's name of it, or `name` for the run's own."""
    label: str
    hint: str
    """What the user may want to know before typing."""
    options: tuple[str, ...] = ()
    """What there is to choose from; empty where one types."""


FIELDS: Final = (
    *(
        Field(name, setting.label, setting.hint, getattr(setting.rule, "options", ()))
        for name, setting in SETTINGS.items()
        if setting.group is Group.BASIC
    ),
    Field("name", "name", "empty: date, time and recipe"),
)
"""The form from top to bottom."""

RISKY_FACTOR: Final = 10.0
"""A learning rate that many times as high gets a warning."""

_SHOWN: Final = frozenset(field.name for field in FIELDS)


class Draft:
    """A plan that is being edited. What is left alone stays exactly as it was."""

    def __init__(
        self,
        plan: RunPlan,
        *,
        live_lr: float | None = None,
        open_epoch: int | None = None,
        can_resume: bool = False,
    ) -> None:
        """Begin with `plan`.

        Args:
            plan: Of the next run, or of the live one.
            live_lr: The learning rate in force in a live run.
            open_epoch: Where a live run is; None: the next run's settings, all to be changed.
            can_resume: Whether a run of these settings has ended that may be resumed with others.
        """
        self._can_resume = can_resume
        self._plan = plan
        self._open_epoch = open_epoch
        values: dict[str, Any] = {**plan.config.to_dict(), "name": plan.name}
        if live_lr is not None:
            values["lr"] = live_lr
        self._values = values
        """What untouched texts stand for, and the fields that the form does not show."""
        self._untouched = {name: to_text(name, value) for name, value in values.items()}
        self._used = used_names()
        """The networks of their own that the user has trained, the newest first."""
        if live_lr is not None:
            # A schedule's rate has digits that say nothing; untouched, it stays exact all the same.
            self._untouched["lr"] = formatting.learning_rate(live_lr)
        self.texts: dict[str, str] = {name: self._untouched[name] for name in _SHOWN}
        """What each field says now."""

    @property
    def is_live(self) -> bool:
        """Whether it belongs to a run that is going on."""
        return self._open_epoch is not None

    def is_open(self, name: str) -> bool:
        """Whether the field can be changed."""
        return not self.is_live or (name in SETTINGS and SETTINGS[name].is_live)

    def write(self, name: str, text: str) -> None:
        """Type `text` into a field; a recipe fills in all that it lays down."""
        self.texts[name] = text
        if name == "recipe":
            for field, value in recipe_values(text).items():
                self._values[field] = value
                self._untouched[field] = to_text(field, value)
                if field in _SHOWN:
                    self.texts[field] = to_text(field, value)

    def value(self, name: str) -> Any:
        """The field's value, whether it can be used or not."""
        text = self.texts.get(name)
        if text is None or text == self._untouched[name]:
            return self._values[name]
        return text.strip() or None if name == "name" else SETTINGS[name].rule.parse(text.strip())

    def problem(self, name: str) -> str | None:
        """What the field should be instead, in few words, or None."""
        value = self.value(name)
        if name == "name":
            is_old = self.is_live or isinstance(self._plan, ResumedRun)
            return None if value is None or is_old else name_problem(self._plan.runs_dir, value)
        rule = SETTINGS[name].rule
        if not rule.accepts(value):
            return rule.wants
        if name == "epochs" and value < (self._open_epoch or 1):
            return f"at least {self._open_epoch} (the current epoch)"
        return None

    def caution(self, name: str) -> str | None:
        """A warning about a value that is possible but seldom meant, or None."""
        if self.problem(name) is not None:
            return None
        if name == "epochs":
            return self._caution_of_epochs()
        if name != "lr" or not self.is_live:
            return None
        factor = self.value(name) / self._values[name]
        return (
            f"{factor:,.4g} times as high: the loss may explode" if factor >= RISKY_FACTOR else None
        )

    def _caution_of_epochs(self) -> str | None:
        """A warning about a schedule that has begun over another number of epochs, or None."""
        known = self._plan.config
        if known.schedule != self.value("schedule") or known.schedule == "constant":
            return None
        if self.value("epochs") == known.epochs:
            return None
        if self.is_live:
            return "one-cycle: the learning rate jumps"
        return "if resumed, the learning rate jumps" if self._can_resume else None

    def hint(self, field: Field) -> str:
        """What the user may want to know before typing."""
        if field.name == "model" and self._used:
            return f"used before: {self._used[0]}"
        return field.hint

    def suggestions(self, name: str) -> list[str]:
        """What a field completes to what is typed."""
        rule = SETTINGS[name].rule if name in SETTINGS else None
        match rule:
            case Network():
                return [*rule.names, *self._used]
            case DatasetName():
                return list(rule.names)
        return []

    @property
    def first_wrong(self) -> int | None:
        """The row of the first field whose value cannot be used; None without one."""
        return next((row for row, field in enumerate(FIELDS) if self.problem(field.name)), None)

    @property
    def recipe(self) -> str:
        """The recipe that the fields are compared with."""
        return self.texts["recipe"]

    def differences(self) -> Mapping[str, Any]:
        """The recipe's own values of all fields that differ from it."""
        own = recipe_values(self.recipe)
        return {name: value for name, value in own.items() if self._set_to(name) != value}

    def _set_to(self, name: str) -> Any:
        """As `value`; a learning rate that follows a schedule counts as the peak it was set to."""
        moves = name == "lr" and self.is_live and self._plan.config.schedule != "constant"
        if moves and self.texts[name] == self._untouched[name]:
            return self._plan.config.lr
        return self.value(name)

    def meaning(self) -> str:
        """What the differences mean for comparing results, in one line."""
        recipe, different = f"'{self.recipe}'", set(self.differences())
        data = _other_data(self.texts["dataset"])
        if not different:
            return f"{recipe}, unchanged{data}."
        if different == {"seed"}:
            return f"{recipe} with another seed{data}."
        if different <= {"seed", "epochs"} and self.value("schedule") == "constant":
            seed = " and another seed" if "seed" in different else ""
            return f"{recipe} with another number of epochs{seed}{data}."
        hidden = sorted(SETTINGS[name].label for name in different - _SHOWN)
        also = f" ({', '.join(hidden)} differ too)" if hidden else ""
        return (
            f"Not the {recipe} recipe any more{also}: don't compare the results with its "
            "published ones."
        )

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
            name: self.value(name)
            for name, setting in SETTINGS.items()
            if setting.is_live and self.value(name) != self._values[name]
        }
        return Adjust(**changed) if changed else None


def _other_data(dataset: str) -> str:
    """Which data a run is on, where they are not the ones that a recipe's figures are of."""
    if dataset in ("auto", "mnist"):
        return ""
    name = "the 5,000-digit sample" if dataset == "sample" else PurePath(dataset).name
    return f", on {name}"


def to_text(name: str, value: object) -> str:
    """A field's value as one would type it."""
    return SETTINGS[name].rule.spell(value) if name in SETTINGS else str(value or "")
