"""Command lines for the user to type."""

import os
import shlex
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from mnist_tui.errors import Remedy
from mnist_tui.rules import absolute
from mnist_tui.run.events import RunEnded


def command(*words: str) -> str:
    """The command line that calls the program with `words`, as it was called this time."""
    # `uv run` puts the program on the path of this process alone.
    prefix = ("uv", "run") if "UV_RUN_RECURSION_DEPTH" in os.environ else ()
    return shlex.join([*prefix, "mnist-tui", *words])


def option_name(setting: str) -> str:
    """The name of the option for a setting: `--checkpoint-every`."""
    return "--" + setting.removesuffix("_s").replace("_", "-")


def with_remedy(text: str, remedy: Remedy | None) -> str:
    """Add to `text` the options or the command that follow from `remedy`."""
    if remedy is None:
        return text
    if not remedy.command:
        options = [shlex.join(options_of({name: v})) for name, v in remedy.settings.items()]
        return f"{text} ({' or '.join(options)})"
    return f"{text}: {command_of(remedy)}"


def command_of(remedy: Remedy) -> str:
    """The command line of a remedy that is a command."""
    # A run outside ./runs is found by its path.
    path = Path(remedy.run)
    run = path.name if _is_default(path.parent) else remedy.run
    return command(remedy.command, *([run] if run else []), *options_of(remedy.settings))


def _is_default(folder: Path) -> bool:
    """Whether commands look there for runs without being told."""
    return absolute(folder) == absolute(Path("runs"))


def spell_out(ended: RunEnded) -> RunEnded:
    """Put the remedy of a run's end into its words, as `with_remedy` does."""
    if ended.hint:
        return replace(ended, hint=with_remedy(ended.hint, ended.remedy), remedy=None)
    return replace(ended, message=with_remedy(ended.message, ended.remedy), remedy=None)


def options_of(settings: Mapping[str, Any]) -> list[str]:
    """The words of a command line that give it these options; None is the value of a flag."""
    words: list[str] = []
    for name, value in settings.items():
        text = f"{value:g}" if isinstance(value, float) else str(value)
        words += [option_name(name)] if value is None else [option_name(name), text]
    return words
