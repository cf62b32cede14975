"""How this program starts itself in another process."""

import os
import sys
from typing import Final

_USERS_PATH: Final = "MNIST_TUI_USERS_PYTHONPATH"
"""Has the user's PYTHONPATH in a process that was started with one of ours."""


def own_command(module: str, *words: str) -> list[str]:
    """The command line that runs one of this program's modules with `words`."""
    # -P: nothing of the current folder is imported.
    return [sys.executable, "-P", "-m", module, *words]


def own_environment() -> dict[str, str]:
    """The environment in which that imports what this process does, wherever that is."""
    users_path = os.environ.get(_USERS_PATH, os.environ.get("PYTHONPATH", ""))
    path = os.pathsep.join(filter(None, sys.path))
    return {**os.environ, _USERS_PATH: users_path, "PYTHONPATH": path}


def users_environment() -> dict[str, str]:
    """The environment for a command of the user's, whose Python may be another one."""
    environment = dict(os.environ)
    users_path = environment.pop(_USERS_PATH, None)
    if users_path is not None:
        environment["PYTHONPATH"] = users_path  # an empty one is none
    return environment
