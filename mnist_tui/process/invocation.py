"""How the person called the program, for the commands that they are told to type."""

import os
import shlex


def command(*words: str) -> str:
    """The command line that calls the program with `words`, as the person calls it."""
    # `uv run` puts the program on the path of this process alone.
    prefix = ("uv", "run") if "UV_RUN_RECURSION_DEPTH" in os.environ else ()
    return shlex.join([*prefix, "mnist-tui", *words])


def add_data_options(problem: str) -> str:
    """What is wrong with the data, and the options that name other data."""
    return f"{problem}; --data-dir names another folder, --dataset sample needs none"
