"""The settings of a run, checked when they are made, and the named recipes."""

import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Final

from mnist_tui.errors import ConfigError


@dataclass(frozen=True)
class Choice:
    """A field that takes one of a few words."""

    options: tuple[str, ...]

    def problem(self, value: object) -> str | None:
        """Why `value` cannot be used, in words that follow the field's name; None when it can."""
        if value in self.options:
            return None
        return f"must be one of {', '.join(self.options)}, not {value!r}"

    @property
    def wants(self) -> str:
        """What can be used, in few words."""
        return f"one of {', '.join(self.options)}"

    def parse(self, text: str) -> object:
        """The value that a person's `text` stands for."""
        return text


@dataclass(frozen=True)
class Whole:
    """A field that takes a whole number from `low` to `high`."""

    low: int
    high: int
    note: str = ""

    def problem(self, value: object) -> str | None:
        """As in Choice."""
        if (
            isinstance(value, int)
            and not isinstance(value, bool)
            and self.low <= value <= self.high
        ):
            return None
        return f"must be {self.wants}{self.note}, not {value}"

    @property
    def wants(self) -> str:
        """As in Choice."""
        return f"a whole number from {self.low} to {self.high}"

    def parse(self, text: str) -> object:
        """As in Choice; text that is no number is handed on, so that `problem` can name it."""
        try:
            return int(text)
        except ValueError:
            return text


@dataclass(frozen=True)
class Number:
    """A field that takes a finite number above `low` (or at it, if `low_allowed`) up to `high`."""

    low: float
    high: float
    low_allowed: bool = False

    def problem(self, value: object) -> str | None:
        """As in Choice."""
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
            above = value >= self.low if self.low_allowed else value > self.low
            if above and value <= self.high:
                return None
        bound = "of at least" if self.low_allowed else "above"
        return f"must be a number {bound} {self.low:g} and at most {self.high:g}, not {value}"

    @property
    def wants(self) -> str:
        """As in Choice."""
        if self.low_allowed:
            return f"a number from {self.low:g} to {self.high:g}"
        return f"a number above {self.low:g}, at most {self.high:g}"

    def parse(self, text: str) -> object:
        """As in Whole."""
        try:
            return float(text)
        except ValueError:
            return text


@dataclass(frozen=True)
class Flag:
    """A field that is on or off."""

    def problem(self, value: object) -> str | None:
        """As in Choice."""
        return None if isinstance(value, bool) else f"must be {self.wants}, not {value!r}"

    @property
    def wants(self) -> str:
        """As in Choice."""
        return "on or off"

    def parse(self, text: str) -> object:
        """As in Choice."""
        return {"on": True, "true": True, "off": False, "false": False}.get(text.lower(), text)


@dataclass(frozen=True)
class Device:
    """A field that names a device; whether this machine has it is found out when a run starts."""

    pattern: re.Pattern[str] = re.compile(r"auto|cpu|mps|cuda(:\d{1,2})?")

    def problem(self, value: object) -> str | None:
        """As in Choice."""
        if isinstance(value, str) and self.pattern.fullmatch(value):
            return None
        return f"must be {self.wants}, not {value!r}"

    @property
    def wants(self) -> str:
        """As in Choice."""
        return "one of auto, cpu, cuda, cuda:N, mps"

    def parse(self, text: str) -> object:
        """As in Choice."""
        return text


@dataclass(frozen=True)
class Folder:
    """A field that names a folder, or nothing."""

    def problem(self, value: object) -> str | None:
        """As in Choice."""
        is_path = value is None or isinstance(value, str)
        return None if is_path else f"must be {self.wants}, not {value!r}"

    @property
    def wants(self) -> str:
        """As in Choice."""
        return "a path"

    def parse(self, text: str) -> object:
        """As in Choice."""
        return text or None


Rule = Choice | Whole | Number | Flag | Device | Folder

RULES: Final[Mapping[str, Rule]] = {
    "recipe": Choice(("tutorial", "fast")),
    "model": Choice(("mnist_net", "fast_net")),
    "dataset": Choice(("auto", "mnist", "sample")),
    "data_dir": Folder(),
    "epochs": Whole(1, 100_000),
    "batch_size": Whole(1, 60_000, note=" (all of MNIST at once)"),
    "optimizer": Choice(("sgd", "momentum", "adamw")),
    "lr": Number(0.0, 1e9),
    "beta1": Number(0.0, 0.9999, low_allowed=True),
    "beta2": Number(0.0, 0.99999, low_allowed=True),
    "weight_decay": Number(0.0, 1.0, low_allowed=True),
    "label_smoothing": Number(0.0, 0.9, low_allowed=True),
    "schedule": Choice(("constant", "one-cycle")),
    "seed": Whole(0, 2**32 - 1),
    "device": Device(),
    "precision": Choice(("auto", "fp32", "tf32", "bf16")),
    "deterministic": Flag(),
    "checkpoint_every_s": Number(0.0, 86_400.0, low_allowed=True),
}
"""What each field of TrainConfig may be; the command line and the settings form both ask here."""


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """Everything that a run is a function of, beside the digits themselves.

    Raises:
        ConfigError: When made with a value outside RULES.
    """

    recipe: str = "tutorial"
    """The named recipe that the other fields started from."""
    model: str = "mnist_net"
    """The network's name in `mnist_tui.models.registry.MODELS`."""
    dataset: str = "auto"
    """`mnist`, `sample`, or `auto`: MNIST where it can be had, else the sample."""
    data_dir: str | None = None
    """The folder that holds `MNIST/raw`; None: the environment's, else the user's cache."""
    epochs: int = 19
    """Passes over the training digits in the whole run."""
    batch_size: int = 32
    """Training digits per step; the last batch of an epoch may be smaller."""
    optimizer: str = "sgd"
    """`sgd`, `momentum` (SGD with 0.9) or `adamw`."""
    lr: float = 0.01
    """The learning rate; with a schedule, its peak."""
    beta1: float = 0.9
    """AdamW's share of the past in its mean of the gradients."""
    beta2: float = 0.999
    """AdamW's share of the past in its mean of their squares."""
    weight_decay: float = 0.01
    """AdamW's."""
    label_smoothing: float = 0.0
    """The part of each training target that is spread over all ten classes."""
    schedule: str = "constant"
    """How the learning rate moves over the run."""
    seed: int = 0
    """Where the weights, the order of the digits and dropout start from."""
    device: str = "auto"
    """`auto` takes CUDA, else MPS, else the CPU."""
    precision: str = "fp32"
    """`fp32`; `tf32` (CUDA's faster products); `bf16` (autocast); `auto`: TF32 on newer GPUs."""
    deterministic: bool = True
    """Only algorithms that give the same bits each time."""
    checkpoint_every_s: float = 10.0
    """Seconds of training between automatic checkpoints; 0: only at epochs' ends."""

    def __post_init__(self) -> None:
        for field in fields(self):
            problem = RULES[field.name].problem(getattr(self, field.name))
            if problem is not None:
                raise ConfigError(field.name, problem)

    def to_dict(self) -> dict[str, Any]:
        """The fields as plain values, for JSON and for checkpoints."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "TrainConfig":
        """The config that `to_dict` gave; unknown keys of a newer version are left out.

        Raises:
            ConfigError: When a value is outside RULES.
        """
        known = {field.name for field in fields(cls)}
        return cls(**{key: value for key, value in values.items() if key in known})


RECIPES: Final[Mapping[str, Mapping[str, Any]]] = {
    # The tutorial's own numbers: SGD at 0.01, batches of 32, `range(1, 20)` epochs, seed 0.
    "tutorial": {},
    # Mean of ten seeds on a CPU: 99.12 % validation accuracy after its one epoch.
    "fast": {
        "model": "fast_net",
        "epochs": 1,
        "batch_size": 256,
        "optimizer": "adamw",
        "lr": 0.01,
        "schedule": "one-cycle",
        "beta1": 0.7,
        "beta2": 0.9,
        "weight_decay": 0.0,
        "label_smoothing": 0.1,
        "precision": "auto",
    },
}
"""What each recipe sets differently from TrainConfig's defaults, which are the tutorial's."""


RECIPE_FIELDS: Final = (
    "model",
    "epochs",
    "batch_size",
    "optimizer",
    "lr",
    "beta1",
    "beta2",
    "weight_decay",
    "label_smoothing",
    "schedule",
    "seed",
    "precision",
    "deterministic",
)
"""The fields that a recipe lays down; the others say where and on what it is run."""


def recipe_values(recipe: str) -> dict[str, Any]:
    """What the named recipe lays down: the values of RECIPE_FIELDS.

    Raises:
        ConfigError: When the recipe is unknown.
    """
    values = recipe_config(recipe).to_dict()
    return {field: values[field] for field in RECIPE_FIELDS}


def recipe_config(recipe: str = "tutorial", **overrides: Any) -> TrainConfig:
    """The named recipe with `overrides` laid over it.

    Raises:
        ConfigError: When the recipe is unknown or an override is outside RULES.
    """
    problem = RULES["recipe"].problem(recipe)
    if problem is not None:
        raise ConfigError("recipe", problem)
    return TrainConfig(**{**RECIPES[recipe], "recipe": recipe, **overrides})
