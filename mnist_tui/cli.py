"""The command `mnist-tui`: parse, check, hand over. What it says on errors is said here."""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import wraps
from pathlib import Path
from typing import Any, Final, NoReturn, TypeVar, cast

import click

from mnist_tui import __version__
from mnist_tui.config import RULES, Choice, TrainConfig, recipe_config
from mnist_tui.engine.plan import RunPlan
from mnist_tui.errors import ConfigError, MnistTuiError, UsageError, option_name
from mnist_tui.look import Look

Command = TypeVar("Command", bound=Callable[..., Any])


class DefaultToTrain(click.Group):
    """A group whose first word may be left out: `mnist-tui --epochs 3` trains."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put `train` before arguments that do not begin with a command."""
        own = {"--help", "-h", "--version"}
        if not args or (args[0] not in self.commands and args[0] not in own and _is_option(args)):
            args = ["train", *args]
        return super().parse_args(ctx, args)


def _is_option(args: Sequence[str]) -> bool:
    return args[0].startswith("-")


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
    "precision": "bf16 and tf32 are faster and coarser.",
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
        look = Look(has_mouse=not no_mouse, is_low_bandwidth=low_bandwidth, rings=bell)
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


@click.group(cls=DefaultToTrain, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="mnist-tui %(version)s")
def commands() -> None:
    """Train MNIST in the terminal, watch it learn, and steer it.

    Without a command: `train`, the dashboard.
    """


@commands.command()
@training_options
@runs_dir_option
@click.option("--name", help="The run's name. [default: date, time and recipe]")
@headless_option
@json_option
@click.option("--start", is_flag=True, help="Begin at once, without waiting for space.")
@dashboard_options
def train(
    runs_dir: Path,
    name: str | None,
    headless: bool,
    as_json: bool,
    start: bool,
    look: Look,
    **settings: Any,
) -> int:
    """Train a network: the dashboard, or plain lines with --headless."""
    from mnist_tui.runs.directory import check_place

    given = {field: value for field, value in settings.items() if value is not None}
    config = recipe_config(given.pop("recipe", "tutorial"), **given)
    check_place(runs_dir, name)
    plan = RunPlan(config=config, runs_dir=runs_dir, name=name)
    return _run(plan, look, headless=headless, as_json=as_json, start=start)


@commands.command()
@click.argument("run", default="last")
@runs_dir_option
@setting("epochs")
@setting("lr")
@setting("device")
@setting("data_dir")
@click.option(
    "--checkpoint",
    metavar="FILE",
    help="One of the run's checkpoints to go on from, by its name. [default: last.pt]",
)
@headless_option
@json_option
@dashboard_options
def resume(
    run: str,
    runs_dir: Path,
    checkpoint: str | None,
    headless: bool,
    as_json: bool,
    look: Look,
    **settings: Any,
) -> int:
    """Go on with RUN (a name, a folder, or `last`) exactly where it stopped.

    --epochs N makes a run longer, also one that has finished. --lr changes the learning rate
    from here on. --checkpoint best.pt goes back to the best epoch.
    """
    from mnist_tui.runs.listing import find_run, is_over, summarize

    directory = find_run(runs_dir, run)
    config = directory.read_config()
    overrides = {field: value for field, value in settings.items() if value is not None}
    summary = summarize(directory)
    epochs = overrides.get("epochs", config.epochs)
    is_long_enough = summary is not None and summary.epochs_done >= epochs and checkpoint is None
    if summary is not None and is_long_enough and "epochs" in overrides:
        raise UsageError(
            f"run {directory.name} has {summary.epochs_done} epochs already; "
            "give --epochs a larger number"
        )
    if summary is not None and is_long_enough and is_over(directory, epochs):
        click.echo(
            f"run {directory.name} is finished, {summary.epochs_done} of {epochs} epochs; "
            f"to make it longer: {directory.resume_command('--epochs', str(epochs + 1))}"
        )
        return 0
    config = TrainConfig.from_dict({**config.to_dict(), **overrides})
    plan = RunPlan(
        config=config,
        runs_dir=directory.path.parent,
        name=directory.name,
        resume=True,
        overrides=overrides,
        checkpoint=checkpoint,
    )
    return _run(plan, look, headless=headless, as_json=as_json, start=True)


@commands.command()
@runs_dir_option
@json_option
def runs(runs_dir: Path, as_json: bool) -> int:
    """List the runs, the newest first."""
    from mnist_tui import figures
    from mnist_tui.runs.listing import describe_age, list_runs

    found = list_runs(runs_dir)
    if as_json:
        click.echo(json.dumps([asdict(run) for run in found], indent=2))
        return 0
    if not found:
        click.echo(f"no runs in {runs_dir}; start one with: mnist-tui")
        return 0
    rows = [
        (
            run.name,
            run.state,
            f"{run.epochs_done}/{run.epochs}",
            figures.percent(run.best_val_accuracy),
            describe_age(run.updated),
        )
        for run in found
    ]
    _print_table(("RUN", "STATE", "EPOCHS", "BEST", "UPDATED"), rows)
    return 0


@commands.command()
@click.argument("checkpoint", type=click.Path(path_type=Path))
@setting("dataset")
@setting("data_dir")
@setting("device")
@json_option
def evaluate(
    checkpoint: Path, as_json: bool, dataset: str | None, data_dir: str | None, device: str | None
) -> int:
    """Loss and accuracy of CHECKPOINT on the validation digits."""
    from mnist_tui.engine.report import evaluate_checkpoint

    report = evaluate_checkpoint(checkpoint, dataset, data_dir, device or "auto")
    if as_json:
        click.echo(json.dumps(asdict(report), indent=2))
    else:
        click.echo(report.describe())
    return 0


def _run(plan: RunPlan, look: Look, *, headless: bool, as_json: bool, start: bool) -> int:
    """Hand the plan to the dashboard or to the plain lines; the exit code."""
    from mnist_tui.engine.runner import TrainingRunner

    if headless:
        from mnist_tui.headless import run_headless

        return run_headless(TrainingRunner(plan), as_json=as_json)
    if as_json:
        raise UsageError("--json is for --headless; the dashboard writes no JSON")
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError(
            "the dashboard needs a terminal; without one use: mnist-tui train --headless"
        )
    from mnist_tui.dashboard import run_dashboard

    return run_dashboard(plan, TrainingRunner, look, start=start)


def _print_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    widths = [max(len(row[i]) for row in (header, *rows)) for i in range(len(header))]
    for row in (header, *rows):
        click.echo("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)))


def main(args: Sequence[str] | None = None) -> NoReturn:
    """The command's entry point: runs it and exits with its code; errors are one line."""
    try:
        code = commands.main(args, prog_name="mnist-tui", standalone_mode=False)
    except MnistTuiError as error:
        click.echo(f"mnist-tui: {error}", err=True)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        click.echo(f"mnist-tui: {error.format_message()}; see: mnist-tui --help", err=True)
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except BrokenPipeError:
        # Whoever read our output has gone; nothing is left to say.
        sys.stderr.close()
        sys.exit(141)
    sys.exit(code or 0)
