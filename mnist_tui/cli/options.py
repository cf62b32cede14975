"""The options that commands share; those of a run's settings are made from their declarations."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar, cast

import click

from mnist_tui.config import SETTINGS, Group
from mnist_tui.errors import ConfigError
from mnist_tui.process.invocation import option_name
from mnist_tui.rules import Choice, Device, Flag, Folder
from mnist_tui.tui.display_options import DisplayOptions

Command = TypeVar("Command", bound=Callable[..., Any])


class SettingType(click.ParamType[object]):
    """The value of one field of TrainConfig, checked by that field's rule."""

    def __init__(self, field: str) -> None:
        self.field = field
        self.name = field
        self.rule = SETTINGS[field].rule

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """What help shows for the value."""
        match self.rule:
            case Choice(options):
                return "|".join(options)
            case Device():
                return "auto|cpu|cuda[:N]|mps"
            case Folder():
                return "FOLDER"
            case _:
                return "NUMBER"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> object:
        """Read and check the value.

        Raises:
            ConfigError: When the field's rule does not accept it.
        """
        parsed = self.rule.parse(value) if isinstance(value, str) else value
        problem = self.rule.problem(parsed)
        if problem is not None:
            raise ConfigError(self.field, problem)
        return parsed


def setting(field: str) -> Callable[[Command], Command]:
    """The option for one field of TrainConfig."""
    name, declared = option_name(field), SETTINGS[field]
    if isinstance(declared.rule, Flag):
        switch = f"{name}/--no-{name.removeprefix('--')}"
        return click.option(switch, field, default=None, help=declared.help)
    return click.option(name, field, type=SettingType(field), default=None, help=declared.help)


def training_options(command: Command) -> Command:
    """All the options that make a TrainConfig."""
    for field, declared in reversed(list(SETTINGS.items())):
        if declared.group is not Group.RECIPE:
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
