"""`control`: steers a run that another process trains, for scripts."""

from pathlib import Path
from typing import Any, Final

import click

from mnist_tui.cli.options import json_option, required_run_argument, runs_dir_option
from mnist_tui.config import SETTINGS
from mnist_tui.errors import MnistTuiError, UsageError
from mnist_tui.run.requests import Adjust, Pause, Request, Resume, Save, Stop
from mnist_tui.store.atomic import to_json
from mnist_tui.store.catalog import find_live_run

_REQUESTS: Final[dict[str, Request]] = {
    "pause": Pause(),
    "continue": Resume(),
    "save": Save(),
    "stop": Stop(reason="Stopped by a command"),
}
_SETTINGS: Final = ("lr", "epochs")


# A negative number is a value, which is refused as such, and no option.
@click.command(
    context_settings={"ignore_unknown_options": True},
    short_help="Pause, continue, save, stop or change a live run, from scripts.",
)
@required_run_argument
@click.argument("action", type=click.Choice([*_REQUESTS, *_SETTINGS]))
@click.argument("value", required=False)
@runs_dir_option
@json_option
def control(run: str, action: str, value: str | None, runs_dir: Path, as_json: bool) -> int:
    """Steer RUN (a name, a folder, or `last`), which another process trains.

    \b
    pause, continue     at the next batch
    save                write a checkpoint
    stop                save and end
    lr X, epochs N      change the learning rate, or the number of epochs

    Returns when it is done, and says what that was; a run that is still loading is waited for.
    Exit code 2: it was refused, or the run is not live.
    """
    from mnist_tui.remote.control import control as ask

    request = make_request(action, value)
    directory = find_live_run(runs_dir, run)
    about = {"run": directory.name, "request": action}
    try:
        reply = ask(directory, request)
    except MnistTuiError as error:
        if as_json:
            click.echo(to_json({**about, "done": False, "message": str(error)}))
        raise
    if as_json:
        place = {"epoch": reply.epoch, "batch": reply.batch}
        click.echo(to_json({**about, "done": True, "message": reply.message, **place}))
    else:
        click.echo(reply.message)
    return 0


def make_request(action: str, value: str | None) -> Request:
    """The request that the words ask for.

    Raises:
        UsageError: When a value is missing, too many, or wrong.
    """
    if action in _REQUESTS:
        if value is not None:
            raise UsageError(f"{action} takes no value: leave {value} out")
        return _REQUESTS[action]
    if value is None:
        raise UsageError(f"{action} needs a value: {action} NUMBER")
    rule = SETTINGS[action].rule
    changes: dict[str, Any] = {action: rule.parse(value)}
    problem = rule.problem(changes[action])
    if problem is not None:
        raise UsageError(f"{action} {problem}")
    return Adjust(**changes)
