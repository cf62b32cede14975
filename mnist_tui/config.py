"""The settings of a run, each declared once and checked when they are made; and the recipes."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from enum import Enum, auto
from typing import Any, Final

from mnist_tui.errors import ConfigError
from mnist_tui.rules import Choice, DatasetName, Device, Flag, Folder, Network, Number, Rule, Whole


class Group(Enum):
    """Where the user meets a setting."""

    BASIC = auto()
    """On the command line and in the settings form."""
    ADVANCED = auto()
    """On the command line only."""
    RECIPE = auto()
    """Set by recipes, or in Python."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What there is to know about one field of TrainConfig beside its type and default."""

    rule: Rule
    """Which values it takes."""
    help: str
    """What it does, in one sentence."""
    label: str = ""
    """Its name in words where that is not the field's: `learning rate`."""
    hint: str = ""
    """The same in a few words, for a form."""
    group: Group = Group.BASIC
    in_recipe: bool = False
    """Whether a recipe decides it; other fields say where, and on what, a recipe is run."""
    is_identity: bool = False
    """Whether a run with another value is another run, so that no resume may change it."""
    is_live: bool = False
    """Whether it can change safely in the middle of a run."""
    optimizer: str = ""
    """The one that uses it, where the others do not; empty: every run does."""


def _setting(default: Any, rule: Rule, help: str, **rest: Any) -> Any:
    """Declare a field of TrainConfig."""
    return field(default=default, metadata={"setting": Setting(rule=rule, help=help, **rest)})


_RECIPE: Final = {"in_recipe": True, "is_identity": True}
"""Of settings that a recipe decides and no resume may change."""


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """Everything that a run is a function of, beside the data themselves.

    The defaults are the recipe `tutorial`. SETTINGS has what is declared with each field.

    Raises:
        ConfigError: When made with a value that the field's rule does not accept.
    """

    recipe: str = _setting(
        "tutorial",
        Choice(("tutorial", "fast")),
        "Named settings to start from; the options below override them.",
        hint="fills in its values below",
        is_identity=True,
    )
    model: str = _setting(
        "mnist_net",
        Network({"tutorial": "mnist_net", "fast": "fast_net"}),
        "The network: of a recipe, or your own, as FILE.py:NAME or package.module:NAME.",
        hint="tutorial, fast, or yours: net.py:Net",
        **_RECIPE,
    )
    dataset: str = _setting(
        "auto",
        DatasetName(
            (
                "auto",
                "mnist",
                "sample",
                "fashion",
                "kmnist",
                "qmnist",
                "emnist-digits",
                "emnist-letters",
                "emnist-balanced",
            )
        ),
        "A dataset's name, a folder with one folder of images per class, or an .npz file of "
        "arrays; auto takes MNIST, and the packaged sample of it where MNIST cannot be had.",
        hint="a name, a folder or an .npz file",
    )
    data_dir: str | None = _setting(
        None,
        Folder(),
        "Folder that holds MNIST/raw, FashionMNIST/raw and so on. [default: $MNIST_TUI_DATA, "
        "else the user's cache]",
        label="data folder",
        group=Group.ADVANCED,
    )
    epochs: int = _setting(
        19,
        Whole(1, 100_000),
        "Passes over the training images.",
        hint="passes over the training images",
        in_recipe=True,
        is_live=True,
    )
    batch_size: int = _setting(
        32,
        Whole(1, 60_000),
        "Images per step.",
        hint="images per step",
        **_RECIPE,
    )
    optimizer: str = _setting(
        "sgd",
        Choice(("sgd", "momentum", "adamw")),
        "How a step changes the weights; momentum is SGD with 0.9.",
        hint="how a step changes the weights",
        **_RECIPE,
    )
    lr: float = _setting(
        0.01,
        Number(0.0, 1e9),
        "Learning rate; with a schedule, its peak.",
        label="learning rate",
        hint="how far a step goes",
        is_live=True,
        **_RECIPE,
    )
    beta1: float = _setting(
        0.9,
        Number(0.0, 0.9999, low_allowed=True),
        "The share of the past in AdamW's mean of the gradients.",
        group=Group.RECIPE,
        optimizer="adamw",
        **_RECIPE,
    )
    beta2: float = _setting(
        0.999,
        Number(0.0, 0.99999, low_allowed=True),
        "The share of the past in AdamW's mean of their squares.",
        group=Group.RECIPE,
        optimizer="adamw",
        **_RECIPE,
    )
    weight_decay: float = _setting(
        0.01,
        Number(0.0, 1.0, low_allowed=True),
        "AdamW's weight decay.",
        group=Group.RECIPE,
        optimizer="adamw",
        **_RECIPE,
    )
    label_smoothing: float = _setting(
        0.0,
        Number(0.0, 0.9, low_allowed=True),
        "The part of each training target that is spread over all classes.",
        group=Group.RECIPE,
        **_RECIPE,
    )
    schedule: str = _setting(
        "constant",
        Choice(("constant", "one-cycle")),
        "How the learning rate changes over the run.",
        hint="of the learning rate",
        **_RECIPE,
    )
    seed: int = _setting(
        0,
        Whole(0, 2**32 - 1),
        "Seed of the initial weights, the order of the images and dropout.",
        hint="the same seed gives the same run",
        **_RECIPE,
    )
    device: str = _setting(
        "auto",
        Device(),
        "auto takes CUDA, else MPS, else the CPU.",
        hint="auto, cpu, cuda, cuda:1, mps",
    )
    precision: str = _setting(
        "fp32",
        Choice(("auto", "fp32", "tf32", "bf16")),
        "bf16 and tf32 are faster and coarser; auto takes tf32 on newer GPUs.",
        hint="auto: tf32 on newer GPUs, else fp32",
        in_recipe=True,
    )
    deterministic: bool = _setting(
        True,
        Flag(),
        "Use deterministic algorithms: the same result every run.",
        group=Group.ADVANCED,
        in_recipe=True,
    )
    checkpoint_every_s: float = _setting(
        10.0,
        Number(0.0, 86_400.0, low_allowed=True),
        "Seconds between automatic checkpoints; 0: only at epochs' ends.",
        label="save interval",
        hint="seconds; 0: at epochs' ends only",
        is_live=True,
    )
    idle_timeout_s: float = _setting(
        28_800.0,
        Number(0.0, 1e9, low_allowed=True),
        "Seconds after which a paused run that nobody watches saves and ends; 0: never.",
        label="idle timeout",
        group=Group.ADVANCED,
    )

    def __post_init__(self) -> None:
        for name, setting in SETTINGS.items():
            value = setting.rule.canonical(getattr(self, name))
            problem = setting.rule.problem(value)
            if problem is not None:
                raise ConfigError(name, problem)
            object.__setattr__(self, name, value)

    def to_dict(self) -> dict[str, Any]:
        """The fields as plain values, for JSON and for checkpoints."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "TrainConfig":
        """Read what `to_dict` gave; unknown keys of a newer version are left out.

        Raises:
            ConfigError: When a value cannot be used.
        """
        return cls(**{key: value for key, value in values.items() if key in SETTINGS})


def _declared(name: str, setting: Setting) -> Setting:
    return replace(setting, label=setting.label or name.replace("_", " "))


SETTINGS: Final[Mapping[str, Setting]] = {
    field.name: _declared(field.name, field.metadata["setting"]) for field in fields(TrainConfig)
}
"""What is declared with each field of TrainConfig, by its name and in its order."""

RECIPES: Final[Mapping[str, Mapping[str, Any]]] = {
    # The tutorial's own numbers: SGD at 0.01, batches of 32, `range(1, 20)` epochs, seed 0.
    "tutorial": {},
    # Mean of ten seeds on a CPU: 99.13 % validation accuracy after its one epoch.
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


def recipe_values(recipe: str) -> dict[str, Any]:
    """The values of all settings that the named recipe decides.

    Raises:
        ConfigError: When the recipe is unknown.
    """
    values = recipe_config(recipe).to_dict()
    return {name: values[name] for name, setting in SETTINGS.items() if setting.in_recipe}


def recipe_config(recipe: str = "tutorial", **overrides: Any) -> TrainConfig:
    """The named recipe with `overrides` laid over it.

    Raises:
        ConfigError: When the recipe is unknown or an override cannot be used.
    """
    problem = SETTINGS["recipe"].rule.problem(recipe)
    if problem is not None:
        raise ConfigError("recipe", problem)
    return TrainConfig(**{**RECIPES[recipe], "recipe": recipe, **overrides})


def find_difference(found: TrainConfig, expected: TrainConfig) -> str | None:
    """Say which setting shows that two configs belong to different runs, or None."""
    for name, setting in SETTINGS.items():
        ours, theirs = getattr(expected, name), getattr(found, name)
        if setting.is_identity and ours != theirs:
            return f"its {setting.label} is {theirs}, not {ours}"
    return None
