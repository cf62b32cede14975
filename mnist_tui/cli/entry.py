"""All the commands, and the way out of them: an exit code, and one line on errors."""

import inspect
import sys
import traceback
from collections.abc import Sequence
from typing import NoReturn

import click

from mnist_tui import __version__
from mnist_tui.cli.doctor import doctor
from mnist_tui.cli.evaluate import evaluate
from mnist_tui.cli.group import DefaultToTrain
from mnist_tui.cli.predict import predict
from mnist_tui.cli.runs import runs
from mnist_tui.cli.show import show
from mnist_tui.cli.train import resume, train
from mnist_tui.errors import ConfigError, DataError, MnistTuiError
from mnist_tui.process.crash import log_crash
from mnist_tui.process.invocation import (
    add_data_options,
    command,
    option_name,
    with_remedy,
)
from mnist_tui.process.streams import give_up, let_all_characters_pass


@click.group(cls=DefaultToTrain, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="mnist-tui %(version)s")
def commands() -> None:
    """Train MNIST in the terminal, watch it learn, and steer it.

    Without a command: `train`, the dashboard.
    """


for subcommand in (train, resume, show, runs, evaluate, predict, doctor):
    commands.add_command(subcommand)


def main(args: Sequence[str] | None = None) -> NoReturn:
    """The command's entry point: runs it and exits with its code; errors are one line."""
    let_all_characters_pass()
    try:
        code = commands.main(args, prog_name="mnist-tui", standalone_mode=False)
    except ConfigError as error:
        _complain(f"{option_name(error.field)} {error.problem}")
        sys.exit(error.exit_code)
    except DataError as error:
        _complain(add_data_options(str(error)))
        sys.exit(error.exit_code)
    except MnistTuiError as error:
        _complain(with_remedy(str(error), error.remedy))
        sys.exit(error.exit_code)
    except click.ClickException as error:
        message = error.format_message().rstrip(".")
        _complain(f"{message}; see: {command('--help')}")
        sys.exit(2)
    except BrokenPipeError:
        # Whoever read our output has gone; nothing is left to say.
        sys.stderr.close()
        sys.exit(141)
    except OSError as error:
        reason = error.strerror or str(error)
        if _is_of_output(error):
            give_up(sys.stdout)
            _complain(f"the output could not be written: {reason}; send it elsewhere")
            sys.exit(1)
        place = f" {error.filename}" if error.filename else " a file"
        _complain(f"cannot use{place}: {reason}; check the path")
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except Exception as error:  # noqa: BLE001 - a traceback helps nobody at a terminal
        _say(log_crash(error))
        sys.exit(1)
    sys.exit(code or 0)


def _is_of_output(error: OSError) -> bool:
    """Whether it was met on stdout or stderr, which have no path for it to name."""
    *_, last = traceback.extract_tb(error.__traceback__)
    return last.filename == inspect.getfile(click.echo)


def _complain(problem: str) -> None:
    _say(f"mnist-tui: {problem}")


def _say(line: str) -> None:
    """Print a line on stderr, if there still is somebody to read it."""
    try:
        click.echo(line, err=True)
    except OSError:
        give_up(sys.stderr)
