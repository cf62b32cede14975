"""The way from what was typed to a command."""

from collections.abc import Sequence

import click


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
