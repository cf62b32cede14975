"""The options that commands share; those of a run's settings are made from their declarations."""

from collections.abc import Callable, Iterable
from functools import wraps
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import click
from click.shell_completion import CompletionItem

from mnist_tui.config import RECIPES, SETTINGS, Group, TrainConfig
from mnist_tui.errors import ConfigError, UsageError
from mnist_tui.process.invocation import option_name
from mnist_tui.rules import Choice, DatasetName, Device, Flag, Folder, Network
from mnist_tui.store.catalog import scan_runs
from mnist_tui.tui import DisplayOptions

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
            case DatasetName():
                return "NAME|FOLDER|FILE.npz"
            case Device():
                return "auto|cpu|cuda[:N]|mps"
            case Network(names):
                return "|".join((*names, "FILE.py:NAME"))
            case Folder():
                return "FOLDER"
            case _:
                return "NUMBER"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """The choices that begin with `incomplete`, for a shell."""
        match self.rule:
            case Choice(words) | DatasetName(words):
                found = [CompletionItem(word) for word in words if word.startswith(incomplete)]
            case _:
                found = []
        if isinstance(self.rule, DatasetName) and not found:
            return [CompletionItem(incomplete, type="file")]
        return found

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


def setting(field: str, *, shows_default: bool = False) -> Callable[[Command], Command]:
    """The option for one field of TrainConfig; its help names the default where it has one."""
    name, declared = option_name(field), SETTINGS[field]
    text = f"{declared.help}{describe_default(field) if shows_default else ''}"
    if isinstance(declared.rule, Flag):
        switch = f"{name}/--no-{name.removeprefix('--')}"
        return click.option(switch, field, default=None, help=text)
    return click.option(name, field, type=SettingType(field), default=None, help=text)


def describe_default(field: str) -> str:
    """The default in words: the default recipe's value, and those of others that differ."""
    default = getattr(TrainConfig(), field)
    if default is None:
        return ""  # its help says it
    values = [_describe_value(field, default)]
    values += [
        f"{recipe}: {_describe_value(field, changes[field])}"
        for recipe, changes in RECIPES.items()
        if changes.get(field, default) != default
    ]
    return f" [default: {'; '.join(values)}]"


def _describe_value(field: str, value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else SETTINGS[field].rule.spell(value)


def training_options(command: Command) -> Command:
    """All the options that make a TrainConfig."""
    for field, declared in reversed(list(SETTINGS.items())):
        if declared.group is not Group.RECIPE:
            command = setting(field, shows_default=True)(command)
    return command


runs_dir_option = click.option(
    "--runs-dir",
    type=click.Path(path_type=Path),
    default=Path("runs"),
    show_default=True,
    metavar="FOLDER",
    help="Parent of the runs' directories.",
)


def complete_runs(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """The runs whose names begin with `incomplete`, for a shell; then files, by the shell."""
    return complete_names(("last", *known_runs(context)), incomplete, otherwise="file")


def known_runs(context: click.Context) -> list[str]:
    """The names of the runs in `runs_dir_of(context)`, sorted; none where it cannot be read."""
    try:
        return sorted(run.name for run in scan_runs(runs_dir_of(context)))
    except UsageError:
        return []


def runs_dir_of(context: click.Context) -> Path:
    """The folder of the runs, as far as the command line is typed."""
    return Path(context.params.get("runs_dir") or "runs")


def complete_names(
    names: Iterable[str], incomplete: str, *, otherwise: str
) -> list[CompletionItem]:
    """The names that begin with `incomplete`; where none does, a `file` or `dir` by the shell."""
    found = [CompletionItem(name) for name in names if name.startswith(incomplete)]
    return found or [CompletionItem(incomplete, type=otherwise)]


run_argument = click.argument("run", default="last", shell_complete=complete_runs)
required_run_argument = click.argument("run", shell_complete=complete_runs)
network_argument = click.argument("run", metavar="RUN", shell_complete=complete_runs)
"""A run or a checkpoint's file, for commands that want a network."""
checkpoint_option = click.option(
    "--checkpoint",
    metavar="FILE",
    help="The run's checkpoint to use, by its name. [default: last.pt]",
)


def dashboard_options(command: Command) -> Command:
    """The options of how the dashboard shows itself; the command gets them as one `look`."""

    @wraps(command)
    def with_look(
        *, ascii_only: bool, bell: bool, low_bandwidth: bool, no_mouse: bool, **rest: Any
    ) -> Any:
        look = DisplayOptions(
            has_mouse=not no_mouse, is_low_bandwidth=low_bandwidth, rings=bell, is_ascii=ascii_only
        )
        return command(look=look, **rest)

    for name, parameter, text in DASHBOARD_OPTIONS:
        make_option = click.option(
            name,
            parameter,
            is_flag=True,
            help=text,
            envvar="MNIST_TUI_ASCII" if parameter == "ascii_only" else None,
            show_envvar=True,
        )
        with_look = make_option(with_look)
    return cast("Command", with_look)


DASHBOARD_OPTIONS: Final = (
    ("--ascii", "ascii_only", "Plain ASCII characters, for terminals that show others wrongly."),
    ("--bell", "bell", "Ring, and notify the terminal, when a run ends."),
    ("--low-bandwidth", "low_bandwidth", "Repaint once a second, for slow lines."),
    ("--no-mouse", "no_mouse", "Leave the mouse to the terminal, to select text with."),
)
"""Name, parameter and help of the options that only the dashboard heeds."""


model_option = click.option(
    "--model",
    type=SettingType("model"),
    help="Where the code of the network is, if it is your own and not where it was.",
)
headless_option = click.option("--headless", is_flag=True, help="Plain lines, no dashboard.")
json_option = click.option("--json", "as_json", is_flag=True, help="JSON for scripts.")
notify_option = click.option(
    "--notify",
    metavar="COMMAND",
    default="",
    help="Run this command when the run has ended, however it did, with the facts as JSON on its "
    "standard input.",
)
detach_option = click.option(
    "--detach",
    is_flag=True,
    help="Train in a process without a terminal; return when the run is prepared.",
)
hangup_option = click.option(
    "--on-hangup",
    type=click.Choice(["continue", "save"]),
    help="What to do when the terminal is lost: train on without it, to be attached, or save and "
    "end. [default: continue; with --headless: save]",
)
