"""`train` and `resume`: from options to a plan, and the plan to the dashboard or plain lines."""

import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from mnist_tui import formatting
from mnist_tui.cli import options
from mnist_tui.cli.opened import attached_plan, make_runner, open_dashboard, place_of
from mnist_tui.config import TrainConfig, recipe_config
from mnist_tui.errors import Remedy, UsageError
from mnist_tui.process.invocation import command_of, option_name
from mnist_tui.run.plan import NewRun, ResumedRun, TrainedRun
from mnist_tui.store.catalog import find_run
from mnist_tui.store.directory import RunDirectory
from mnist_tui.store.new_run import check_place
from mnist_tui.tui import DisplayOptions


@click.command(short_help="Train a network: the dashboard, or plain lines.")
@options.training_options
@options.runs_dir_option
@click.option("--name", help="The run's name. [default: date, time and recipe]")
@options.headless_option
@options.detach_option
@options.hangup_option
@options.notify_option
@options.json_option
@click.option("--start", is_flag=True, help="Begin at once, without waiting for the space key.")
@options.dashboard_options
def train(
    runs_dir: Path,
    name: str | None,
    headless: bool,
    detach: bool,
    on_hangup: str | None,
    notify: str,
    as_json: bool,
    start: bool,
    look: DisplayOptions,
    **settings: Any,
) -> int:
    """Train a network: the dashboard, or plain lines with --headless."""
    given = {field: value for field, value in settings.items() if value is not None}
    config = recipe_config(given.pop("recipe", "tutorial"), **given)
    check_place(runs_dir, name)
    plan = NewRun(config=config, runs_dir=runs_dir, name=name, notify=notify)
    if detach:
        return _run_detached(plan, as_json=as_json)
    return _run(plan, look, headless=headless, on_hangup=on_hangup, as_json=as_json, start=start)


@click.command(short_help="Resume a run exactly where it stopped; make it longer.")
@options.run_argument
@options.runs_dir_option
@options.setting("epochs")
@options.setting("lr")
@options.setting("device")
@options.setting("dataset")
@options.setting("data_dir")
@options.model_option
@click.option(
    "--checkpoint",
    metavar="FILE",
    help="The checkpoint of the run to resume from, by its name. [default: last.pt]",
)
@options.headless_option
@options.detach_option
@options.hangup_option
@options.notify_option
@options.json_option
@options.dashboard_options
def resume(
    run: str,
    runs_dir: Path,
    checkpoint: str | None,
    headless: bool,
    detach: bool,
    on_hangup: str | None,
    notify: str,
    as_json: bool,
    look: DisplayOptions,
    **settings: Any,
) -> int:
    """Resume RUN (a name, a folder, or `last`) exactly where it stopped.

    --epochs N makes a run longer, also one that has finished; a one-cycle schedule is spread
    over all N, so that the learning rate jumps. --lr changes the learning rate from here on.
    --checkpoint best.pt goes back to the best epoch; what that drops is kept in another
    checkpoint.
    """
    directory = find_run(runs_dir, run)
    overrides = {field: value for field, value in settings.items() if value is not None}
    if directory.lock.is_held():
        given = {"headless": headless, "detach": detach, "checkpoint": checkpoint, **overrides}
        return _attach(directory, runs_dir, look, [name for name, value in given.items() if value])
    config, rows = directory.read_config(), directory.read_rows()
    epochs, done = overrides.get("epochs", config.epochs), rows[-1].epoch if rows else 0
    is_long_enough = done >= epochs and checkpoint is None
    if is_long_enough and "epochs" in overrides:
        raise UsageError(
            f"run {directory.name} has {formatting.counted(done, 'epoch')} already; "
            "give --epochs a larger number"
        )
    if is_long_enough and directory.is_over(epochs):
        more = {"epochs": max(epochs, done) + 1}
        longer = Remedy(command="resume", run=str(directory.path), settings=more)
        click.echo(
            f"run {directory.name} is finished, {done} of "
            f"{formatting.counted(epochs, 'epoch')}; "
            f"to make it longer: {command_of(longer)}"
        )
        return 0
    shown = {field: value for field, value in overrides.items() if field != "model"}
    config = TrainConfig.from_dict({**config.to_dict(), **shown})
    folder, name = place_of(directory, runs_dir)
    plan = ResumedRun(
        config=config,
        runs_dir=folder,
        name=name,
        overrides=overrides,
        checkpoint=checkpoint,
        notify=notify,
    )
    if detach:
        return _run_detached(plan, as_json=as_json)
    return _run(plan, look, headless=headless, on_hangup=on_hangup, as_json=as_json, start=True)


def _attach(
    directory: RunDirectory, runs_dir: Path, look: DisplayOptions, given: Sequence[str]
) -> int:
    """Attach to a run that cannot be resumed, since another process trains it.

    Raises:
        UsageError: When options are `given` that only resuming heeds.
    """
    name, owner = directory.name, directory.lock.wait_for_owner()
    if given:
        raise UsageError(
            f"run {name} is being trained by {owner}: "
            f"{', '.join(map(option_name, given))} cannot be heeded; attach to it",
            Remedy(command="attach", run=str(directory.path)),
        )
    plan = attached_plan(directory, runs_dir)
    click.echo(f"run {name} is being trained by {owner}: attached to it", err=True)
    return open_dashboard(plan, look)


def _run_detached(plan: TrainedRun, *, as_json: bool) -> int:
    """Hand the plan to a process without a terminal; the exit code."""
    from mnist_tui.cli.detach import run_detached

    if as_json:
        raise UsageError("--json prints what a run does, with --detach it prints nothing: choose")
    return run_detached(plan)


def _outlives_terminal(on_hangup: str | None, *, headless: bool) -> bool:
    """Whether a run goes on when its terminal is lost."""
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        return True  # as nohup wants it
    return on_hangup == "continue" if on_hangup is not None else not headless


def _run(
    plan: TrainedRun,
    look: DisplayOptions,
    *,
    headless: bool,
    on_hangup: str | None,
    as_json: bool,
    start: bool,
) -> int:
    """Hand the plan to the dashboard or to the plain lines; the exit code."""
    outlives_terminal = _outlives_terminal(on_hangup, headless=headless)
    if headless:
        from mnist_tui.headless import run_headless

        _warn_of_useless(look, start=start and isinstance(plan, NewRun))
        return run_headless(make_runner(plan), as_json=as_json, outlives_terminal=outlives_terminal)
    if as_json:
        raise UsageError("--json needs --headless, since the dashboard writes no JSON: add that")
    return open_dashboard(plan, look, start=start, outlives_terminal=outlives_terminal)


def _warn_of_useless(look: DisplayOptions, *, start: bool) -> None:
    """Say which of the options that were given do nothing without a dashboard."""
    given = [
        name
        for name, is_given in (
            ("--start", start),
            ("--bell", look.rings),
            ("--low-bandwidth", look.is_low_bandwidth),
            ("--no-mouse", not look.has_mouse),
        )
        if is_given
    ]
    if given:
        does = "does" if len(given) == 1 else "do"
        click.echo(f"note: {', '.join(given)} {does} nothing with --headless", err=True)
