"""All the commands, and the way out of them: an exit code, and one line on errors."""

import inspect
import sys
import traceback
from collections.abc import Sequence
from typing import NoReturn

import click
from click.shell_completion import CompletionItem, get_completion_class

from mnist_tui.cli.compare import compare
from mnist_tui.cli.control import control
from mnist_tui.cli.doctor import doctor
from mnist_tui.cli.evaluate import evaluate
from mnist_tui.cli.export import export
from mnist_tui.cli.predict import predict
from mnist_tui.cli.runs import remove, runs
from mnist_tui.cli.show import attach, show
from mnist_tui.cli.sweep import sweep
from mnist_tui.cli.train import resume, train
from mnist_tui.errors import ConfigError, MnistTuiError
from mnist_tui.process.crash import log_crash
from mnist_tui.process.invocation import command, option_name, with_remedy
from mnist_tui.process.streams import give_up, prepare_streams, say
from mnist_tui.version import __version__

SHELLS = ("bash", "zsh", "fish")
_OWN_OPTIONS = ("--help", "-h", "--version")
_EPILOG = """Begin with:

\b
  mnist-tui                                   the dashboard; space starts
  mnist-tui --dataset sample --start          at once, without a download
  mnist-tui train --headless --epochs 3       plain lines
  mnist-tui train --detach                    without a terminal; mnist-tui attach shows it
  mnist-tui resume                            resume the newest run
  mnist-tui train --help                      all options, with defaults

\b
Keys of the dashboard:
  space start, pause, resume   s save   x stop   [ ] learning rate   e settings
  1 to 6 panes   i what it learned   d draw   r all runs   ctrl+p commands   ? help   q quit
"""


class DefaultToTrain(click.Group):
    """A group whose first word may be left out: `mnist-tui --epochs 3` trains."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put `train` before options that are not the group's own."""
        is_first_word_to_complete = ctx.resilient_parsing and not args
        if is_first_word_to_complete:
            return super().parse_args(ctx, args)
        if not args or (args[0].startswith("-") and args[0] not in _OWN_OPTIONS):
            args = ["train", *args]
        return super().parse_args(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete the options of `train` too, as it may be left out."""
        own = super().shell_complete(ctx, incomplete)
        return [*own, *train.shell_complete(ctx, incomplete)] if incomplete[:1] == "-" else own

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the commands in the order in which they are met."""
        return list(self.commands)


@click.group(
    cls=DefaultToTrain,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 90},
    epilog=_EPILOG,
)
@click.version_option(__version__, message="mnist-tui %(version)s")
def commands() -> None:
    """Train MNIST in the terminal, watch it learn, and steer it.

    Without a command: `train`, the dashboard.
    """


@click.command(short_help="Print the script that completes commands in a shell.")
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(context: click.Context, shell: str) -> int:
    """Print the script that completes commands and options in SHELL.

    \b
    bash:  echo 'eval "$(mnist-tui completion bash)"' >> ~/.bashrc
    zsh:   echo 'eval "$(mnist-tui completion zsh)"' >> ~/.zshrc
    fish:  mnist-tui completion fish > ~/.config/fish/completions/mnist-tui.fish
    """
    made = get_completion_class(shell)
    assert made is not None
    script = made(context.find_root().command, {}, "mnist-tui", "_MNIST_TUI_COMPLETE")
    click.echo(script.source())
    return 0


for subcommand in (
    train,
    resume,
    sweep,
    attach,
    control,
    show,
    runs,
    evaluate,
    predict,
    export,
    compare,
    remove,
    doctor,
    completion,
):
    commands.add_command(subcommand)


def main(args: Sequence[str] | None = None) -> NoReturn:
    """Run the command and exit with its code; errors are one line on stderr."""
    prepare_streams()
    try:
        code = commands.main(args, prog_name="mnist-tui", standalone_mode=False)
    except ConfigError as error:
        _complain(f"{option_name(error.field)} {error.problem}")
        sys.exit(error.exit_code)
    except MnistTuiError as error:
        _complain(with_remedy(str(error), error.remedy))
        sys.exit(error.exit_code)
    except click.ClickException as error:
        _complain(f"{error.format_message().rstrip('.')}; see: {_help_for(error)}")
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
        say(log_crash(error), sys.stderr)
        sys.exit(1)
    sys.exit(code or 0)


def _help_for(error: click.ClickException) -> str:
    """The command that shows the help of the command that was used wrongly."""
    context = getattr(error, "ctx", None)
    words = context.command_path.split()[1:] if context is not None else []
    return command(*words, "--help")


def _is_of_output(error: OSError) -> bool:
    """Find out whether stdout or stderr failed, which have no path to name."""
    *_, last = traceback.extract_tb(error.__traceback__)
    return last.filename == inspect.getfile(click.echo)


def _complain(problem: str) -> None:
    say(f"mnist-tui: {problem}", sys.stderr)
