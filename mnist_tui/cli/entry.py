"""All the commands, and the way out of them: an exit code, and one line on errors."""

import sys
from collections.abc import Sequence
from typing import NoReturn

import click

from mnist_tui import __version__
from mnist_tui.cli.evaluate import evaluate
from mnist_tui.cli.group import DefaultToTrain
from mnist_tui.cli.predict import predict
from mnist_tui.cli.runs import runs
from mnist_tui.cli.show import show
from mnist_tui.cli.train import resume, train
from mnist_tui.errors import MnistTuiError
from mnist_tui.invocation import command


@click.group(cls=DefaultToTrain, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="mnist-tui %(version)s")
def commands() -> None:
    """Train MNIST in the terminal, watch it learn, and steer it.

    Without a command: `train`, the dashboard.
    """


for subcommand in (train, resume, show, runs, evaluate, predict):
    commands.add_command(subcommand)


def main(args: Sequence[str] | None = None) -> NoReturn:
    """The command's entry point: runs it and exits with its code; errors are one line."""
    try:
        code = commands.main(args, prog_name="mnist-tui", standalone_mode=False)
    except MnistTuiError as error:
        click.echo(f"mnist-tui: {error}", err=True)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        message = error.format_message().rstrip(".")
        click.echo(f"mnist-tui: {message}; see: {command('--help')}", err=True)
        sys.exit(2)
    except BrokenPipeError:
        # Whoever read our output has gone; nothing is left to say.
        sys.stderr.close()
        sys.exit(141)
    except OSError as error:
        place = f" {error.filename}" if error.filename else ""
        reason = error.strerror or str(error)
        click.echo(f"mnist-tui: cannot use{place}: {reason}; check the path", err=True)
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    sys.exit(code or 0)
