"""The options that commands share, and the rules that their values are checked by."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import click

from mnist_tui.config import RULES, Choice
from mnist_tui.errors import ConfigError, option_name
from mnist_tui.tui.display_options import DisplayOptions

Command = TypeVar("Command", bound=Callable[..., Any])


class Setting(click.ParamType[object]):
    """An option that is one field of TrainConfig, checked by that field's rule."""

    def __init__(self, field: str) -> None:
        self.field = field
        self.name = field
        self.rule = RULES[field]

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """What help shows for the value."""
        match self.rule:
            case Choice(options):
                return "|".join(options)
            case _:
                return {"device": "auto|cpu|cuda[:N]|mps", "data_dir": "FOLDER"}.get(
                    self.field, "NUMBER"
                )

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> object:
        """The value, or one line about what is wrong with it."""
        parsed = self.rule.parse(value) if isinstance(value, str) else value
        problem = self.rule.problem(parsed)
        if problem is not None:
            raise ConfigError(self.field, problem)
        return parsed


HELP: Final = {
    "recipe": "Named settings to start from; the options below override them.",
    "dataset": "auto takes MNIST, and the packaged sample of it where MNIST cannot be had.",
    "data_dir": "Folder that holds MNIST/raw. [default: $MNIST_TUI_DATA, else the user's cache]",
    "epochs": "Passes over the training digits.",
    "batch_size": "Digits per step.",
    "lr": "Learning rate.",
    "optimizer": "How the weights are moved.",
    "schedule": "How the learning rate moves over the run.",
    "seed": "Where weights, order and dropout start from.",
    "device": "auto takes CUDA, else MPS, else the CPU.",
    "precision": "bf16 and tf32 are faster and coarser; auto takes tf32 on newer GPUs.",
    "checkpoint_every_s": "Seconds between automatic checkpoints; 0: only at epochs' ends.",
}
"""The options of `train`, in the order of its help."""


def setting(field: str) -> Callable[[Command], Command]:
    """The option for one field of TrainConfig."""
    return click.option(
        f"--{option_name(field)}", field, type=Setting(field), default=None, help=HELP[field]
    )


def training_options(command: Command) -> Command:
    """All the options that make a TrainConfig."""
    command = click.option(
        "--deterministic/--no-deterministic",
        "deterministic",
        default=None,
        help="Only algorithms that give the same bits each time. [default: deterministic]",
    )(command)
    for field in reversed(HELP):
        command = setting(field)(command)
    return command


runs_dir_option = click.option(
    "--runs-dir",
    type=click.Path(path_type=Path),
    default=Path("runs"),
    show_default=True,
    metavar="FOLDER",
    help="Parent of the runs' directories.",
)


def dashboard_options(command: Command) -> Command:
    """The options of how the dashboard shows itself; the command gets them as one `look`."""

    @wraps(command)
    def with_look(*, bell: bool, low_bandwidth: bool, no_mouse: bool, **rest: Any) -> Any:
        look = DisplayOptions(has_mouse=not no_mouse, is_low_bandwidth=low_bandwidth, rings=bell)
        return command(look=look, **rest)

    for name, parameter, text in (
        ("--bell", "bell", "Ring, and notify the terminal, when a run ends."),
        ("--low-bandwidth", "low_bandwidth", "Repaint once a second, for slow lines."),
        ("--no-mouse", "no_mouse", "Leave the mouse to the terminal, to select text with."),
    ):
        make_option = click.option(name, parameter, is_flag=True, help=text)
        with_look = make_option(with_look)
    return cast("Command", with_look)


headless_option = click.option("--headless", is_flag=True, help="Plain lines, no dashboard.")
json_option = click.option("--json", "as_json", is_flag=True, help="JSON for scripts.")
