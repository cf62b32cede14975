"""`completion`: what makes a shell complete our commands."""

import click
from click.shell_completion import get_completion_class

SHELLS = ("bash", "zsh", "fish")


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
